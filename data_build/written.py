"""Stage `written_examples`: examples that a model writes from documents, kept only when a verifier and the model itself agree.

Any engine writes: vLLM on the recipe's model, an OpenAI-compatible URL, or the scripted fake. Each task is one example to
write (`data_build.writers`): one call writes it, rules check it (`data_build.verify`), and further calls, which do not show
the answer, must come to it again. An engine that fails is an error of the stage, not a rejection.

Tasks are cut into shards; a finished shard is a file that appears whole, so kill -9 costs the shard at work, and a re-run
asks nothing of the others again. What only shows between examples (near duplicates, the longest option) is judged at the
end, in the order of the tasks, over all shards. drops/ has what was rejected, with the reason; report.json the counts.

The engine judges what it wrote, so a mistake that it makes twice passes unless a rule sees it: a larger model at a URL makes
better examples and a better judge. Written at temperature 0.

    MEDMODEL_DATA=... medmodel run small --until written
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_build.candidates import Options
from data_build.instruction_examples import EXCERPT, token_counter, usable_documents
from data_build.steps import protected
from data_build.tasks import Task, tasks
from data_build.verify import Verifier, reason_class
from data_build.writers import Ask, ask, read
from medmodel.artifacts import read_records, write_atomic, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.models.engine import Completion, Engine
from medmodel.rag.embedder import embed
from medmodel.recipe import data_dir
from medmodel.records import Document, Drop, Example, Record

ENGINE_KEY = "MEDMODEL_ENGINE_KEY"  # environment variable: the API key of an engine given by URL, as for the product


class Outcome(Record):
    """What became of one task: an example that holds by itself, or the reason why there is none."""

    id: str
    kind: str
    source: str
    calls: int  # of the engine
    reason: str = ""
    question: str = ""
    example: Example | None = None
    options: tuple[str, ...] = ()
    right: int = 0


def run(job: Job) -> dict[str, Any]:
    """Write examples/, drops/ and report.json; returns its counts."""
    config = job.config
    documents = list(job.inputs["documents"].read("documents", Document))
    usable, left_out = usable_documents(documents, config.allow_licences)
    wanted = tasks(usable, config.ask, job.seed)
    verifier = Verifier(
        usable,
        (document.text for document in documents if document.split == "heldout"),
        protected.load(config.protected, data_dir()),
        config.longest,
        token_counter(job),
    )
    work = job.out / "work"
    embed(["warm-up"])  # imported among calls under way, it would hold them all up until their connections time out
    with opened(config.engine, job.inputs["model"].path / "model", lambda done: job.progress(done, 100, "%")) as engine:
        about = {"engine": engine.name, "fake": engine.fake}
        asyncio.run(_write_all(wanted, engine, verifier, work, job))
    examples, drops, report = assembled(read_records(work, Outcome), verifier) if wanted else ([], [], {"examples": 0})
    write_records(job.out / "examples", examples)
    write_records(job.out / "drops", drops)
    report = {**about, **report, "documents_left_out": dict(sorted(left_out.items()))}
    write_atomic(job.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    shutil.rmtree(work, ignore_errors=True)
    return report


async def write(
    tasks: Sequence[Task],
    engine: Engine,
    verifier: Verifier,
    folder: Path,
    *,
    shard: int,
    at_once: int,
    on_progress: Callable[[int], None] = lambda done: None,
) -> None:
    """One file of outcomes for every `shard` tasks; those that are there are not written again. Raises EngineError."""
    turn = asyncio.Semaphore(at_once)
    for number, start in enumerate(range(0, len(tasks), shard)):
        part = tasks[start : start + shard]
        if not (folder / f"{number:05d}.jsonl").exists():
            outcomes = await asyncio.gather(*(_outcome(task, engine, verifier, turn) for task in part))
            write_records(folder, outcomes, shard=number)
        on_progress(start + len(part))


def assembled(outcomes: Iterator[Outcome], verifier: Verifier) -> tuple[list[Example], list[Drop], dict[str, Any]]:
    """What is kept beside what was kept before, what is rejected, and the counts by kind."""
    examples: list[Example] = []
    drops: list[Drop] = []
    kinds: dict[str, dict[str, Any]] = defaultdict(lambda: {"asked": 0, "calls": 0, "kept": 0, "rejected": Counter()})
    for outcome in outcomes:
        count = kinds[outcome.kind]
        count["asked"] += 1
        count["calls"] += outcome.calls
        reason = outcome.reason
        if outcome.example is not None:
            options = Options(outcome.options, outcome.right) if outcome.options else None
            reason = verifier.repeats(outcome.example, outcome.question, options)
        if reason or outcome.example is None:
            count["rejected"][reason_class(reason)] += 1
            drops.append(Drop(id=outcome.id, reason=reason, source=outcome.source, excerpt=outcome.question[:EXCERPT]))
        else:
            count["kept"] += 1
            examples.append(outcome.example)
    by_kind = {kind: {**count, "rejected": dict(sorted(count["rejected"].items()))} for kind, count in sorted(kinds.items())}
    return examples, drops, {"asked": len(examples) + len(drops), "examples": len(examples), "kinds": by_kind}


@contextmanager
def opened(engine: str, model: Path, on_progress: Callable[[float], None]) -> Iterator[Engine]:
    """The engine by the name a recipe gives it, ready to answer."""
    if engine == "scripted":
        from medmodel.models.scripted import ScriptedEngine

        yield ScriptedEngine()
    elif engine.startswith(("http://", "https://")):
        from medmodel.models.openai_engine import OpenAIEngine, discover_model

        key = os.environ.get(ENGINE_KEY)
        yield OpenAIEngine(engine, discover_model(engine, key), key)
    elif engine == "vllm":
        from medmodel.models.vllm_server import VllmServer

        with VllmServer(model) as server:
            server.wait_ready(lambda waited, expected, what: on_progress(min(5.0, 5 * waited / expected)))
            yield server.engine()
    else:
        raise InputError(
            f"written_examples.engine: there is no engine '{engine}': give vllm, scripted, or a URL that ends in /v1"
        )


async def _write_all(wanted: Sequence[Task], engine: Engine, verifier: Verifier, work: Path, job: Job) -> None:
    def progress(done: int) -> None:
        job.progress(5 + 95 * done / max(1, len(wanted)), 100, "%")

    try:
        await write(wanted, engine, verifier, work, shard=job.config.shard, at_once=job.config.at_once, on_progress=progress)
    finally:
        await engine.aclose()


async def _outcome(task: Task, engine: Engine, verifier: Verifier, turn: asyncio.Semaphore) -> Outcome:
    """Write, check by rule, look for the answer again; the first reason ends it."""
    outcome = Outcome(id=task.id, kind=task.kind, source=task.document.source.id, calls=1)
    written = await _asked(ask(task), engine, turn)
    draft = "malformed: cut off" if written.finish_reason != "stop" else await asyncio.to_thread(read, task, written.text)
    if isinstance(draft, str):
        return outcome.model_copy(update={"reason": draft, "question": written.text})  # what there is to read of it
    candidate = draft.candidate
    outcome = outcome.model_copy(update={"question": candidate.question})
    reason = await asyncio.to_thread(verifier.fault, candidate)
    if reason:
        return outcome.model_copy(update={"reason": reason})
    replies = await asyncio.gather(*(_asked(probe, engine, turn) for probe in draft.probes))
    outcome = outcome.model_copy(update={"calls": 1 + len(replies), "reason": draft.judge(replies)})
    if outcome.reason:
        return outcome
    options = candidate.options or Options((), 0)
    return outcome.model_copy(update={"example": candidate.example, "options": options.texts, "right": options.right})


async def _asked(one: Ask, engine: Engine, turn: asyncio.Semaphore) -> Completion:
    async with turn:
        return await engine.generate(one.messages, regex=one.regex, max_tokens=one.max_tokens)
