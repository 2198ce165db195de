"""A stage's own process: one writer at a time, damaged inputs refused, and nothing published when it fails."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from medmodel.artifacts import Artifact, Input, open_artifact, publish
from medmodel.job import PROGRESS, Job, JobFile

ROOT = Path(__file__).parents[1]

# A stage small enough to read: it copies its input's one file and reports progress. It stands in a folder of its own on
# PYTHONPATH, as a stage of somebody else's package would.
STAGE = """
def run(job):
    job.clear()
    text = (job.inputs["base"].path / "note.txt").read_text()
    for _ in job.track(range(3), 3, "steps"):
        pass
    if "fail" in text:
        raise OSError(28, "No space left on device", "note.txt")
    (job.out / "note.txt").write_text(text + f" seed {job.seed}")
    return {"characters": len(text)}
"""


def source(store: Path, text: str) -> Artifact:
    partial = store / "base.partial"
    partial.mkdir(parents=True)
    (partial / "note.txt").write_text(text)
    return publish(
        partial,
        store / "base",
        stage="base",
        uses="base",
        key="k",
        config={},
        inputs={},
        code="",
        packages={},
        counts={},
        seconds=0,
    )


def prepare(folder: Path, text: str = "a synthetic note") -> JobFile:
    """A job file in its partial folder, ready to be run."""
    (folder / "tiny_stage.py").write_text(STAGE)
    base = source(folder / "store", text)
    job = JobFile(
        stage="pack",
        uses="pack",
        module="tiny_stage",
        config={"uses": "pack"},
        inputs={"base": Input(stage="base", path="base", key="k", digest=base.digest)},
        store=folder / "store",
        final=folder / "store" / "pack",
        key="key",
        code="code",
        packages={},
        seed=11,
    )
    partial = job.final.with_suffix(".partial")
    partial.mkdir()
    (partial / "job.json").write_text(job.model_dump_json())
    (partial / "left over from a crash.txt").write_text("half")
    return job


def run(job: JobFile) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(job.store.parent)])}
    command = [sys.executable, "-m", "medmodel.job", str(job.final.with_suffix(".partial")), str(os.getpid())]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_a_stage_publishes_what_it_made_with_its_counts_seed_and_inputs(tmp_path: Path) -> None:
    job = prepare(tmp_path)
    assert run(job).returncode == 0
    made = open_artifact(job.final)
    made.verify()
    assert (made.path / "note.txt").read_text() == "a synthetic note seed 11"
    assert made.manifest.counts == {"characters": 16}
    assert made.manifest.inputs["base"].digest == job.inputs["base"].digest
    assert not job.final.with_suffix(".partial").exists()
    assert [entry.path for entry in made.manifest.files] == ["note.txt"]


def test_progress_is_one_line_a_report_that_ends_with_the_whole(tmp_path: Path) -> None:
    lines = run(prepare(tmp_path)).stdout.splitlines()
    reports = [json.loads(line.removeprefix(PROGRESS)) for line in lines if line.startswith(PROGRESS)]
    assert reports[-1] == {"done": 3, "total": 3, "unit": "steps"}


def test_a_full_disk_is_one_sentence_with_an_exit_code_and_publishes_nothing(tmp_path: Path) -> None:
    job = prepare(tmp_path, text="fail")
    ended = run(job)
    assert ended.returncode == 3
    assert ended.stderr.strip() == "the disk is full (note.txt): free some space and run again; what is done is kept"
    assert not job.final.exists()
    assert job.final.with_suffix(".partial").exists()


def test_a_damaged_input_is_refused_and_named_before_the_stage_runs(tmp_path: Path) -> None:
    job = prepare(tmp_path)
    (job.store / "base" / "note.txt").write_text("another text of its")
    ended = run(job)
    assert ended.returncode == 3
    assert "artifact base: note.txt is not what was published" in ended.stderr
    assert PROGRESS not in ended.stdout


def test_a_second_run_of_the_same_stage_is_told_that_another_is_at_work(tmp_path: Path) -> None:
    job = prepare(tmp_path)
    with open(job.final.with_suffix(".lock"), "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        ended = run(job)
    assert ended.returncode == 1
    assert "another run is making pack" in ended.stderr
    assert run(job).returncode == 0


def test_clearing_keeps_the_log_and_the_job_and_removes_half_done_work(tmp_path: Path) -> None:
    for name in ("job.json", "log.txt", "half.bin"):
        (tmp_path / name).write_text("x")
    (tmp_path / "half").mkdir()
    Job(None, {}, tmp_path).clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.json", "log.txt"]


@pytest.mark.parametrize("items", [[], [1], [1, 2, 3]])
def test_tracking_yields_every_item_once(tmp_path: Path, items: Iterable[int]) -> None:
    assert list(Job(None, {}, tmp_path).track(items, 3, "items")) == items
