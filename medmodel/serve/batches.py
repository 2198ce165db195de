"""Cases through a product: every case asked once, one result line each, whatever happens in between.

A line is on the disk (fsync) before it is counted; lines that finish while one group is written make the next group, so
that a fast product pays few of them. Killed and started again, it repairs a torn last line, keeps what was answered, asks
the rest, what failed and what has another question now, and never leaves two lines for one case. One process writes a
results file at a time; within it the cases are tasks of one event loop. The server's own batches (jobs.py) and
`python -m evals batch` both run here. The file is the owner's alone (0600): answers repeat questions.

    async with AsyncClient(url) as client:
        summary = await run_batch(read_cases(Path("cases.jsonl")).cases, Path("results.jsonl"), client, workers=8)
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from medmodel.client import Readiness
from medmodel.errors import AnotherRun, InputError, MedmodelError, ServerError, ServerUnreachable
from medmodel.records import Answer, BatchResult, Case, Record

WORKERS = 8  # vLLM on two cores gains little beyond 8 at once
GROUP = 256  # results that may wait for the disk, about 4 MB; then asking waits too
NOT_LET_IN = (401, 403)
T = TypeVar("T")
BEGINNING = b'{"id":"'  # of every line


class BatchSummary(Record):
    cases: int
    kept: int  # answered by an earlier run
    answered: int  # by this one
    failed: int


class Asking(Protocol):
    """What is asked: `AsyncClient`, or the product itself."""

    async def ask(self, question: str, language: Literal["en", "zh"] = "en") -> Answer: ...

    async def ready(self) -> Readiness: ...


Progress = Callable[[int, int, int], None]  # done, of how many, failed


async def run_batch(
    cases: Sequence[Case], out: Path, client: Asking, workers: int = WORKERS, progress: Progress | None = None
) -> BatchSummary:
    """Ask what is not answered yet. Raises AnotherRun, InputError (no results file), ServerError (gone, or a wrong key). What is done is kept."""
    with ExitStack() as stack:
        stack.enter_context(_lock(out))
        kept = await _finished(asyncio.to_thread(_keep_answered, out, cases))
        waiting = deque(case for case in cases if case.id not in kept)
        results = stack.enter_context(_Results(out))
        counted = _Counted(len(cases), len(kept), progress)
        finished: asyncio.Queue[BatchResult | Exception] = asyncio.Queue(GROUP)
        expected = len(waiting)
        tasks = [asyncio.create_task(_work(waiting, finished, client)) for _ in range(min(workers, expected))]
        writing: asyncio.Task[None] | None = None
        try:
            while counted.answered + counted.failed < expected:
                group = [await finished.get(), *_taken(finished)]
                writing = asyncio.create_task(_keep(group, results, counted))
                await asyncio.shield(writing)
                for error in group:
                    if isinstance(error, Exception):
                        raise error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *([writing] if writing else []), return_exceptions=True)
            await _keep(_taken(finished), results, counted)
    return BatchSummary(cases=len(cases), kept=len(kept), answered=counted.answered, failed=counted.failed)


def read_results(path: Path) -> Iterator[BatchResult]:
    """Every whole line of a results file, one at a time: ten thousand answers are some 150 MB."""
    for number, line in enumerate(whole_lines(path), 1):
        try:
            yield BatchResult.model_validate_json(line)
        except ValidationError:
            raise InputError(f"{path}:{number} is no result of a batch") from None


def whole_lines(path: Path) -> Iterator[bytes]:
    """Lines with their line feed; a torn last line has none and is left out."""
    try:
        with open(path, "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):  # its writer may be at it just now: what comes next would be its end
                    return
                yield line
    except OSError as error:
        raise InputError(f"the results file {path} cannot be read ({error.strerror})") from None


async def _finished(work: Coroutine[Any, Any, T]) -> T:
    """What a thread returns. Cancelled meanwhile, wait for the thread all the same: it works under the lock."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@contextmanager
