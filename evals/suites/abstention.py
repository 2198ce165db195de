"""Evidence or silence: what the references answer is answered, and what they do not answer is not.

    silent       of the questions whose guideline the index at hand does not hold: the answer was withheld
    over_silent  of those whose guideline it holds: no supported sentence was shown all the same; lower is better
    right_source of these: a sentence shown as supported is of that guideline
    nearest      of all answers that were withheld: the nearest passages were shown instead

One set of questions for both: each (`abstention.yaml`) is answered by one guideline of the open references and by no other,
so with it the references answer, and an index without it is silent on a clinical question whose neighbours it holds. The
suite asks any product and looks at the index which it is; without the index at hand (`--url` alone) all are taken as
held. `python -m evals.silence` asks every question twice, with its guideline and without. Shown apart: what the model wrote
and what was quoted. `abstention_zh` asks the same of Chinese questions over the same English references, whose answers are
quotes. Not covered: whether an answer is right (`grounding`, `omissions`).

    python -m evals abstention --url http://127.0.0.1:7860 --part dev
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.questions import SUITES, Question, read_written
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.rag.citations import cite
from medmodel.records import Answer, Claim, Passage, Source, Span
from medmodel.registry import register


class Asked(Question):
    document: str  # id of the one source that answers


@register("suite", "abstention")
class Abstention(Suite[Asked]):
    needs: ClassVar[Needs] = "product"
    metrics: ClassVar[tuple[str, ...]] = ("silent", "over_silent", "right_source", "nearest")
    written: ClassVar[str] = "abstention.yaml"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items = read_written(SUITES / self.written, Asked, material.part)

    def items(self) -> Sequence[Asked]:
        return self._items

    def score(self, question: Asked, subject: Subject) -> Scored:
        answer = subject.answer(question.text, question.language)
        cited = {c.source.id for claim in answer.claims if claim.verdict == "supported" for c in claim.citations}
        values = {"silent": float(answer.status == "abstained")}
        if self._holds(question.document):
            values = {"over_silent": float(not cited), "right_source": float(question.document in cited)}
        if answer.status == "abstained":
            values["nearest"] = float(bool(answer.passages) and not answer.claims)
        shown = {"status": answer.status, "origin": answer.origin, "source": question.document}
        return Scored(id=question.id, cluster=question.document, values=values, shown=shown)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """How often each kind of answer was given: where the references answer, and where they do not."""
        return {
            name: dict(Counter(row.shown["origin"] for row in rows if metric in row.values))
            for name, metric in (("held", "over_silent"), ("not_held", "silent"))
        }

    def _holds(self, source: str) -> bool:
        passages = self.material.passages.values()
        return not passages or any(passage.source.id == source for passage in passages)

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        """An index with one guideline of each language's questions: those on it are answerable, all others are not."""
        return Material(passages={"a": _passage("acr_gout_2020"), "b": _passage("aba_burn_2016")})

    def perfect(self, question: Asked, prompt: str = "") -> Answer:
        about = {"id": question.id, "question": question.text, "language": question.language}
        passage = _passage(question.document)
        if not self._holds(question.document):
            return Answer.model_validate({**about, "status": "abstained", "origin": "none", "passages": (passage,)})
        claim = Claim(text=passage.text, citations=(cite(passage, 0, 1),), verdict="supported")
        answered = {"status": "answered", "origin": "model", "claims": (claim,), "passages": (passage,)}
        return Answer.model_validate({**about, **answered})

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """To talk is not to answer: without a citation nothing counts. A refusal is not silence for want of evidence."""
        knows = fake in ("oracle", "truncated")
        return {
            "silent": float(knows),
            "over_silent": float(not knows),
            "right_source": float(knows),
            "nearest": 1.0 if knows else None,
        }


@register("suite", "abstention_zh")
class AbstentionZh(Abstention):
    """The same of Chinese questions: a suite of its own, so that neither language's figure moves the other's."""

    written: ClassVar[str] = "abstention_zh.yaml"


def _passage(source: str) -> Passage:
    text = "What the source says."
    return Passage(
        id=f"{source}/a#0",
        document_id=f"{source}/a",
        text=text,
        start=0,
        end=len(text),
        sentences=(Span(start=0, end=len(text)),),
        source=Source(id=source, title="made up", licence="CC0-1.0", tier="guideline"),
    )
