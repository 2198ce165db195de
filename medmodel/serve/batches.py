"""A cases file through a running server: every case asked once, one result line each, whatever happens in between.

A line is on the disk (fsync) before the next is counted. Killed and started again, it repairs a torn last line, keeps
what was answered, asks the rest and what failed, and never leaves two lines for one case. A bad line of the cases file
is reported by its number and the rest goes on. One machine's worth of work: the workers are threads of this process.

    with Client(url) as client:
        summary = run_batch(Path("cases.jsonl"), Path("results.jsonl"), client, workers=4)
"""

from __future__ import annotations

import fcntl
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Literal, Protocol

from pydantic import ValidationError

from medmodel.client import Readiness
from medmodel.errors import InputError, MedmodelError, ServerUnreachable
from medmodel.records import Answer, Case, Record

WORKERS = 4  # vLLM on two cores gains little beyond 8 at once


class BatchResult(Record):
    """One line of the results: an answer, or why there is none. An error is never an answer."""

    id: str
    status: Literal["ok", "error"]
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0


class BadLine(Record):
    """A line of the cases file that is no case."""

    line: int
    reason: str


class BatchSummary(Record):
    cases: int
    kept: int  # answered by an earlier run
    answered: int  # by this one
    failed: int
    bad_lines: tuple[BadLine, ...]


class Asking(Protocol):
    """What is asked: `Client`."""

    def ask(self, question: str, language: str = "en") -> Answer: ...

    def ready(self) -> Readiness: ...


Progress = Callable[[int, int, int], None]  # done, of how many, failed


def run_batch(cases: Path, out: Path, client: Asking, workers: int = WORKERS, progress: Progress | None = None) -> BatchSummary:
    """Ask what is not answered yet. Raises InputError (no file, another run), ServerUnreachable (what is done is kept)."""
    listed, bad_lines = read_cases(cases)
    with ExitStack() as stack:
        stack.enter_context(_lock(out))
        kept = _keep_answered(out) & {case.id for case in listed}
        waiting = [case for case in listed if case.id not in kept]
        failed = 0
        results = stack.enter_context(_private(out, os.O_APPEND))
        for done, result in enumerate(_ask_all(waiting, client, workers), len(kept) + 1):
            _append(results, result)
            failed += result.status == "error"
            if progress is not None:
                progress(done, len(listed), failed)
    return BatchSummary(
        cases=len(listed), kept=len(kept), answered=len(waiting) - failed, failed=failed, bad_lines=tuple(bad_lines)
    )


def read_cases(path: Path) -> tuple[list[Case], list[BadLine]]:
    """Cases, and the lines that are none: by number, without their text, which may be a patient's."""
    found: dict[str, int] = {}
    cases, bad_lines = [], []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"the cases file {path} cannot be read ({error.strerror})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = Case.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            bad_lines.append(BadLine(line=number, reason=f"no case: '{where}': {fault['msg']}" if where else "no JSON"))
            continue
        if case.id in found:
            bad_lines.append(BadLine(line=number, reason=f"its id stands in line {found[case.id]} already"))
            continue
        found[case.id] = number
        cases.append(case)
    return cases, bad_lines


def read_results(path: Path) -> Iterator[BatchResult]:
    """Every whole line of a results file."""
    for line in path.read_bytes().split(b"\n")[:-1]:  # a torn last line has no line feed
        yield BatchResult.model_validate_json(line)


@contextmanager
def _lock(out: Path) -> Iterator[None]:
    """One run at a time. The lock has a file of its own, since the results are replaced when failures are taken out."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out.with_name(f".{out.name}.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"another run is writing {out}; wait for it, or give another --out") from None
        yield


def _keep_answered(out: Path) -> set[str]:
    """Ids answered by an earlier run. Takes out a torn last line and failures: those are asked again."""
    if not out.exists():
        return set()
    whole = out.read_bytes()
    lines = whole.split(b"\n")[:-1]
    try:
        parsed = [BatchResult.model_validate_json(line) for line in lines]
    except ValidationError:
        raise InputError(f"{out} holds something else than results; give another --out") from None
    answered = {result.id: line for result, line in zip(parsed, lines, strict=True) if result.status == "ok"}
    keep = b"".join(line + b"\n" for line in answered.values())
    if keep != whole:
        temporary = out.with_name(f".{out.name}.tmp")
        with _private(temporary, os.O_TRUNC) as rewritten:
            rewritten.write(keep)
            os.fsync(rewritten.fileno())
        os.replace(temporary, out)
    return set(answered)


def _ask_all(cases: Sequence[Case], client: Asking, workers: int) -> Iterator[BatchResult]:
    """Results as they come. Raises ServerUnreachable when the server is gone, so that a dead one is not a file of errors."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    finished: queue.SimpleQueue[BatchResult | ServerUnreachable] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    leaving = threading.Event()

    def work() -> None:
        while not leaving.is_set():
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return
            finished.put(_ask(case, client))

    for _ in range(min(workers, len(cases))):
        threading.Thread(target=work, daemon=True).start()  # daemons: Ctrl-C does not wait for answers under way
    try:
        for _ in cases:
            result = finished.get()
            if isinstance(result, ServerUnreachable):
                raise result
            yield result
    finally:
        leaving.set()


def _ask(case: Case, client: Asking) -> BatchResult | ServerUnreachable:
    started = time.monotonic()
    try:
        answer, error = client.ask(case.question, case.language), ""
    except MedmodelError as failure:
        if isinstance(failure, ServerUnreachable) and client.ready().engine == "unreachable":
            return failure
        answer, error = None, f"{type(failure).__name__}: {failure}"
    seconds = round(time.monotonic() - started, 2)
    return BatchResult(id=case.id, status="ok" if answer else "error", answer=answer, error=error, seconds=seconds)


def _append(results: IO[bytes], result: BatchResult) -> None:
    results.write(result.model_dump_json(exclude_none=True).encode() + b"\n")
    os.fsync(results.fileno())


def _private(path: Path, flags: int) -> IO[bytes]:
    """Open for writing, readable by the owner alone: answers repeat questions."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600), "wb", buffering=0)
