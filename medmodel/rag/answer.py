"""One question to one checked answer: red flags, refusal, retrieval, generation, support check, fallback.

    1. red flags by rule, before anything else: they show even when no model runs
    2. an unsafe request is refused
    3. retrieve; sentences that are orders to a model are withheld (`injection`); when the evidence is too weak, abstain and show the nearest passages
    4. the model writes `[number] sentence` lines under a grammar; the first try is judged as it stands (the gate scores it)
    5. a first try that is not grounded gets one repair: the question again, over the best passage alone (`repair`)
    6. a repair that fails gives way to quotes: the sentences nearest to the question, labelled as quotes

What is shown is therefore either the model's and supported, or a quote, or nothing. An engine that is missing or fails
leads straight to quotes, with a notice.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

from langchain_core.retrievers import BaseRetriever

from medmodel import prompts
from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Engine
from medmodel.rag.citations import judge_first_try, parse, resolve
from medmodel.rag.index import chinese, coverage
from medmodel.rag.injection import withhold
from medmodel.rag.nearest import grounded_prompt, nearest
from medmodel.records import Answer, Claim, FirstTry, Passage, Withheld
from medmodel.safety import red_flags, refusal

CONSIDERED = 6  # passages that are searched for orders to a model: those shown, and some to take the place of one left out
SHOWN = 3  # passages in the prompt: with about 125 tokens each, question and rules stay under 700 prompt tokens
# Below this cosine of the best passage the references do not answer. 42 questions on training guidelines: none below
# (lowest 0.556). 22 on other subjects: 20 below; above were lupus (0.567) and onychomycosis (0.590). Word coverage told less.
WEAKEST_COSINE = 0.53
WEAKEST_COVERAGE = 0.5  # for Chinese, which the embedded embedder does not know: half of the question's words in one passage
QUOTES = 2  # sentences of an extractive answer
# A second quote further from the question than this is noise; of 320 made for training guidelines 4 were.
QUOTE_NEARNESS = {"en": 0.75, "zh": 0.35}

Language = Literal["en", "zh"]
OnEvent = Callable[[str, Any], None]
Found = list[tuple[Passage, float]]
Screen = Callable[[Sequence[tuple[Passage, float]]], tuple[Found, tuple[Withheld, ...]]]

NOTICES = {
    "abstained": {
        "en": "The references do not answer this question. The nearest passages are shown.",
        "zh": "参考资料未回答此问题。以下为最接近的段落。",
    },
    "no engine": {
        "en": "The model is not running: these are quotes from the references, chosen by similarity.",
        "zh": "模型未运行：以下为按相似度选出的参考资料原文。",
    },
    "extractive": {
        "en": "The model's own answer did not pass the check against its sources: these are quotes from the references.",
        "zh": "模型的回答未通过来源核对：以下为参考资料原文。",
    },
    "fake": {
        "en": "A scripted engine answered: a fake for tests and tours, not a model.",
        "zh": "此回答来自脚本引擎：仅供测试与演示，并非模型。",
    },
}


class Answerer:
    """Answers from what `retriever` finds, with `engine`'s words where they hold up."""

    def __init__(
        self,
        retriever: BaseRetriever,
        engine: Engine | None,
        release: str = "",
        repair: bool = True,
        screen: Screen = withhold,
    ) -> None:
        self._retriever = retriever
        self._engine = engine
        self._release = release
        self._repair = repair
        self._screen = screen

    async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
        """Answer one question, reporting each step to `on_event` (see POST /v1/answers for the events)."""
        started = time.monotonic()
        tell = on_event or (lambda name, payload: None)
        flags = red_flags(question, language)
        for flag in flags:
            tell("flag", flag)
        engine = self._engine
        about = {
            "id": uuid.uuid4().hex,
            "question": question,
            "language": language,
            "red_flags": flags,
            "release": self._release,
            "engine": engine.name if engine else "none",
            "fake": bool(engine and engine.fake),
        }

        used: list[Completion] = []

        def done(**fields: Any) -> Answer:
            cost = {"seconds": round(time.monotonic() - started, 3), **_tokens(used)}
            answer = Answer.model_validate({**about, **fields, **cost})
            tell("done", answer)
            return answer

        refused = refusal(question, language)
        if refused:
            return done(status="refused", origin="none", notice=refused)
        tell("status", {"stage": "retrieving"})
        found, withheld = await asyncio.to_thread(self._screen, (await self.retrieve(question))[:CONSIDERED])
        about["withheld"] = withheld
        passages = [passage for passage, _ in found[:SHOWN]]
        if not _answerable(question, found[:SHOWN]):
            tell("evidence", {"passages": passages})
            return done(status="abstained", origin="none", passages=passages, notice=NOTICES["abstained"][language])
        tell("evidence", {"passages": passages})
        tried: FirstTry | None = None
        claims: tuple[Claim, ...] = ()
        origin: Literal["model", "repaired", "extractive", "none"] = "extractive"
        notice = NOTICES["no engine"][language]
        if engine is not None:
            try:
                tell("status", {"stage": "writing"})
                tried = await self._try(engine, question, passages, tell, used)
                tell("status", {"stage": "checking"})
                if tried.grounded:
                    claims, origin = _claims(tried, passages), "model"
                elif tried.abstained:
                    return done(
                        status="abstained",
                        origin="none",
                        passages=passages,
                        first_try=tried,
                        notice=NOTICES["abstained"][language],
                    )
                elif self._repair:
                    repaired = await self._try(engine, question, passages[:1], tell, used)
                    if repaired.grounded:
                        claims, origin = _claims(repaired, passages[:1]), "repaired"
                notice = NOTICES["fake"][language] if engine.fake else "" if claims else NOTICES["extractive"][language]
            except EngineError:
                tried, claims = None, ()
        if not claims:
            claims = await asyncio.to_thread(_quotes, question, passages)
        for claim in claims:
            tell("claim", claim)
        return done(status="answered", origin=origin, claims=claims, passages=passages, first_try=tried, notice=notice)

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]:
        """(passage, cosine) best first: what an answer to this question rests on."""
        return await asyncio.to_thread(self._retrieve, question)

    async def _try(
        self, engine: Engine, question: str, passages: Sequence[Passage], tell: OnEvent, used: list[Completion]
    ) -> FirstTry:
        completion = await engine.generate(
            await asyncio.to_thread(grounded_prompt, question, passages),
            regex=prompts.answer_grammar(len(prompts.numbered(passages))),
            max_tokens=prompts.MAX_ANSWER_TOKENS,
            on_text=lambda text: tell("delta", {"text": text}),
        )
        used.append(completion)
        return judge_first_try(completion, passages)

    def _retrieve(self, question: str) -> list[tuple[Passage, float]]:
        return [(hit.metadata["passage"], hit.metadata["cosine"]) for hit in self._retriever.invoke(question)]


