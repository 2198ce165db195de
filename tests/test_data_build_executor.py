"""A phase runs on this machine or as a Slurm job, is taken up again where it stopped, and gives the same bytes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datatrove.pipeline.base import PipelineStep

from data_build.executor import ReadShard, WriteShard, carrier_line, read_carriers, run_phase, shards, whole_file
from data_build.steps.tagging import carry, tag
from medmodel.errors import MedmodelError
from medmodel.records import Document, Source
from medmodel.stages.documents import Executor

SOURCE = Source(id="s", title="s", licence="CC0-1.0", tier="none")


class Numbered(PipelineStep):  # type: ignore[misc]
    """Tags each document with the shard it came in, and stops at a document called `stop` while `switch` is there."""

    name = "numbered"
    type = "test"

    def __init__(self, switch: Path) -> None:
        super().__init__()
        self.switch = switch

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for carrier in data:
            if carrier.id == "stop" and self.switch.exists():
                raise ValueError("told to stop")
            tag(carrier, "shard", rank)
            yield carrier


@pytest.fixture
def pipeline(tmp_path: Path) -> list[Any]:
    """Three shards; the second has the document that can stop it."""
    for number, names in enumerate((("a", "b"), ("c", "stop"), ("d",))):
        with whole_file(tmp_path / "in" / f"{number:05d}.jsonl") as out:
            for name in names:
                out.write(carrier_line(carry(Document(id=name, text=f"text of {name}", source=SOURCE, domain="general"))))
    return [ReadShard(tmp_path / "in"), Numbered(tmp_path / "switch"), WriteShard(tmp_path / "out")]


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shards(folder / "out")}


def test_each_shard_is_one_output_in_its_own_order(pipeline: list[Any], tmp_path: Path) -> None:
    run_phase(pipeline, 3, tmp_path / "logs")
    found = [
        (carrier.id, carrier.metadata["tags"]["shard"]) for path in shards(tmp_path / "out") for carrier in read_carriers(path)
    ]
    assert found == [("a", 0), ("b", 0), ("c", 1), ("stop", 1), ("d", 2)]


def test_what_was_stopped_is_taken_up_and_nothing_done_is_done_again(pipeline: list[Any], tmp_path: Path) -> None:
    (tmp_path / "switch").touch()
    with pytest.raises(MedmodelError, match="step 'numbered' failed at or after 'stop'"):
        run_phase(pipeline, 3, tmp_path / "logs")
    first = written(tmp_path)
    assert sorted(first) == ["00000.jsonl"]  # the half-written second is not there
    stamp = (tmp_path / "out" / "00000.jsonl").stat().st_mtime_ns
    (tmp_path / "switch").unlink()
    run_phase(pipeline, 3, tmp_path / "logs")
    assert (tmp_path / "out" / "00000.jsonl").stat().st_mtime_ns == stamp
    whole = written(tmp_path)
    run_phase([*pipeline[:2], WriteShard(tmp_path / "again" / "out")], 3, tmp_path / "other-logs")
    assert whole == written(tmp_path / "again")


class Killed(PipelineStep):  # type: ignore[misc]
    """What a system out of memory does to a worker."""

    name = "killed"
    type = "test"

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield from ()


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_phase_and_says_what_may_be_the_cause(pipeline: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MedmodelError, match="killed, as systems do that are out of memory"):
        run_phase([pipeline[0], Killed(), pipeline[2]], 3, tmp_path / "logs", Executor(workers=2))


class Slow(PipelineStep):  # type: ignore[misc]
    """A shard that takes a minute; `started` appears when it begins."""

    name = "slow"
    type = "test"

    def __init__(self, started: Path) -> None:
        super().__init__()
        self.started = started

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        self.started.touch()
        time.sleep(60)
        yield from data


@pytest.mark.slow
def test_a_phase_that_is_told_to_stop_does_not_wait_for_its_shards(pipeline: list[Any], tmp_path: Path) -> None:
    def stop() -> None:
        while not (tmp_path / "started").exists():
            time.sleep(0.05)
        raise SystemExit(143)  # as the handler of SIGTERM does

    with pytest.raises(SystemExit):
        run_phase(
            [pipeline[0], Slow(tmp_path / "started"), pipeline[2]],
            3,
            tmp_path / "logs",
            Executor(workers=2),
            meanwhile=stop,
        )
    assert not multiprocessing.active_children()
    assert not written(tmp_path)  # which there would be, had it waited


@pytest.mark.slow
def test_what_the_next_phase_needs_is_loaded_while_other_processes_work(pipeline: list[Any], tmp_path: Path) -> None:
    loaded: list[int] = []
    run_phase(pipeline, 3, tmp_path / "logs", Executor(workers=2), meanwhile=lambda: loaded.append(os.getpid()))
    assert loaded == [os.getpid()]
    assert sorted(written(tmp_path)) == ["00000.jsonl", "00001.jsonl", "00002.jsonl"]


def test_progress_is_told_after_each_shard(pipeline: list[Any], tmp_path: Path) -> None:
    told: list[int] = []
    run_phase(pipeline, 3, tmp_path / "logs", on_progress=told.append)
    assert told == [1, 2, 3]


@pytest.mark.slow
def test_a_slurm_job_gives_the_same_bytes_and_a_failed_task_is_an_error(
    pipeline: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-ins for Slurm's commands run the job script here, one array task after the other."""
    commands = tmp_path / "bin"
    commands.mkdir()
    array = "for script; do :; done; last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' $script)"
    for name, body in {
        "sbatch": f"{array}\nfor i in $(seq 0 $last); do SLURM_ARRAY_TASK_ID=$i SLURM_NODELIST=n bash $script >&2 || :; done\necho job 7",
        "srun": 'shift 3; exec "$@"',
        "scontrol": "echo n",
        "squeue": ":",
    }.items():
        (commands / name).write_text(f"#!/bin/bash\n{body}\n")
        (commands / name).chmod(0o755)
    here = Path(__file__).parents[1]
    monkeypatch.setenv("PATH", os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here / "tests")]))
    options = {"time": "00:10:00", "partition": "cpu", "slurm_logs_folder": str(tmp_path / "slurm")}
    (tmp_path / "switch").touch()
    with pytest.raises(MedmodelError, match="1 of 3 shards failed"):
        run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="slurm", workers=2, options=options))
    (tmp_path / "switch").unlink()
    run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="slurm", workers=2, options=options))
    run_phase([*pipeline[:2], WriteShard(tmp_path / "here" / "out")], 3, tmp_path / "other-logs")
    assert written(tmp_path) == written(tmp_path / "here")


def test_slurm_without_a_time_limit_or_partition_says_what_is_missing(pipeline: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MedmodelError, match="Slurm needs partition"):
        run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="slurm", options={"time": "1:00"}))


def test_ray_that_is_not_installed_says_so(pipeline: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MedmodelError, match="ray is not installed"):
        run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="ray"))
