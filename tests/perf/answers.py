"""How many answers a second, and how many of them grounded: the evidence as the product shows it against whole passages.

    plain      the three nearest passages, each with its neighbours up to 200 tokens: what a plain RAG prompt holds
    passages   the three nearest passages as they are (about 75 tokens each)
    evidence   the nearest sentences alone (`medmodel.rag.nearest.evidence`): the product

All three in one run, on one vLLM, with the same system prompt, grammar and cases, 8 at a time; order turned round in the
second round, and no prompt cached from the first (a cache salt a round). A model trained on one of the prompts has an
advantage with it, so give both. Sentence vectors are computed before, since an index holds them. On a busy machine read the
server's CPU seconds, not the answers/s. About 4 minutes on two quiet cores.

    MEDMODEL_STORE=store python tests/perf/answers.py [--model DIR] [--index DIR] [--cases DIR] [--rounds 2]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from evals import stats
from medmodel import pipeline, prompts
from medmodel.artifacts import read_records
from medmodel.models.engine import Completion, Engine
from medmodel.models.vllm_server import VllmServer
from medmodel.rag.citations import judge_first_try, parse
from medmodel.rag.index import Index
from medmodel.rag.nearest import CONSIDERED, evidence, grounded_prompt, sentence_vectors
from medmodel.rag.profiles import open_retriever
from medmodel.records import Case, Passage, Span

AT_ONCE = 8
PASSAGES = 3
WIDE = 200 * 4  # characters of a plain passage: 200 tokens


class Asked(NamedTuple):
    completion: Completion
    passages: Sequence[Passage]
    case: Case


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, help="default: the newest `merge` of the store")
    parser.add_argument("--index", type=Path, help="default: the newest `index` of the store")
    parser.add_argument("--cases", type=Path, help="default: `cases` of the newest `examples` of the store")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    index = Index.open(chosen.index or newest("index"))
    cases = list(read_records(chosen.cases or newest("examples") / "cases", Case))
    retriever = open_retriever(index, 20)
    found = {case.id: [hit.metadata["passage"] for hit in retriever.invoke(case.question)] for case in cases}
    for passages in found.values():
        sentence_vectors([*passages[:CONSIDERED], *(widened(index, passage) for passage in passages[:PASSAGES])])
    ways: dict[str, Callable[[Case], Sequence[Passage]]] = {
        "plain": lambda case: [widened(index, passage) for passage in found[case.id][:PASSAGES]],
        "passages": lambda case: found[case.id][:PASSAGES],
        "evidence": lambda case: evidence(case.question, found[case.id]),
    }
    seconds = dict.fromkeys(ways, 0.0)
    worked = dict.fromkeys(ways, 0.0)
    asked: dict[str, list[Asked]] = {name: [] for name in ways}
    with VllmServer(chosen.model or newest("merge") / "model") as server:
        server.wait_ready()
        for turn in range(chosen.rounds):
            for name in list(ways)[:: 1 if turn % 2 == 0 else -1]:
                started, before = time.monotonic(), cpu_seconds()
                asked[name] += asyncio.run(ask_all(server.engine(), cases, ways[name], f"{name}-{turn}"))
                seconds[name] += time.monotonic() - started
                worked[name] += cpu_seconds() - before
                print(told(name, asked[name], seconds[name], worked[name], len(cases)), flush=True)


async def ask_all(engine: Engine, cases: Sequence[Case], way: Callable[[Case], Sequence[Passage]], salt: str) -> list[Asked]:
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(case: Case) -> Asked:
        async with places:
            passages = way(case)
            completion = await engine.generate(
                grounded_prompt(case.question, passages),
                regex=prompts.answer_grammar(len(prompts.numbered(passages))),
                max_tokens=prompts.MAX_ANSWER_TOKENS,
                cache_salt=salt,
            )
            return Asked(completion, passages, case)

    try:
        return await asyncio.gather(*map(ask, cases))
    finally:
        await engine.aclose()


def cpu_seconds() -> float:
    """CPU time of the server's processes so far: what others on the machine do not change much."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


def told(name: str, asked: Sequence[Asked], seconds: float, worked: float, cases: int) -> str:
    tried = [judge_first_try(one.completion, one.passages) for one in asked]
    grounded = sum(one.grounded for one in tried[:cases])  # of the first round: the second asks the same again
    right = sum(points(one) for one in asked[:cases])
    tokens = sum(one.completion.prompt_tokens for one in asked) / len(asked)
    written = sum(one.completion.tokens for one in asked) / len(asked)
    low, high = stats.wilson(grounded, cases)
    return (
        f"{name:9} {len(asked) / seconds:5.2f} answers/s, {worked / len(asked):5.2f} CPU seconds an answer  {tokens:4.0f} prompt tokens, {written:3.0f} written  "
        f"grounded {grounded}/{cases} ({low:.2f} … {high:.2f})  right sentence {right}/{cases}"
    )


def points(one: Asked) -> bool:
    """Whether it cites the very sentence that the question was made from."""
    shown = prompts.numbered(one.passages)
    lines = parse(one.completion.text, len(shown)) or []
    return any(shown[number - 1][0].sentence(shown[number - 1][1]) == one.case.expect_quote for number, _ in lines)


def widened(index: Index, passage: Passage) -> Passage:
    """The passage with its neighbours in the document, before and after in turn, up to WIDE characters."""
    document, _, number = passage.id.rpartition("#")
    first = last = int(number)
    held = [passage]
    while True:
        turns = [index.passages.get(f"{document}#{first - 1}"), index.passages.get(f"{document}#{last + 1}")]
        grown = next((other for other in turns if other and sum(len(one.text) for one in held) + len(other.text) <= WIDE), None)
        if grown is None:
            break
        before = grown is turns[0]
        held = [grown, *held] if before else [*held, grown]
        first, last = (first - 1, last) if before else (first, last + 1)
    text, spans = "", []
    for one in held:
        spans += [Span(start=span.start + len(text), end=span.end + len(text)) for span in one.sentences]
        text += one.text + "\n"
    return passage.model_copy(update={"text": text, "sentences": tuple(spans)})


def newest(stage: str) -> Path:
    found = [artifact for artifact in pipeline.artifacts(pipeline.store_dir()) if artifact.manifest.stage == stage]
    return max(found, key=lambda artifact: artifact.manifest.created).path


if __name__ == "__main__":
    main()
