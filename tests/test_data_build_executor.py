"""A phase runs on this machine, is taken up again where it stopped, and gives the same bytes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datatrove.pipeline.base import PipelineStep
from sharded import Killed, three_shards, written

from data_build.executor import WriteShard, read_carriers, run_phase, shards
from medmodel.errors import MedmodelError
from medmodel.stages.documents import Executor


@pytest.fixture
def pipeline(tmp_path: Path) -> list[Any]:
    return three_shards(tmp_path)


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
