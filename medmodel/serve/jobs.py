"""Batches that the server asks by itself. They outlive a restart: what is on the disk as running goes on at the next start.

    $MEDMODEL_HOME/batches/<tenant>/<id>/cases.jsonl     as they were sent
                                        results.jsonl    one line a case (see batches.py)
                                        batch.json       the Batch record

A tenant (an API key; everyone, where none is asked for) sees its own alone. Folders are the owner's (0700), since cases
may be patients'; they stay until they are deleted. All batches together ask WORKERS cases at a time, each in its turn, so
that answers people wait for keep their places. A batch waits while the model starts: a case is not asked of quotes alone
because it came early. It is answered by one release: begun with another, it ends as failed. One server asks a batch; a
second on the same folder leaves it alone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from medmodel.artifacts import write_atomic
from medmodel.cases import read_all
from medmodel.client import Readiness
from medmodel.errors import AnotherRun, InputError, MedmodelError, ServerError, ServerUnreachable
from medmodel.rag.answer import NOTICES
from medmodel.records import Answer, Batch, Case
from medmodel.serve.answers import Answers, Question
from medmodel.serve.auth import Keys
from medmodel.serve.batches import WORKERS, run_batch, whole_lines
from medmodel.serve.problems import Problem, as_problem
from medmodel.serve.product import Language, Product

OPEN = 20  # batches of one tenant under way
POLL = 1.0  # seconds between looks at a model that starts
LEFT = 60.0  # seconds after which no other server can still be storing it
CHUNK = 1_048_576  # bytes of results sent at a time

log = logging.getLogger("medmodel.serve")


class Jobs:
    """The batches of one server. All methods are for its event loop, unless they say otherwise."""

    def __init__(self, folder: Path, product: Product, answers: Answers, keys: Keys) -> None:
        self._folder = folder
        self._product = product
        self._answers = answers
        self._keys = keys
        self._running: dict[Path, _Running] = {}
        self._unwritten: dict[Path, Batch] = {}  # how a batch ended, where the disk did not take its record
        self._turns = asyncio.Semaphore(WORKERS)

    def resume(self) -> None:
        """Go on with all that a server which ended left as running."""
        for left in self._folder.glob("*/.*"):  # of a store or a delete that was killed: ids begin with no dot
            if time.time() - left.stat().st_mtime > LEFT:
                shutil.rmtree(left, ignore_errors=True)
        for path in sorted(self._folder.glob("*/[!.]*/batch.json")):
            batch = _read(path.parent)
            if batch is not None and batch.status == "running":
                self._start(path.parent, batch)

    async def create(self, tenant: str, identity: str, body: bytes) -> Batch:
        """Store cases and begin. The same again asks what failed or was left; other cases under its id are refused."""
        folder = self._folder / tenant / identity
        if folder not in self._running and sum(1 for path in self._running if path.parent == folder.parent) >= OPEN:
            raise Problem(429, "too_many", f"{OPEN} of your batches are under way; wait for one, or cancel it")
        await asyncio.to_thread(_store, folder, body, self._product.named)
        batch = self.get(tenant, identity)
        if batch.status != "running" and batch.done - batch.failed < batch.cases and batch.release == self._product.named:
            batch = batch.model_copy(update={"status": "running", "error": ""})
            _write(folder, batch)
            self._unwritten.pop(folder, None)
        if batch.status == "running" and folder not in self._running:
            self._start(folder, batch)
        return self.get(tenant, identity)

    def get(self, tenant: str, identity: str) -> Batch:
        folder = self._folder / tenant / identity
        batch = self._unwritten.get(folder) or _read(folder)
        if batch is None:
            raise Problem(404, "not_found", f"there is no batch '{identity}' of yours")
        running = self._running.get(folder)
        return batch.model_copy(update={"done": running.done, "failed": running.failed}) if running else batch

    def all(self, tenant: str) -> list[Batch]:
        """Newest first."""
        names = [path.parent.name for path in (self._folder / tenant).glob("[!.]*/batch.json")]
        return sorted((self.get(tenant, name) for name in names), key=lambda batch: batch.created, reverse=True)

    def results(self, tenant: str, identity: str) -> Iterator[bytes]:
        """Whole lines, many at a time. The iterator may be read in a thread."""
        self.get(tenant, identity)
        return _chunks(self._folder / tenant / identity / "results.jsonl")

    async def cancel(self, tenant: str, identity: str) -> Batch:
        batch = self.get(tenant, identity)
        folder = self._folder / tenant / identity
        running = self._running.get(folder)
        if batch.status == "running":
            await self._stop(folder)
            batch = self.get(tenant, identity)  # it may have ended meanwhile
            if batch.status == "running":
                counts = {"done": running.done, "failed": running.failed} if running else {}
                _write(folder, batch.model_copy(update={"status": "cancelled", **counts}))
        return self.get(tenant, identity)

    async def delete(self, tenant: str, identity: str) -> None:
        self.get(tenant, identity)
        folder = self._folder / tenant / identity
        await self._stop(folder)
        gone = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
        try:
            os.rename(folder, gone)  # from here it is not there for anybody, whatever happens to the rest
        except FileNotFoundError:
            return  # somebody else deleted it meanwhile
        self._unwritten.pop(folder, None)
        await asyncio.to_thread(shutil.rmtree, gone)

    async def aclose(self) -> None:
        """Stop asking; what runs stays marked as running, for the next start."""
        for folder in list(self._running):
            await self._stop(folder)

    def _start(self, folder: Path, batch: Batch) -> None:
        self._running[folder] = running = _Running()
        running.task = asyncio.create_task(self._run(folder, batch, running))

    async def _stop(self, folder: Path) -> None:
        running = self._running.get(folder)
        if running and running.task:
            if not running.stopping:  # a second cancel would break into what the first one still has to write
                running.stopping = True
                running.task.cancel()
            await asyncio.wait([running.task])
            if self._running.get(folder) is running:  # cancelled before its first step
                del self._running[folder]

    async def _run(self, folder: Path, batch: Batch, running: _Running) -> None:
        ended: dict[str, object] = {"status": "finished"}
        try:
            if batch.release != self._product.named:
                raise MedmodelError(
                    f"this server answers with {self._product.named}, and the batch was begun with {batch.release}; "
                    "send it under another id"
                )
            cases = await asyncio.to_thread(read_all, folder / "cases.jsonl")
            asking = _Asking(self._product, self._answers, self._keys.salt(folder.parent.name), self._turns)
            await run_batch(cases, folder / "results.jsonl", asking, WORKERS, running.count)
        except AnotherRun:
            log.warning("batch %s is left alone: another server asks it", batch.id)
            return
        except Exception as error:  # nobody waits for this task: the record says what happened
            ended = {"status": "failed", "error": as_problem(error).message}
        finally:
            self._running.pop(folder, None)
        record = batch.model_copy(update={**ended, "done": running.done, "failed": running.failed})
        try:
            _write(folder, record)
        except OSError as error:  # on the disk it still runs, and the next server goes on with it
            self._unwritten[folder] = record
            log.error("the record of batch %s could not be written (%s)", batch.id, error.strerror)


@dataclass
class _Running:
    task: asyncio.Task[None] | None = None
    stopping: bool = False
    done: int = 0
    failed: int = 0

    def count(self, done: int, _: int, failed: int) -> None:
        self.done, self.failed = done, failed


class _Asking:
    """The product as a batch asks it: in its turn, as its tenant, once the model runs."""

    def __init__(self, product: Product, answers: Answers, salt: str, turns: asyncio.Semaphore) -> None:
        self._product = product
        self._answers = answers
        self._salt = salt
        self._turns = turns

    async def ask(self, question: str, language: Language = "en") -> Answer:
        async with self._turns:
            while not (state := self._product.readiness()):
                if state.engine == "failed":
                    raise ServerUnreachable(f"the model does not run ({state.detail})")
                await asyncio.sleep(POLL)
            try:
                answer = await self._answers.ask(Question(question=question, language=language), self._salt)
            except Problem as problem:
                raise ServerError(problem.message, problem.status) from None
            on_purpose = answer.notice in (*NOTICES["English"].values(), *NOTICES["no Chinese"].values())
            if state.engine != "none" and answer.origin == "extractive" and answer.first_try is None and not on_purpose:
                raise ServerError("the model broke off; send the batch again", 503)  # counted as failed, and asked again
            return answer

    async def ready(self) -> Readiness:
        return Readiness(False, "unreachable")  # asked only after ServerUnreachable, which `ask` raises for a failed model


def _store(folder: Path, body: bytes, release: str) -> None:
    """Write a batch's folder, whole or not at all. Raises Problem for a bad line, and for other cases under its id."""
    partial = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    partial.mkdir(parents=True, mode=0o700)
    try:
        sent = partial / "cases.jsonl"
        sent.write_bytes(body)
        cases = _checked(sent)
        lines = "".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in cases)
        write_atomic(sent, lines)
        _write(partial, Batch(id=folder.name, status="running", cases=len(cases), release=release))
        try:
            os.rename(partial, folder)  # refuses when there is one that is not empty
        except OSError:
            if (folder / "cases.jsonl").read_text(encoding="utf-8") != lines:
                message = f"batch '{folder.name}' is stored already with other cases; choose another id"
                raise Problem(409, "conflict", message) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _checked(path: Path) -> list[Case]:
    try:
        cases = read_all(path)
    except InputError as error:
        raise Problem(422, "invalid_request", f"line {str(error).removeprefix(f'{path}:')}") from None
    if not cases:
        raise Problem(422, "invalid_request", "there is no case in it: send one JSON object a line, with id and question")
    for number, case in enumerate(cases, 1):
        try:
            Question(question=case.question, language=case.language)
        except ValidationError as error:
            fault = error.errors(include_input=False)[0]["msg"]
            raise Problem(422, "invalid_request", f"case {number}: 'question': {fault}") from None
    return cases


def _chunks(path: Path) -> Iterator[bytes]:
    if not path.exists():  # nothing is answered yet
        return
    held: list[bytes] = []
    size = 0
    for line in whole_lines(path):
        held.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _read(folder: Path) -> Batch | None:
    try:
        return Batch.model_validate_json((folder / "batch.json").read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        log.error("the record of batch %s is not readable; it is left alone", folder.name)
        return None


def _write(folder: Path, batch: Batch) -> None:
    write_atomic(folder / "batch.json", batch.model_dump_json())
