"""How a phase of the flow runs: datatrove on ranks, with document text kept out of logs and errors.

datatrove's task logger prints the variables of every frame of a traceback, and a library's error may quote its input.
So the logger is made anew without either, and an error in a step becomes one sentence: the step, the document's id, where.
Ranks are processes of this machine; datatrove's Slurm and Ray executors take the same pipelines and are not wired here.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from datatrove.data import Document as Carrier
from datatrove.executor import LocalPipelineExecutor, base
from datatrove.pipeline.base import PipelineStep

from medmodel.errors import MedmodelError


def run_phase(steps: Sequence[Any], carried: Sequence[Carrier], tasks: int, folder: Path) -> list[Carrier]:
    """Run steps over the documents on `tasks` ranks; returns all documents, in an order that ranks do not change."""
    _Executor(
        pipeline=[_Shard(carried), *(_Guarded(step) for step in steps), _Keep(folder / "out")],
        tasks=tasks,
        workers=tasks,
        logging_dir=str(folder / "logs"),
        skip_completed=False,
    ).run()
    lines = [
        line
        for path in sorted((folder / "out").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    return sorted((Carrier(**json.loads(line)) for line in lines), key=lambda carrier: carrier.id)


class _Executor(LocalPipelineExecutor):  # type: ignore[misc]
    """datatrove's, with our logger: set where a rank runs, which is another process when there are several."""

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
        base.add_task_logger = _quiet_logger
        return super()._run_for_rank(rank, local_rank, node_rank)


def _quiet_logger(logging_dir: Any, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
    """Takes the place of datatrove's `add_task_logger`: warnings alone, and no values of variables."""
    from loguru import logger

    logger.remove()
    logfile = logging_dir.open(f"logs/task_{rank:05d}.log", "w")
    logger.add(sys.stderr, level="WARNING", diagnose=False, backtrace=False)
    logger.add(logfile, level="INFO", diagnose=False, backtrace=False)
    return logfile


class _Shard(PipelineStep):  # type: ignore[misc]
    """Gives each rank its share of the documents, by position."""

    name = "shard"
    type = "medmodel"

    def __init__(self, carried: Sequence[Carrier]) -> None:
        super().__init__()
        self.carried = carried

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        yield from self.carried[rank::world_size]


class _Guarded(PipelineStep):  # type: ignore[misc]
    """Runs a step; an error there names the step and the document, and quotes nothing."""

    type = "medmodel"

    def __init__(self, step: Any) -> None:
        self.name = step.name  # before datatrove's __init__, which names its counts by it
        super().__init__()
        self.step = step

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        latest = ""

        def watched() -> Iterator[Carrier]:
            nonlocal latest
            for document in data:
                latest = document.id
                yield document

        try:
            yield from self.step.run(watched(), rank, world_size)
        except MedmodelError:
            raise  # names ids by rule
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            message = f"step '{self.name}' failed at or after '{latest}': {type(error).__name__} in {at.filename}:{at.lineno}"
            raise MedmodelError(message) from None


class _Keep(PipelineStep):  # type: ignore[misc]
    """Writes what a rank made: ranks are processes, and files are what they share."""

    name = "keep"
    type = "medmodel"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / f"{rank:05d}.jsonl", "w", encoding="utf-8") as out:
            for document in data:
                line = {"text": document.text, "id": document.id, "metadata": document.metadata}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        yield from ()
