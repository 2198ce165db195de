"""Batches of cases: cases a second in one process and through HTTP, against /v1/retrieve alone, and memory on the way.

    python tests/perf/batch.py                      # on a quiet machine, about 3 minutes on two cores
    python tests/perf/batch.py --cases 2000 --served 400
    python tests/perf/batch.py --profile server     # or: client, process; where the CPU time goes

In one process: the scripted engine over one passage, no retrieval, so that what is timed is the batch itself. Through
HTTP: a server of its own process with the product's own retrieval (both indexes, embedder) over made-up guidelines and the
scripted engine. /v1/retrieve and the batch take turns over rounds of questions that were never asked before, with as many
calls at once, so that both see the same neighbours; rates are of all rounds together. CPU is that of server and client.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from medmodel.client import AsyncClient, Readiness
from medmodel.models.scripted import ScriptedEngine
from medmodel.records import Answer, Case, Document, Source
from medmodel.serve.batches import run_batch

ROUNDS = 4
WORKERS = 8
WARM = 400  # calls of each kind before the first that counts: each passage's sentences are embedded when it is first shown
DRUGS = "apixaban warfarin metformin allopurinol prednisolone amoxicillin ramipril bisoprolol furosemide insulin".split()
ILLS = (
    "atrial fibrillation, type 2 diabetes, chronic gout, asthma, pneumonia, hypertension, heart failure, stroke, "
    "kidney disease, migraine, psoriasis, epilepsy, anaemia, hypothyroidism, osteoporosis"
).split(", ")
WHO = "older adults, children, pregnant women, patients with renal impairment, patients after surgery, smokers".split(", ")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000, help="in one process")
    parser.add_argument("--served", type=int, default=2_000, help="through HTTP, of each kind")
    parser.add_argument("--profile", choices=["server", "client", "process"])
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)  # the server's own process
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve, chosen.profile == "server")
        return
    with tempfile.TemporaryDirectory() as folder:
        if chosen.profile in (None, "process"):
            profiled(chosen.profile == "process", lambda: in_process(Path(folder), chosen.cases))
        if chosen.profile in (None, "server", "client"):
            with server(Path(folder), chosen.profile == "server") as (url, pid):
                profiled(chosen.profile == "client", lambda: asyncio.run(through_http(Path(folder), url, pid, chosen.served)))


class InProcess:
    """The product, asked without a socket."""

    def __init__(self) -> None:
        from serving import product

        from medmodel.serve.product import Fixed

        self._product = product(Fixed(ScriptedEngine()))

    async def ask(self, question: str, language: Any = "en") -> Answer:
        return await self._product.answer(question, language)

    async def ready(self) -> Readiness:
        return self._product.readiness()


def in_process(folder: Path, count: int) -> None:
    """Cases a second with the fake, and this process's memory after a tenth, a half and all."""
    cases = [Case(id=str(number), question=question) for number, question in enumerate(questions(count, seed=1))]
    marks = [count // 10, count // 2, count]
    memory: list[str] = []

    def progress(done: int, total: int, failed: int) -> None:
        while marks and done >= marks[0]:
            memory.append(f"{resident(os.getpid()):.0f} MB at {marks.pop(0):,}")

    started, cpu = time.monotonic(), time.process_time()
    summary = asyncio.run(run_batch(cases, folder / "process.jsonl", InProcess(), WORKERS, progress))
    took, used = time.monotonic() - started, time.process_time() - cpu
    assert summary.answered == count
    print(
        f"in one process: {count / took:,.0f} cases/s ({1e3 * used / count:.2f} ms of CPU a case); memory {', '.join(memory)}"
    )


async def through_http(folder: Path, url: str, pid: int, count: int) -> None:
    """Turn by turn: /v1/retrieve, then a batch over other questions."""
    asked = iter(questions(2 * count + 2 * WARM, seed=2))
    each = count // ROUNDS
    turns: dict[str, list[Spent]] = {"/v1/retrieve": [], "batch": []}
    async with AsyncClient(url) as client:
        await at_once([next(asked) for _ in range(WARM)], lambda question: retrieve(client, question))
        await batch(folder / "warm.jsonl", client, [next(asked) for _ in range(WARM)])  # sentence vectors are kept from here
        memory = [f"{resident(pid):.0f} MB before"]
        for turn in range(ROUNDS):
            before = Spent.now(pid)
            await at_once([next(asked) for _ in range(each)], lambda question: retrieve(client, question))
            between = Spent.now(pid)
            await batch(folder / f"{turn}.jsonl", client, [next(asked) for _ in range(each)])
            turns["/v1/retrieve"].append(between - before)
            turns["batch"].append(Spent.now(pid) - between)
            memory.append(f"{resident(pid):.0f} MB after {each * (turn + 1):,}")
    total = {
        name: Spent(*(sum(column) / (ROUNDS * each) for column in zip(*spent, strict=True))) for name, spent in turns.items()
    }
    for name, spent in total.items():
        cpu = f"{1e3 * spent.server:.2f} ms of CPU of the server and {1e3 * spent.client:.2f} of the client each"
        print(f"{name} through HTTP: {1 / spent.wall:.1f} a second ({cpu})")
    alone, whole = total["/v1/retrieve"], total["batch"]
    ratio = (alone.server + alone.client) / (whole.server + whole.client)
    print(f"ratio: {alone.wall / whole.wall:.2f} by the clock, {ratio:.2f} by CPU; the server's memory {', '.join(memory)}")


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    server: float  # of CPU
    client: float

    @classmethod
    def now(cls, pid: int) -> Spent:
        return cls(time.monotonic(), cpu_of(pid), time.process_time())

    def __sub__(self, before: Spent) -> Spent:
        return Spent(*(now - then for now, then in zip(self, before, strict=True)))


async def retrieve(client: AsyncClient, question: str) -> None:
    response = await client._send("POST", "/v1/retrieve", json={"question": question})
    assert len(response.json()["passages"]) == 3


async def batch(out: Path, client: AsyncClient, asked: Sequence[str]) -> None:
    cases = [Case(id=str(number), question=question) for number, question in enumerate(asked)]
    summary = await run_batch(cases, out, client, WORKERS)
    assert summary.answered == len(cases)


async def at_once(asked: Sequence[str], ask: Callable[[str], Awaitable[None]]) -> None:
    waiting = list(asked)

    async def work() -> None:
        while waiting:
            await ask(waiting.pop())

    await asyncio.gather(*(work() for _ in range(WORKERS)))


def questions(count: int, seed: int) -> list[str]:
    """All different, all about what the references say."""
    draw = random.Random(seed)
    return [
        f"Patient {seed}-{number}, {draw.randrange(20, 90)} years: what dose of {draw.choice(DRUGS)} is recommended for "
        f"{draw.choice(ILLS)} in {draw.choice(WHO)}?"
        for number in range(count)
    ]


@contextmanager
def server(folder: Path, profile: bool) -> Iterator[tuple[str, int]]:
    command = [sys.executable, __file__, "--serve", str(folder), *(["--profile", "server"] if profile else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), process.pid
        process.terminate()
        print(process.stdout.read(), end="")


def serve(folder: Path, profile: bool) -> None:
    """The API over an index of made-up guidelines, until SIGTERM."""
    import uvicorn

    from medmodel.rag.index import build_index
    from medmodel.serve.api import create_app
    from medmodel.serve.feedback import FeedbackStore
    from medmodel.serve.product import Fixed, Product, _answering
    from medmodel.serve.run import _address, _config, _listen

    documents = [
        Document(
            id=f"{ill}/{who}".replace(" ", "_"),
            text=f"# {ill} in {who}\n\n" + " ".join(
                f"In {who} with {ill}, {drug} {5 * (at + 1)} mg once daily is recommended unless it is contraindicated."
                for at, drug in enumerate(DRUGS)
            ),
            source=Source(id=ill.replace(" ", "_"), title=ill, year=2020, licence="CC0-1.0", tier="guideline"),
            domain="guideline",
        )
        for ill in ILLS
        for who in WHO
    ]  # fmt: skip
    build_index(documents, folder / "index")
    about = {"name": "made up", "digest": "", "fingerprint": "", "key": "none", "gated": False, "gate": None}
    product = Product(_answering(folder / "index", about, True), Fixed(ScriptedEngine()), about)
    listening = _listen("127.0.0.1", 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # or uvicorn, once it has stopped, ends the process by it
    print(_address(listening), flush=True)
    app = create_app(product, FeedbackStore(f"sqlite:///{folder / 'feedback.db'}"), folder / "batches")
    profiled(profile, lambda: uvicorn.Server(_config(app)).run(sockets=[listening]))


def profiled(wanted: bool, work: Callable[[], None]) -> None:
    if not wanted:
        work()
        return
    profile = cProfile.Profile()
    try:
        profile.runcall(work)
    finally:
        sys.stdout.flush()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def resident(pid: int) -> float:
    """MB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as counts:
        return int(counts.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_of(pid: int) -> float:
    """Seconds of all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as counts:
        fields = counts.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
