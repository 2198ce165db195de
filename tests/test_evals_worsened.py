"""A deliberately worsened model is refused: the real base merged with noise, read by real vLLM, decided by a shipped gate."""

import shutil
from pathlib import Path

import pytest

from evals.profiles import load_profile
from evals.run import errors, measure
from evals.subjects import running_model
from evals.suite import Material, Part, Scored
from evals.suites.bits_per_byte import BitsPerByte
from evals.verdicts import conclude
from medmodel import registry
from medmodel.errors import GateFailed
from medmodel.job import Job
from medmodel.records import GateReport
from medmodel.release import check_report
from medmodel.train import base

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
NOISE = 0.15  # of every matrix, in its own standard deviation: it still writes words


def merged_with_noise(model: Path, folder: Path) -> Path:
    """A linear merge of the model with random weights of the same spread, as a careless merge would be."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    draw = torch.Generator().manual_seed(17)
    weights = load_file(model / "model.safetensors")
    for name, weight in weights.items():
        if weight.ndim == 2:
            weights[name] = (1 - NOISE) * weight + NOISE * weight.std() * torch.randn(weight.shape, generator=draw)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def read_by(model: Path) -> list[Scored]:
    """The everyday prose that is kept out of every mix."""
    with running_model(model) as subject:
        return measure(BitsPerByte(Material()), subject)


def test_a_model_merged_with_noise_is_refused_and_the_model_itself_is_not(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    base.run(Job(registry.get("stage", "base")(uses="base"), {}, tmp_path / "base"))
    before = read_by(tmp_path / "base" / "model")
    after = read_by(merged_with_noise(tmp_path / "base" / "model", tmp_path / "worse"))
    [gate] = [gate for gate in load_profile("demo").gates if gate.name == "general_bits_per_byte"]

    def decided(candidate: list[Scored]) -> GateReport:
        rows = {Part("candidate", gate.suite): candidate, Part("base", gate.suite): before}
        failed = errors([*before, *candidate])
        return GateReport(
            profile="demo",
            candidate="c",
            index="i",
            baseline="b",
            engine="vllm",
            results=conclude([gate], rows),
            errors=failed,
        )

    refused = decided(after)
    assert [result.verdict for result in refused.results] == ["fail"]
    with pytest.raises(GateFailed, match=r"FAIL\s+general_bits_per_byte"):
        check_report(refused, candidate="c", index="i")
    check_report(decided(before), candidate="c", index="i")
