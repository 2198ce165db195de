"""Every benchmark and suite scores every fake at what it is worth; one without a specimen fails here by name."""

from pathlib import Path

import pytest

from evals import honesty
from medmodel import registry

EXAMINED = [(kind, name) for kind in ("benchmark", "suite") for name in registry.names(kind)]


@pytest.mark.parametrize(("kind", "name"), EXAMINED)
def test_every_fake_scores_what_it_is_worth(kind: str, name: str, tmp_path: Path) -> None:
    plugin = registry.get(kind, name)
    findings = honesty.examine(plugin, tmp_path)
    assert {found.fake for found in findings} == set(honesty.FAKES)
    assert honesty.table({name: findings}) == []
    oracle = {found.metric for found in findings if found.fake == "oracle"}
    assert oracle, "the oracle must be worth something"
    assert oracle <= {*plugin.metrics}