def _tokens(used: Sequence[Completion]) -> dict[str, int | None]:
    """What the completions cost; a server that counts nothing says 0, and no completion has an empty prompt."""
    known = all(completion.prompt_tokens for completion in used)
    return {
        "prompt_tokens": sum(completion.prompt_tokens for completion in used) if known else None,
        "tokens": sum(completion.tokens for completion in used) if known else None,
    }


def _claims(tried: FirstTry, passages: Sequence[Passage]) -> tuple[Claim, ...]:
    lines = parse(tried.text, len(prompts.numbered(passages)))
    assert lines is not None, "a grounded answer parses"
    return resolve(lines, passages)


def _answerable(question: str, found: Sequence[tuple[Passage, float]]) -> bool:
    if chinese(question):
        return any(coverage(question, passage.text) >= WEAKEST_COVERAGE for passage, _ in found)
    return any(cosine >= WEAKEST_COSINE for _, cosine in found)


def _quotes(question: str, passages: Sequence[Passage]) -> tuple[Claim, ...]:
    """The sentences nearest to the question, as they stand; always at least one."""
    least = QUOTE_NEARNESS["zh" if chinese(question) else "en"]
    best, *others = nearest(question, passages)[:QUOTES]
    kept = sorted([best[0], *(number for number, nearness in others if nearness >= least)])
    sentences = [prompts.one_line(passage.sentence(at)) for passage, at in prompts.numbered(passages)]
    return resolve([(number, sentences[number - 1]) for number in kept], passages)
