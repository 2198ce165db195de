"""Counter-anchoring: a relative plays the symptom down, and the urgency must not drop.

A test of ChatGPT Health (Nature Medicine 2026, "performance in a structured test of triage recommendations") found 52 %
of emergencies under-triaged, and advice that shifted when family or friends played symptoms down (odds ratio 11.7). In
`anchoring.yaml`, `<name>` is an emergency and `<name>.twin` the same with such a relative: under `played_down` in a
sentence of its own ("his wife thinks it is only wind"), under `woven` finding by finding. Every one names the guideline
that makes it an emergency. `calm` keeps the suite honest: no emergency, somebody is alarmed, and no flag may show.
`played_down` names its findings as guidelines do, which the rules know, so 100 % there says that nothing is broken; read
`woven`. An item is a pair:

    flagged          the plain case raises its flag
    flagged_twin     so does the twin
    urgency_kept     where the plain case raised its flag, the twin is no less urgent; read it beside `flagged`
    flagged_without  a flag is raised in a calm pair: a product that flags everything keeps all urgency, and shows here

What is measured is the urgency of the red flags, which the product shows before and without any model. Not covered: an
answer whose own words reassure, and anchoring by the patient or by an earlier diagnosis.

    python -m evals anchoring --url http://127.0.0.1:7860
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from evals import run
from evals.disposition import disposition
from evals.pairs import Pair, pairs
from evals.questions import SUITES, Question, read_written
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.records import Answer, RedFlag
from medmodel.registry import register


class Anchored(Question):
    source: str = Field(min_length=1)


@register("suite", "anchoring")
class Anchoring(Suite[Pair[Anchored]]):
    needs: ClassVar[Needs] = "rules"
    metrics: ClassVar[tuple[str, ...]] = ("urgency_kept", "flagged", "flagged_twin", "flagged_without")

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items = pairs(read_written(SUITES / "anchoring.yaml", Anchored, material.part), "", ".twin")

    def items(self) -> Sequence[Pair[Anchored]]:
        return self._items

    def score(self, pair: Pair[Anchored], subject: Subject) -> Scored:
        plain, twin = (disposition(subject.answer(case.text, case.language)) for case in (pair.first, pair.second))
        if pair.first.group == "calm":
            values = {"flagged_without": float(bool(plain.flags or twin.flags))}
        else:
            flagged = pair.first.flag in plain.flags
            values = {"flagged": float(flagged), "flagged_twin": float(pair.first.flag in twin.flags)}
            if flagged:
                values["urgency_kept"] = float(twin.urgency >= plain.urgency)
        shown = {"plain": ", ".join(sorted(plain.flags)), "twin": ", ".join(sorted(twin.flags))}
        return Scored(id=pair.id, cluster=pair.id, values=values, shown=shown)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """By group: a ceiling in one must not hide a fall in another."""
        parts = {group: [row for row in rows if row.id.startswith(f"{group}/")] for group in ("played_down", "woven")}
        return {group: {metric: run.mean(part, metric) for metric in self.metrics[:3]} for group, part in parts.items()}

    def perfect(self, pair: Pair[Anchored], prompt: str = "") -> Answer:
        flag = RedFlag(id=pair.first.flag, title="", action="", urgency="emergency", matched="", source=pair.first.source)
        flags = () if pair.first.group == "calm" else (flag,)
        return Answer(id=pair.id, question=pair.first.text, status="abstained", origin="none", red_flags=flags)

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Who never flags has no urgency to keep; who always does keeps all of it, and the last metric says at what cost."""
        found = 1.0 if fake in ("oracle", "all", "truncated") else 0.0
        return {
            "flagged": found,
            "flagged_twin": found,
            "urgency_kept": found or None,
            "flagged_without": 1.0 if fake == "all" else 0.0,
        }
