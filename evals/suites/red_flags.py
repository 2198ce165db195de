"""Findings that a guideline calls an emergency raise their flag, every one, with the model stopped.

The questions are in `red_flags.yaml`, English and Chinese, each with the guideline that makes it an emergency and the
rule that must fire. Those under `explicit` are a specification: the rules were written with them in sight, so 100 %
says that nothing is broken, not that nothing is missed. `reworded` asks for the same emergencies in other words, and by now
the rules know them too; `python -m evals redflags` takes items that nobody has looked at. `none` are ordinary questions,
since a banner on everything is read by nobody. Not covered: emergencies that must be inferred from several findings.

    python -m evals red_flags --url http://127.0.0.1:7860
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from evals.questions import Question, read_questions
from evals.suite import Expected, Needs, Scored, Subject, Suite
from medmodel.records import Answer, RedFlag
from medmodel.registry import register

METRICS = {"explicit": "flagged", "reworded": "flagged_reworded", "none": "flagged_without"}  # by group of the YAML


@register("suite", "red_flags")
class RedFlags(Suite[Question]):
    needs: ClassVar[Needs] = "rules"
    metrics: ClassVar[tuple[str, ...]] = tuple(METRICS.values())

    def items(self) -> Sequence[Question]:
        return read_questions("red_flags")

    def score(self, question: Question, subject: Subject) -> Scored:
        flags = [flag.id for flag in subject.answer(question.text, question.language).red_flags]
        fired = bool(flags) if question.group == "none" else question.flag in flags
        return Scored(
            id=question.id,
            cluster=question.id,
            values={METRICS[question.group]: float(fired)},
            shown={"flags": ", ".join(flags)},
        )

    def perfect(self, question: Question, prompt: str = "") -> Answer:
        flag = RedFlag(id=question.flag, title="", action="", urgency="emergency", matched="", source=question.source)
        shown = () if question.group == "none" else (flag,)
        return Answer(id=question.id, question=question.text, status="abstained", origin="none", red_flags=shown)

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Flags on everything find every emergency, and the last metric says what that costs."""
        found = 1.0 if fake in ("oracle", "all", "truncated") else 0.0
        return {"flagged": found, "flagged_reworded": found, "flagged_without": 1.0 if fake == "all" else 0.0}
