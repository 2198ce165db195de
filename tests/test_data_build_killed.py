"""Kill -9 in the middle of the flow: the next run goes on with the shards that are missing, and ends in the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
SOURCES = 6
RECIPE = """
schema_version: 1
name: killed
seed: 3
stages:
  documents:
    uses: documents
    paragraph_copies: 3
    executor: {{workers: {workers}}}
    sources: [{sources}]
"""
# a file of the partial folder whose appearance says that the phase is at work
PHASES = ("work/tag-logs/completions/*", "work/findings/00000.json")


def write(folder: Path, workers: int) -> Path:
    for source in range(SOURCES):
        lines = []
        for number in range(120):
            words = " ".join(f"w{source}x{number}x{at}" for at in range(200))
            lines.append({"id": f"n{number}", "text": f"A synthetic text. {words}"})
        lines.append({"id": "copy", "text": "the same in every source " * 10})
        (folder / f"part{source}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sources = ", ".join(
        f"{{format: jsonl, path: {folder}/part{source}.jsonl, licence: CC0-1.0, tier: textbook, domain: case}}"
        for source in range(SOURCES)
    )
    recipe = folder / f"killed{workers}.yaml"
    recipe.write_text(RECIPE.format(workers=workers, sources=sources))
    return recipe


def start(recipe: Path, store: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MEDMODEL_STORE": str(store), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "medmodel.cli", "run", str(recipe)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when(process: subprocess.Popen[bytes], store: Path, pattern: str) -> bool:
    """SIGKILL to the stage and all its workers as soon as the file is there; False when the run ended before."""
    while process.poll() is None:
        if any(store.glob(f"documents-*.partial/{pattern}")):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.wait()
            return process.returncode == 4  # the stage failed, and the command said so
        time.sleep(0.01)
    return False


def bytes_of(store: Path) -> dict[str, bytes]:
    [made] = store.glob("documents-*/manifest.json")
    files = [path for part in ("documents", "drops") for path in made.parent.glob(f"{part}/*")]
    return {path.relative_to(made.parent).as_posix(): path.read_bytes() for path in [*files, made.parent / "report.json"]}


@pytest.mark.slow
def test_a_flow_that_is_killed_twice_ends_in_the_bytes_of_one_that_is_not(tmp_path: Path) -> None:
    recipe = write(tmp_path, workers=2)
    assert start(recipe, tmp_path / "whole").wait() == 0
    killed = [kill_when(start(recipe, tmp_path / "store"), tmp_path / "store", phase) for phase in PHASES]
    assert killed == [True, True]
    assert not list((tmp_path / "store").glob("documents-*/manifest.json"))
    assert start(recipe, tmp_path / "store").wait() == 0
    assert bytes_of(tmp_path / "store") == bytes_of(tmp_path / "whole")


@pytest.mark.slow
def test_when_the_run_and_its_stage_are_killed_no_worker_stays_behind(tmp_path: Path) -> None:
    running = start(write(tmp_path, workers=2), tmp_path / "store")
    workers: list[psutil.Process] = []
    while running.poll() is None and not workers:
        for stage in psutil.Process(running.pid).children():
            workers = stage.children(recursive=True)
            if workers:
                running.kill()
                stage.kill()
    assert workers, "the stage ended before a worker was seen"
    running.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    [log] = (tmp_path / "store").glob("documents-*.partial/log.txt")
    assert "Warning" not in log.read_text()
