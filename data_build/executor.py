"""How a phase of the flow runs: datatrove over shards, with document text kept out of logs and errors.

A phase reads `NNNNN.jsonl` shards and writes one output a shard, through a temporary name and a rename. A shard is one
datatrove task: after a crash the tasks whose mark is there are not run again, and the rest give the same bytes. How many
run at once, and where, is the recipe's `executor`: processes of this machine, a Slurm array job (`on_slurm.py`), or Ray
(`on_ray.py`).

Processes of this machine are forked at the start of a phase: they have what the parent has loaded (modules, compiled code,
lists of tests, models) at once and in the same memory. A fork of a process with running threads may wait forever for one that
it has not, so where some have been started since this module was imported a server that has none forks instead, in 2 s.

datatrove's task logger prints the variables of every frame of a traceback, and a library's error may quote its input.
So the logger is made anew without either, and an error in a step becomes one sentence: the step, the document's id, where.
"""

from __future__ import annotations

import inspect
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
from datatrove.data import Document as Carrier
from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor, base
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.stats import PipelineStats

from medmodel.errors import MedmodelError, UnknownName
from medmodel.job import end_with
from medmodel.stages.documents import Executor

OUR_OPTIONS = {
    "pipeline",
    "tasks",
    "workers",
    "logging_dir",
    "folder",
    "on_done",
    "depends",
    "depends_job_id",
    "skip_completed",
}
WARNING = 30  # loguru's level
IDLE = {"MainThread", "fsspecIO"}  # the second is started with datatrove's folders, and has nothing to do on a local disk


def run_phase(
    pipeline: Sequence[Any],
    tasks: int,
    folder: Path,
    launch: Executor | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Run a datatrove pipeline over `tasks` shards; `folder` keeps its logs and the marks of the tasks that are done.

    While other processes of this machine work this one does `meanwhile`: loading what the next phase is forked with.
    The first element makes the documents of a shard (`ReadShard`), the last writes them. Raises MedmodelError, with no text
    of a document, when a step fails.
    """
    if tasks == 0:
        return
    guarded = [_Guarded(step) for step in pipeline]
    executor = _executor(
        guarded, tasks, folder, launch or Executor(), lambda: on_progress(_done(folder / "completions")), meanwhile
    )
    executor.run()
    if left := executor.get_incomplete_ranks():
        raise MedmodelError(f"{len(left)} of {tasks} shards failed: {_said(folder, left[0])}; what is done is kept, run again")


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


def _executor(
    pipeline: Sequence[Any],
    tasks: int,
    folder: Path,
    launch: Executor,
    on_done: Callable[[], None],
    meanwhile: Callable[[], object],
) -> Any:
    common = {"pipeline": list(pipeline), "tasks": tasks, "workers": min(launch.workers, tasks), **launch.options}
    if launch.kind == "local":
        _check_options(launch.options, LocalPipelineExecutor)
        return _Processes(on_done, meanwhile, logging_dir=str(folder), **common)
    if launch.kind == "slurm":
        from data_build.on_slurm import SlurmJob, check_slurm

        check_slurm()
        _check_options(launch.options, SlurmPipelineExecutor)
        return SlurmJob(folder=folder, on_done=on_done, **common)
    from data_build.on_ray import RayTasks, check_ray

    check_ray()
    _check_options(launch.options, RayTasks)
    return RayTasks(folder=folder, on_done=on_done, **common)


def _check_options(options: dict[str, Any], executor: type) -> None:
    known = set(inspect.signature(executor).parameters) - OUR_OPTIONS
    for name in options:
        if name not in known:
            raise UnknownName("option", name, known, "executor.options")


class _Processes(LocalPipelineExecutor):  # type: ignore[misc]
    """datatrove's local executor with a pool that notices when a worker is killed, and whose workers end with their parent.

    In datatrove's own the phase would wait forever for the first, and after a kill -9 the workers would stay behind, idle.
    Progress is told between tasks and not by a thread, which a fork might meet with a lock in its hands.
    """

    def __init__(self, on_done: Callable[[], None], meanwhile: Callable[[], object], **options: Any) -> None:
        super().__init__(**options)
        self.pipeline: list[Any]
        self.on_done, self.meanwhile = on_done, meanwhile

    def run(self) -> None:
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        done = []
        for stats in map(self.run_one, ranks) if self.workers == 1 else self._shared(ranks):
            done.append(stats)
            self.on_done()
        with self.logging_dir.open("stats.json", "wt") as out:
            sum(done, start=PipelineStats()).save_to_disk(out)

    def run_one(self, rank: int) -> PipelineStats:
        pipeline = self.pipeline
        self.pipeline = deepcopy(pipeline)  # counts are kept in the steps
        try:
            return self._run_for_rank(rank)
        finally:
            self.pipeline = pipeline

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "on_done": None, "meanwhile": None}  # the parent's alone

    def _shared(self, ranks: Sequence[int]) -> Iterator[PipelineStats]:
        context = multiprocessing.get_context(_start_method())
        forks = context.get_start_method() == "fork"
        others = set(multiprocessing.active_children())
        if not forks:
            context.set_forkserver_preload(["data_build.flow"])
        with ProcessPoolExecutor(min(self.workers, len(ranks)), context, _begin, (os.getpid() if forks else None,)) as pool:
            try:
                running = [pool.submit(self.run_one, rank) for rank in ranks]
                self.meanwhile()
                for each in as_completed(running):
                    yield each.result()
            except BrokenProcessPool:
                raise MedmodelError(
                    "a process of the phase was killed, as systems do that are out of memory: "
                    "run again with fewer `executor.workers`; what is done is kept"
                ) from None
            except (SystemExit, KeyboardInterrupt, GeneratorExit):
                for worker in set(multiprocessing.active_children()) - others:  # or ending would wait for their shards
                    worker.terminate()
                raise
            finally:
                pool.shutdown(cancel_futures=True)


def _start_method() -> str:
    started = {thread.name for thread in threading.enumerate()} - IDLE
    return "fork" if sys.platform == "linux" and not started and _foreign() <= _FOREIGN else "forkserver"


def _foreign() -> int:
    """Threads that no Python code started."""
    return len(os.listdir("/proc/self/task")) - threading.active_count() if sys.platform == "linux" else 0


_FOREIGN = _foreign()  # numpy's, which a fork does not hurt; rensa's and all others start after this import


def _begin(parent: int | None) -> None:
    """A worker's first act. `parent`: None when a server forked it, which ends by itself when nobody can ask it any more."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a fork has the parent's
    end_with(parent or os.getppid(), signal.SIGKILL)  # nothing is lost: a shard appears whole or not at all


def _said(folder: Path, rank: int) -> str:
    """The last error in a task's log, or where more may be found."""
    log = folder / "logs" / f"task_{rank:05d}.log"
    errors = [line for line in log.read_text().splitlines() if "| ERROR" in line] if log.exists() else []
    if errors:
        return f"shard {rank}: {errors[-1].partition(' - ')[2]}"
    slurm = folder / "slurm_logs"
    more = f"; Slurm's words are in {slurm}" if slurm.exists() else ""
    return f"shard {rank} said nothing, as one that was cancelled, or out of time or memory{more}"


def _done(completions: Path) -> int:
    return sum(1 for _ in completions.glob("*")) if completions.exists() else 0


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
