"""First-try grounding: does the model itself point at a numbered sentence and repeat it, before anything is repaired?

Questions from held-out guidelines, asked through the product's front door; base and candidate get the same index, the
same passages and the same grammar, so retrieval does not tell them apart. Scored for each case:

    well_formed      the first try parses, is complete and cites only sentences that exist
    grounded         well formed, answers (does not abstain), and every sentence passes the product's support check
    model_written    what the reader sees is the model's text (neither repaired nor quotes put in its place)
    right_sentence   the first try cites the very sentence the question was made from: pointing, where `grounded` alone
                     is also met by always copying sentence 1
    right_source     a citation shown is of the guideline the question was made from
    citations_valid  every quote shown is byte for byte what the index holds in the named passage, and no sentence
                     counts as supported without one

`grounded` and `well_formed` are LongCite's idea at its tersest (arXiv 2409.02897); ALCE (arXiv 2305.14627) is the
measure for longer answers. Not covered: whether another sentence than the expected one answers the question as well.

    python -m evals grounding --url http://127.0.0.1:7860 --cases cases.jsonl
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel import prompts
from medmodel.errors import EngineError
from medmodel.models.engine import Completion
from medmodel.rag.citations import cite, judge_first_try, parse
from medmodel.records import Answer, Case, Citation, Claim, FirstTry, Passage, Source, Span
from medmodel.registry import register

FEWEST = 10  # first tries that cite anything: fewer show no habit
DEGENERATE = 0.9  # share of first tries that cite one and the same number: it copies a place, it does not point


@register("suite", "grounding")
class Grounding(Suite[Case]):
    needs: ClassVar[Needs] = "product"
    metrics: ClassVar[tuple[str, ...]] = (
        "grounded",
        "well_formed",
        "right_sentence",
        "model_written",
        "right_source",
        "citations_valid",
    )

    def items(self) -> Sequence[Case]:
        return self.material.cases

    def score(self, case: Case, subject: Subject) -> Scored:
        answer = subject.answer(case.question, case.language)
        tried = answer.first_try
        if tried is None and answer.status == "answered":
            raise EngineError("the product answered without asking its model")
        values = {
            "well_formed": float(tried is not None and tried.well_formed),
            "grounded": float(tried is not None and tried.grounded and not tried.abstained),
            "model_written": float(answer.origin == "model"),
        }
        if case.expect_quote:
            values["right_sentence"] = float(case.expect_quote in _cited(answer).values())
        citations = [citation for claim in answer.claims for citation in claim.citations]
        if case.expect_source:
            values["right_source"] = float(any(citation.source.id == case.expect_source for citation in citations))
        if answer.claims:
            bare = any(claim.verdict == "supported" and not claim.citations for claim in answer.claims)
            values["citations_valid"] = float(not bare and all(self._is_valid(citation, answer) for citation in citations))
        return Scored(
            id=case.id,
            cluster=case.expect_source or case.id,
            values=values,
            shown={"question": case.question, **_first_try(tried)},
            answer=answer,
        )

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        answers = [row.answer for row in rows if row.answer]
        return {
            "cited_first": {str(number): count for number, count in sorted(_first_numbers(rows).items())},
            "degenerate": bool(self.degenerate(rows)),
            "status": dict(Counter(answer.status for answer in answers)),
            "origin": dict(Counter(answer.origin for answer in answers)),
            "abstained_first": sum(1 for answer in answers if answer.first_try and answer.first_try.abstained),
            "never_asked": sum(1 for answer in answers if answer.first_try is None),  # evidence below the threshold
        }

    @classmethod
    def degenerate(cls, rows: Sequence[Scored]) -> Sequence[str]:
        """Copying one place is no pointing; `grounded` is met by it, which is why the two are gated side by side."""
        numbers = _first_numbers(rows)
        habit = numbers.total() >= FEWEST and max(numbers.values()) / numbers.total() > DEGENERATE
        return ("right_sentence",) if habit else ()

    def _is_valid(self, citation: Citation, answer: Answer) -> bool:
        """Against the index itself; without one (`--url` alone), against the passage that came with the answer."""
        held: dict[str, Passage] = dict(self.material.passages) or {passage.id: passage for passage in answer.passages}
        passage = held.get(citation.passage_id)
        return passage is not None and bool(citation.quote) and passage.text[citation.start : citation.end] == citation.quote

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        facts = {topic: f"Take {number} mg of {topic} a day." for number, topic in enumerate(("alphin", "betin", "gammin"), 5)}
        passages = [
            Passage(
                id=f"{topic}/a#0",
                document_id=f"{topic}/a",
                text=fact,
                start=0,
                end=len(fact),
                sentences=(Span(start=0, end=len(fact)),),
                source=Source(id=topic, title=topic, licence="CC0-1.0", tier="guideline"),
            )
            for topic, fact in facts.items()
        ]
        cases = [
            Case(id=topic, question=f"How much {topic} a day?", expect_source=topic, expect_quote=fact)
            for topic, fact in facts.items()
        ]
        return Material(cases=cases, passages={passage.id: passage for passage in passages})

    def perfect(self, case: Case, prompt: str = "") -> Answer:
        passages = tuple(self.material.passages.values())
        number = next(at for at, (passage, _) in enumerate(prompts.numbered(passages), 1) if passage.text == case.expect_quote)
        text = prompts.answer_line(number, case.expect_quote or "")
        return Answer(
            id=case.id,
            question=case.question,
            status="answered",
            origin="model",
            claims=(
                Claim(text=case.expect_quote or "", citations=(cite(passages[number - 1], 0, number),), verdict="supported"),
            ),
            passages=passages,
            first_try=judge_first_try(Completion(text=text, finish_reason="stop"), passages),
        )

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """What is said without a citation is marked so, and lies about no quote; what is cut off still shows whole quotes."""
        return {
            **super().truth(fake),
            "model_written": float(fake != "refusal"),
            "right_source": float(fake in ("oracle", "truncated")),
            "citations_valid": None if fake in ("empty", "refusal") else 1.0,
        }


def _cited(answer: Answer) -> dict[int, str]:
    """Sentence number -> sentence, as the first try cites them; empty when it cites none, or not well."""
    shown = prompts.numbered(answer.passages)
    lines = parse(answer.first_try.text, len(shown)) if answer.first_try and answer.first_try.well_formed else None
    return {number: shown[number - 1][0].sentence(shown[number - 1][1]) for number, _ in lines or ()}


def _first_numbers(rows: Sequence[Scored]) -> Counter[int]:
    """How often each sentence number is the first that a first try cites."""
    return Counter(min(cited) for cited in (_cited(row.answer) for row in rows if row.answer) if cited)


def _first_try(tried: FirstTry | None) -> dict[str, str]:
    if tried is None:
        return {"first_try": "", "reason": "the model was not asked: the evidence found was too weak"}
    return {"first_try": tried.text, "reason": tried.reason, "finish_reason": tried.finish_reason}
