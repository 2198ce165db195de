"""A phase is tasks of Ray: same bytes, a killed worker's shard is begun again, and an error is the sentence it is elsewhere."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sharded import Killed, three_shards, written

from data_build.executor import WriteShard, run_phase
from medmodel.errors import MedmodelError
from medmodel.stages.documents import Executor

HAS_RAY = importlib.util.find_spec("ray") is not None
RAY = Executor(kind="ray", workers=2, options={"mem_per_cpu_gb": 0.5})


@pytest.fixture
def pipeline(tmp_path: Path) -> list[Any]:
    return three_shards(tmp_path)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not HAS_RAY:
        pytest.skip("no Ray")
    here = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here / "tests")]))
    yield
    import ray

    ray.shutdown()


@pytest.mark.skipif(HAS_RAY, reason="no Ray")  # which is what it needs
def test_ray_that_is_not_installed_says_so(pipeline: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MedmodelError, match="ray is not installed"):
        run_phase(pipeline, 3, tmp_path / "logs", RAY)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")
def test_ray_gives_the_same_bytes_whatever_is_killed_or_fails_on_the_way(
    ray: None, pipeline: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "once").touch()
    pipeline.insert(1, Killed(once=tmp_path / "once"))
    (tmp_path / "switch").touch()
    with pytest.raises(MedmodelError, match=r"^step 'numbered' failed at or after 'stop': ValueError in"):
        run_phase(pipeline, 3, tmp_path / "logs", RAY)
    (tmp_path / "switch").unlink()
    run_phase(pipeline, 3, tmp_path / "logs", RAY)
    assert not (tmp_path / "once").exists()
    run_phase([*pipeline[:-1], WriteShard(tmp_path / "here" / "out")], 3, tmp_path / "other-logs")
    assert written(tmp_path) == written(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")
def test_a_shard_whose_worker_is_killed_each_time_ends_the_phase_and_says_what_may_be_the_cause(
    ray: None, pipeline: list[Any], tmp_path: Path
) -> None:
    with pytest.raises(MedmodelError, match="killed 4 times, as systems do that are out of memory"):
        run_phase([pipeline[0], Killed(), pipeline[2]], 3, tmp_path / "logs", RAY)
