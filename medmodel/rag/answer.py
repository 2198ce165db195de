"""One question to one checked answer: red flags, refusal, retrieval, generation, support check, fallback.

    1. red flags by rule, before anything else: they show even when no model runs; what an answer itself calls an emergency
       is flagged at the end
    2. an unsafe request is refused
    3. retrieve; sentences that are orders to a model are withheld (`injection`); when the passages do not answer
       (`abstention`), abstain and show the nearest
    4. the sentences nearest to the question are the evidence; where their sources differ, both are shown (`conflicts`)
    5. the model writes `[number] sentence` lines under a grammar; the first try is judged as it stands (the gate scores it)
    6. a sentence that its source does not support is left out, or marked (`unsupported`)
    7. a first try of which nothing holds gets one repair: the question again, over the best passage alone (`repair`)
    8. a repair that fails gives way to quotes: the sentences nearest to the question, labelled as quotes
    9. under the answer to a case: what its references say must not be missed and is likely (`differential`), and findings that
       it does not give and its quotes turn on (`depends`)

What is shown is therefore either the model's and supported (or marked as not), or a quote, or nothing; the nearest comes
first. An engine that is missing or fails, or has no Chinese for a Chinese question, leads straight to quotes, with a notice;
so do English references for a Chinese question, since no Chinese sentence can be checked against them.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langchain_core.retrievers import BaseRetriever

from medmodel import prompts
from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Engine
from medmodel.rag.abstention import Rarity, answerable, typical
from medmodel.rag.citations import judge_first_try, parse, rechecked, resolve
from medmodel.rag.conflicts import conflicts
from medmodel.rag.depends import depends
from medmodel.rag.differential import differential
from medmodel.rag.injection import withhold
from medmodel.rag.nearest import evidence, grounded_prompt, nearest, taken
from medmodel.rag.vignette import asks_what, described
from medmodel.rag.words import chinese
from medmodel.records import Answer, CaseNotes, Claim, Diagnosis, FirstTry, Passage, Withheld
from medmodel.safety import answer_flags, red_flags, refusal

NEAREST = 3  # passages shown when the answer is withheld
QUOTES = 2  # sentences of an extractive answer
# A second quote further from the question than this is noise; of 320 made for training guidelines 4 were.
QUOTE_NEARNESS = 0.75

Language = Literal["en", "zh"]
Unsupported = Literal["drop", "mark"]  # what becomes of a sentence that its source does not support, beside some that it does
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
    "no Chinese": {
        "en": "This model does not write Chinese: these are quotes from the references, chosen by similarity.",
        "zh": "此模型不会中文：以下为按相似度选出的参考资料原文。",
    },
    "English": {
        "en": "The references on this are in English: these are quotes from them as they stand, chosen by similarity.",
        "zh": "相关参考资料为英文，中文表述无法与其逐句核对：以下为按相似度选出的英文原文，未经翻译。",
    },
    "extractive": {
        "en": "The model's own answer did not pass the check against its sources: these are quotes from the references.",
        "zh": "模型的回答未通过来源核对：以下为参考资料原文。",
    },
    "dropped": {
        "en": "Part of what the model wrote was left out: the sentence it cited does not support it.",
        "zh": "模型所写的部分内容已略去：其所引句子不支持该内容。",
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
        unsupported: Unsupported = "drop",
        writes_chinese: bool = True,
        held: Mapping[str, Passage] | None = None,
        withdrawn: Callable[[str], str | None] = lambda passage_id: None,
        screen: Screen = withhold,
        rare: Rarity = typical,
    ) -> None:
        """`held`: the passages of the index, and `withdrawn` why one has left it, for `recheck`. `rare`: how rare a word is
        in them (`abstention.rarity`)."""
        self._retriever = retriever
        self._engine = engine
        self._release = release
        self._repair = repair
        self._unsupported = unsupported
        self._writes_chinese = writes_chinese
        self._held = held
        self._withdrawn = withdrawn
        self._screen = screen
        self._rare = rare

    async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
        """Answer one question, reporting each step to `on_event` (see POST /v1/answers for the events)."""
        started = time.monotonic()
        tell = on_event or (lambda name, payload: None)
        flags = red_flags(question, language)
        for flag in flags:
            tell("flag", flag)
        engine = self._engine
        about: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "question": question,
            "language": language,
            "red_flags": flags,
            "release": self._release,
            "engine": engine.name if engine else "none",
            "fake": bool(engine and engine.fake),
        }

        used: list[Completion] = []
        diagnoses: tuple[Diagnosis, ...] = ()

        def done(**fields: Any) -> Answer:
            if not flags:  # the banner is there already otherwise
                about["red_flags"] = answer_flags(" ".join(claim.text for claim in fields.get("claims", ())), language)
                for flag in about["red_flags"]:
                    tell("flag", flag)
            if described(question) and fields["status"] != "refused":
                turns_on = depends(question, fields.get("claims", ()))
                about["case"] = CaseNotes(asks_what=asks_what(question), diagnoses=diagnoses, depends=turns_on)
            cost = {"seconds": round(time.monotonic() - started, 3), **_tokens(used)}
            answer = Answer.model_validate({**about, **fields, **cost})
            tell("done", answer)
            return answer

        refused = refusal(question, language)
        if refused:
            return done(status="refused", origin="none", notice=refused)
        tell("status", {"stage": "retrieving"})
        found, withheld = await asyncio.to_thread(self._screen, await self.retrieve(question))
        about["withheld"] = withheld
        if described(question) and asks_what(question):
            diagnoses = await asyncio.to_thread(self._diagnoses, question)
        if not await asyncio.to_thread(answerable, question, found, self._rare):
            passages = tuple(passage for passage, _ in found[:NEAREST])
            tell("evidence", {"passages": passages})
            return done(status="abstained", origin="none", passages=passages, notice=NOTICES["abstained"][language])
        passages = await asyncio.to_thread(evidence, question, _standing([passage for passage, _ in found]))
        tell("evidence", {"passages": passages})
        seen: dict[str, Any] = {"passages": passages, "conflicts": await asyncio.to_thread(conflicts, passages)}
        tried: FirstTry | None = None
        claims: tuple[Claim, ...] = ()
        origin: Literal["model", "repaired", "extractive", "none"] = "extractive"
        notice = NOTICES["no engine"][language]
        if chinese(question) and not any(chinese(passage.text) for passage in passages):
            notice = NOTICES["English"][language]
        elif engine is not None and chinese(question) and not self._writes_chinese:
            notice = NOTICES["no Chinese"][language]
        elif engine is not None:
            try:
                tell("status", {"stage": "writing"})
                tried = await self._try(engine, question, passages, tell, used)
                tell("status", {"stage": "checking"})
                if tried.abstained:
                    notice = NOTICES["abstained"][language]
                    return done(status="abstained", origin="none", first_try=tried, notice=notice, **seen)
                claims, origin = _claims(tried, passages, self._unsupported), "model"
                dropped = bool(claims) and not tried.grounded and self._unsupported == "drop"
                if not claims and self._repair:
                    repaired = await self._try(engine, question, passages[:1], tell, used)
                    if repaired.grounded:
                        claims, origin = _claims(repaired, passages[:1], self._unsupported), "repaired"
                notice = NOTICES["dropped"][language] if dropped else "" if claims else NOTICES["extractive"][language]
                notice = NOTICES["fake"][language] if engine.fake else notice
            except EngineError:
                tried, claims = None, ()
        if not claims:
            claims, origin = await asyncio.to_thread(_quotes, question, passages), "extractive"
        for claim in claims:
            tell("claim", claim)
        return done(status="answered", origin=origin, claims=claims, first_try=tried, notice=notice, **seen)

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]:
        """(passage, cosine) best first: what an answer to this question rests on."""
        return await asyncio.to_thread(self._retrieve, question)

    def recheck(self, answer: Answer) -> Answer:
        """An answer given before, against the references as they are now: what is gone or retracted is marked."""
        return rechecked(answer, self._held, self._withdrawn) if self._held is not None else answer

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

    def _diagnoses(self, case: str) -> tuple[Diagnosis, ...]:
        """Of the lists that the references have for the case's complaints; sentences that are orders to a model are none."""
        held = self._held or {}
        listed = differential(case, lambda text: [passage for passage, _ in self._retrieve(text)], held)
        cited = {citation.passage_id for one in listed for citation in one.citations}
        _, withheld = self._screen([(held[passage_id], 0.0) for passage_id in sorted(cited)])
        orders = {one.passage_id for one in withheld}
        return tuple(one for one in listed if not orders & {citation.passage_id for citation in one.citations})

    def _retrieve(self, question: str) -> list[tuple[Passage, float]]:
        return taken(self._retriever.invoke(question))


