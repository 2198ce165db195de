"""Findings that a guideline calls an emergency raise a flag, every one, with the model stopped.

The questions are in `red_flags.yaml`, English and Chinese, each with the guideline that makes it an emergency. They are
*explicit*: the finding stands in the question in ordinary words. Questions without one are counted when a flag shows,
since a banner on everything is read by nobody. Not covered: emergencies that must be inferred from several findings.

    python -m evals red_flags --url http://127.0.0.1:7860
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from evals.questions import Question, read_questions
from evals.suite import Needs, Scored, Subject, Suite
from medmodel.registry import register


@register("suite", "red_flags")
class RedFlags(Suite[Question]):
    needs: ClassVar[Needs] = "rules"
    metrics: ClassVar[tuple[str, ...]] = ("flagged", "flagged_without")

    def items(self) -> Sequence[Question]:
        return read_questions("red_flags")

    def score(self, question: Question, subject: Subject) -> Scored:
        flags = subject.answer(question.text, question.language).red_flags
        metric = "flagged" if question.group == "explicit" else "flagged_without"
        return Scored(
            id=question.id,
            cluster=question.id,
            values={metric: float(bool(flags))},
            shown={"flags": ", ".join(flag.id for flag in flags)},
        )
