"""What `medmodel release` says of an override or a baseline before anything is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medmodel.recipe import load_recipe


def call(tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "medmodel.cli", "release", "demo", *more]
    environment = {"MEDMODEL_STORE": str(tmp_path / "store"), "MEDMODEL_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    "given",
    [("--override", "choice"), ("--override", "choice", "--by", "Dr Example"), ("--reason", "r", "--by", "b"), ("--by", "b")],
)
def test_an_override_without_gate_reason_or_name_is_refused(given: tuple[str, ...], tmp_path: Path) -> None:
    done = call(tmp_path, *given)
    assert done.returncode == 2
    assert "an override names its gate, a reason and who decided" in done.stderr
    assert not (tmp_path / "store").exists()


def test_an_override_in_a_recipe_without_a_reason_is_refused(tmp_path: Path) -> None:
    done = call(tmp_path, "--set", 'release.overrides=[{gate: choice, reason: "", by: b}]')
    assert done.returncode == 2
    assert "'reason' is empty" in done.stderr


def test_a_baseline_release_that_is_missing_is_named_before_anything_is_trained(tmp_path: Path) -> None:
    done = call(tmp_path, "--baseline", str(tmp_path / "gone"))
    assert done.returncode == 2
    assert f"the baseline release {tmp_path / 'gone'} is missing" in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_baseline_release_is_part_of_what_a_gate_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "R").mkdir()
    (tmp_path / "R" / "manifest.json").write_text("{}")
    stage = load_recipe("demo", [f"gate.baseline={tmp_path / 'R'}"]).stages["gate"]
    assert set(stage.outside()) == {"baseline release"}
    assert load_recipe("demo").stages["gate"].outside() == {}