def _tokens(used: Sequence[Completion]) -> dict[str, int | None]:
    """What the completions cost; a server that counts nothing says 0, and no completion has an empty prompt."""
    known = all(completion.prompt_tokens for completion in used)
    return {
        "prompt_tokens": sum(completion.prompt_tokens for completion in used) if known else None,
        "tokens": sum(completion.tokens for completion in used) if known else None,
    }


def _standing(passages: Sequence[Passage]) -> list[Passage]:
    """Passages of sources that still stand before those of retracted or superseded ones, which are shown as that."""
    return sorted(passages, key=lambda passage: passage.source.status != "current")


def _claims(tried: FirstTry, passages: Sequence[Passage], unsupported: Unsupported) -> tuple[Claim, ...]:
    """What may be shown of what a model wrote; none when no sentence of it holds."""
    lines = parse(tried.text, len(prompts.numbered(passages))) if tried.well_formed else None
    claims = resolve(lines or (), passages)
    supported = tuple(claim for claim in claims if claim.verdict == "supported")
    return claims if supported and unsupported == "mark" else supported


def _quotes(question: str, passages: Sequence[Passage]) -> tuple[Claim, ...]:
    """The sentences nearest to the question, as they stand, the nearest first; always at least one."""
    best, *others = nearest(question, passages)[:QUOTES]
    kept = [best[0], *(number for number, nearness in others if nearness >= QUOTE_NEARNESS)]
    sentences = [prompts.one_line(passage.sentence(at)) for passage, at in prompts.numbered(passages)]
    return resolve([(number, sentences[number - 1]) for number in kept], passages)
