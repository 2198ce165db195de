"""How a phase of the flow runs: datatrove over shards, with document text kept out of logs and errors.

A phase reads `NNNNN.jsonl` shards and writes one output a shard, through a temporary name and a rename. A shard is one
datatrove task: after a crash the tasks whose mark is there are not run again, and the rest give the same bytes. How many
run at once, and where, is the recipe's `executor`: processes of this machine, a Slurm array job, or Ray.

datatrove's task logger prints the variables of every frame of a traceback, and a library's error may quote its input.
So the logger is made anew without either, and an error in a step becomes one sentence: the step, the document's id, where.
Not run on a real cluster: Slurm is tested with stand-ins for `sbatch` and `srun` that run the job script here; Ray is not
in the lock.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import multiprocess
import orjson
from datatrove.data import Document as Carrier
from datatrove.executor import LocalPipelineExecutor, base
from datatrove.pipeline.base import PipelineStep

from medmodel.errors import MedmodelError
from medmodel.stages.documents import Executor

WARNING = 30  # loguru's level
POLL = 0.5  # seconds between looks at how many shards are done


def run_phase(
    pipeline: Sequence[Any],
    tasks: int,
    folder: Path,
    launch: Executor | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Run a datatrove pipeline over `tasks` shards; `folder` keeps its logs and the marks of the tasks that are done.

    The first element makes the documents of a shard (`ReadShard`), the last writes them. Raises MedmodelError, with no text
    of a document, when a step fails.
    """
    if tasks == 0:
        return
    guarded = [_Guarded(step) for step in pipeline]
    executor = _executor(guarded, tasks, folder, launch or Executor())
    with _watched(folder / "completions", on_progress):
        executor.run()
        _wait(executor, tasks, folder)


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9].jsonl"))


def read_carriers(path: Path) -> Iterator[Carrier]:
    with open(path, "rb") as lines:
        for line in lines:
            yield Carrier(**orjson.loads(line))


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """A binary file that appears under its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as out:
            yield out
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class ReadShard(PipelineStep):
    """Gives a task the documents of its shard."""

    name = "read"
    type = "medmodel"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        yield from read_carriers(self.folder / f"{rank:05d}.jsonl")


class WriteShard(PipelineStep):
    """Writes what became of a shard."""

    name = "write"
    type = "medmodel"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        with whole_file(self.folder / f"{rank:05d}.jsonl") as out:
            for carrier in data:
                out.write(carrier_line(carrier))
        yield from ()


def carrier_line(carrier: Carrier) -> bytes:
    return orjson.dumps({"text": carrier.text, "id": carrier.id, "metadata": carrier.metadata}) + b"\n"


def _executor(pipeline: Sequence[Any], tasks: int, folder: Path, launch: Executor) -> Any:
    common = {"tasks": tasks, "workers": min(launch.workers, tasks), "logging_dir": str(folder), **launch.options}
    if launch.kind == "local":
        if common["workers"] > 1:  # each worker is forked from a server that has imported this once
            multiprocess.get_context("forkserver").set_forkserver_preload(["data_build.flow"])
        return LocalPipelineExecutor(pipeline=list(pipeline), **common)
    if launch.kind == "slurm":
        from datatrove.executor import SlurmPipelineExecutor

        if missing := {"time", "partition"} - set(launch.options):
            raise MedmodelError(f"executor.options: Slurm needs {' and '.join(sorted(missing))}")
        return SlurmPipelineExecutor(pipeline=list(pipeline), **common)
    if importlib.util.find_spec("ray") is None:
        raise MedmodelError("executor.kind: ray is not installed: pip install 'ray[default]', or choose local or slurm")
    from datatrove.executor import ray

    ray.add_task_logger = _quiet_logger
    return ray.RayPipelineExecutor(pipeline=list(pipeline), **common)


def _wait(executor: Any, tasks: int, folder: Path) -> None:
    """Slurm's `run` returns when the job is submitted; the others when it is done. Raises when the job ended with tasks undone."""
    while (left := tasks - _done(folder / "completions")) > 0:
        job = getattr(executor, "job_id", None)
        if not job or not _in_queue(str(job)):
            if tasks == _done(folder / "completions"):
                return
            raise MedmodelError(f"{left} of {tasks} shards failed; what the tasks said is in {folder / 'logs'}")
        time.sleep(POLL * 20)


def _in_queue(job: str) -> bool:
    import subprocess

    return bool(subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True, check=False).stdout.strip())


def _done(completions: Path) -> int:
    return sum(1 for _ in completions.glob("*")) if completions.exists() else 0


@contextmanager
def _watched(completions: Path, on_progress: Callable[[int], None]) -> Iterator[None]:
    """Report how many shards are done, while they are being done."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(POLL):
            on_progress(_done(completions))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def _quiet_logger(logging_dir: Any, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
    """Takes the place of datatrove's `add_task_logger`: warnings alone, and no values of variables."""
    from loguru import logger

    logger.remove()
    logfile = logging_dir.open(f"logs/task_{rank:05d}.log", "w")

    def write(message: Any) -> None:  # one sink for both: making one takes loguru 20 ms, and there are two a shard
        logfile.write(message)
        if message.record["level"].no >= WARNING:
            sys.stderr.write(message)

    # without {exception}: a step's error is a sentence that says where, and a traceback of thirty lines would bury it
    logger.add(write, level="INFO", format=lambda record: "{time} | {level: <8} | {name}:{line} - {message}\n")
    return logfile


base.add_task_logger = _quiet_logger  # wherever a pipeline of ours is unpickled, this module is imported first


class _Guarded(PipelineStep):
    """Runs a step; an error there names the step and the document, and quotes nothing."""

    type = "medmodel"

    def __init__(self, step: Any) -> None:
        self.name = step.name  # before datatrove's __init__, which names its counts by it
        super().__init__()
        self.step = step

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        latest = ""

        def watched(documents: Iterable[Carrier]) -> Iterator[Carrier]:
            nonlocal latest
            for document in documents:
                latest = document.id
                yield document

        try:
            if data is None:  # the first step takes none: what it gave last is what is known
                yield from watched(self.step.run(None, rank, world_size) or ())
            else:
                yield from self.step.run(watched(data), rank, world_size) or ()  # datatrove's own last steps give None
        except MedmodelError:
            raise  # names ids by rule
        except OSError as error:
            if error.errno is None:
                raise self._failed(latest, error) from None
            raise  # names a path, and a full disk is told by it
        except Exception as error:
            raise self._failed(latest, error) from None

    def _failed(self, latest: str, error: Exception) -> MedmodelError:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"at or after '{latest}'" if latest else "before any document"
        return MedmodelError(f"step '{self.name}' failed {where}: {type(error).__name__} in {at.filename}:{at.lineno}")