def _lock(out: Path) -> Iterator[None]:
    """One run at a time. The lock has a file of its own, since the results are replaced when failures are taken out."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out.with_name(f".{out.name}.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AnotherRun(f"another run is writing {out}; wait for it, or give another --out") from None
        yield


class _Asked(BaseModel):
    question: str
    language: str = "en"


class _Head(BaseModel):
    """What resuming needs of a line. The rest is left unread, but must be whole JSON."""

    id: str
    status: Literal["ok", "error"]
    answer: _Asked | None = None


def _keep_answered(out: Path, cases: Sequence[Case]) -> set[str]:
    """Ids answered by an earlier run. Takes out a torn last line, failures, and answers to what is asked otherwise now."""
    if not out.exists():
        return set()
    asked = {case.id: (case.question, case.language) for case in cases}
    kept: set[str] = set()
    keep: list[bool] = []
    for line in whole_lines(out):
        try:
            head = _Head.model_validate_json(line)
        except ValidationError:
            raise InputError(f"{out} holds something else than results; give another --out") from None
        said = (head.answer.question, head.answer.language) if head.answer and head.status == "ok" else None
        keep.append(said is not None and head.id not in kept and asked.get(head.id, said) == said)
        if keep[-1]:
            kept.add(head.id)
    if _torn(out) or not all(keep):
        temporary = out.with_name(f".{out.name}.tmp")
        temporary.unlink(missing_ok=True)
        with _Results(temporary) as rewritten:
            for line, wanted in zip(whole_lines(out), keep, strict=True):
                if wanted:
                    rewritten.write(line)
            rewritten.sync()
        os.replace(temporary, out)
        _sync_folder(out.parent)
    return kept & set(asked)


def _torn(out: Path) -> bool:
    """Whether the file ends within a line. Raises InputError when that is no line of ours, as in a file of notes."""
    with open(out, "rb") as lines:
        last = b""
        for line in lines:
            last = line
    if last.endswith(b"\n") or not last:
        return False
    if last[: len(BEGINNING)] != BEGINNING[: len(last)]:
        raise InputError(f"{out} holds something else than results; give another --out")
    return True


class _Counted:
    """What this run has on the disk, told to whoever shows it."""

    def __init__(self, cases: int, kept: int, progress: Progress | None) -> None:
        self.answered, self.failed = 0, 0
        self._cases, self._kept = cases, kept
        self._progress = progress or (lambda done, cases, failed: None)
        self.add(())

    def add(self, results: Sequence[BatchResult]) -> None:
        wrong = sum(1 for result in results if result.status == "error")
        self.answered += len(results) - wrong
        self.failed += wrong
        self._progress(self._kept + self.answered + self.failed, self._cases, self.failed)


class _Results:
    """An open results file, for the owner alone."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(self._handle, 0o600)  # of a file that was there
        _sync_folder(path.parent)

    def append(self, results: Sequence[BatchResult]) -> None:
        """Return when all of them are on the disk."""
        if results:
            end = os.fstat(self._handle).st_size
            try:
                self.write(b"".join(result.model_dump_json(exclude_none=True).encode() + b"\n" for result in results))
                self.sync()
            except OSError:  # a full disk: half a line may stand there
                os.ftruncate(self._handle, end)
                raise

    def write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def sync(self) -> None:
        os.fsync(self._handle)

    def __enter__(self) -> _Results:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _taken(finished: asyncio.Queue[BatchResult | Exception]) -> list[BatchResult | Exception]:
    """What is there at this moment."""
    return [finished.get_nowait() for _ in range(finished.qsize())]


async def _keep(group: Sequence[BatchResult | Exception], results: _Results, counted: _Counted) -> None:
    """Write what is a result, and count it once it is on the disk; other tasks go on meanwhile."""
    whole = [result for result in group if isinstance(result, BatchResult)]
    await asyncio.to_thread(results.append, whole)
    counted.add(whole)


async def _work(waiting: deque[Case], finished: asyncio.Queue[BatchResult | Exception], client: Asking) -> None:
    try:
        while waiting:
            await finished.put(await _ask(waiting.popleft(), client))
    except Exception as error:  # raised by the run, once what is finished is on the disk
        await finished.put(error)


async def _ask(case: Case, client: Asking) -> BatchResult:
    """Raises ServerError when the server is gone or knows no such key, so that neither makes a file of errors."""
    started = time.monotonic()
    answer, error = None, ""
    try:
        answer = await client.ask(case.question, case.language)
    except MedmodelError as failure:
        if isinstance(failure, ServerError) and failure.status in NOT_LET_IN:
            raise
        if isinstance(failure, ServerUnreachable) and (await client.ready()).engine == "unreachable":
            raise
        error = f"{type(failure).__name__}: {failure}"
    seconds = round(time.monotonic() - started, 3)
    return BatchResult(id=case.id, status="ok" if answer else "error", answer=answer, error=error, seconds=seconds)


def _sync_folder(folder: Path) -> None:
    """After this, a file that was made or renamed in it is there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
