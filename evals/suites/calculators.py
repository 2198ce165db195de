"""A question that needs a calculator gets the right one, with the right number and unit, or is asked for what is missing.

The questions are in `calculators.yaml`, English and Chinese, each with the source of its formula and the working of its
value by hand. `right_tool` is the first tool offered; `right_value` its result, within the source's own precision and in
its unit; `asked`: nothing is computed, and exactly what is missing is asked for; `offered_without` counts ordinary
questions that were offered a calculator. The product reads and computes by rule, so it is asked without a model. The
questions were written by the author of the rules, most of them before the first run and the last 22 computed ones after
it: `docs/evidence.md` has the first runs. Not covered: forms, and what a model would do with
the tools (MedCalc-Bench: `medcalc`).

    python -m evals calculators --url http://127.0.0.1:7860
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from evals.questions import SUITES, Question, read_written
from evals.slices import rates
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.records import Answer, ToolInput, ToolOffer, ToolResult, ToolSource
from medmodel.registry import register


class Sum(Question):
    """A question with the tool it needs, and either its value or what must be asked for."""

    tool: str = ""
    value: float | str | None = None
    unit: str = ""
    within: float = 0.0  # of the value, as far as the source's own precision goes
    missing: tuple[str, ...] = ()
    working: str = ""  # how the value follows from the formula


@register("suite", "calculators")
class Calculators(Suite[Sum]):
    needs: ClassVar[Needs] = "rules"
    metrics: ClassVar[tuple[str, ...]] = ("right_tool", "right_value", "asked", "offered_without")

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items = read_written(SUITES / "calculators.yaml", Sum, material.part)

    def items(self) -> Sequence[Sum]:
        return self._items

    def score(self, question: Sum, subject: Subject) -> Scored:
        offers = subject.answer(question.text, question.language).tools
        first = offers[0] if offers else None
        values = {}
        if question.group == "none":
            values["offered_without"] = float(first is not None)
        else:
            right = first is not None and first.tool == question.tool
            values["right_tool"] = float(right)
            if question.group == "computed":
                values["right_value"] = float(right and _as_expected(first, question))
            else:
                values["asked"] = float(right and _asks(first, question))
        shown = {"tool": first.tool if first else "none", "language": question.language}
        return Scored(id=question.id, cluster=question.tool or question.id, values=values, shown=shown)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return {metric: rates(rows, metric, "language") for metric in self.metrics}

    def perfect(self, question: Sum, prompt: str = "") -> Answer:
        return Answer(id=question.id, question=question.text, status="abstained", origin="none", tools=_offered(question))

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Words are no offer: whoever only talks offers no tool, and what is cut off had offered it already."""
        right = 1.0 if fake in ("oracle", "truncated") else 0.0
        return {"right_tool": right, "right_value": right, "asked": right, "offered_without": 0.0}


def _as_expected(offer: ToolOffer | None, question: Sum) -> bool:
    if offer is None or offer.result is None or offer.result.unit != question.unit:
        return False
    got, wanted = offer.result.value, question.value
    if isinstance(got, float) and isinstance(wanted, float):
        return abs(got - wanted) <= question.within * 1.001  # 1.001: 0.1 is no binary fraction
    return got == wanted


def _asks(offer: ToolOffer | None, question: Sum) -> bool:
    return offer is not None and offer.result is None and {wanted.name for wanted in offer.missing} == set(question.missing)


def _offered(question: Sum) -> tuple[ToolOffer, ...]:
    if question.group == "none":
        return ()
    about: dict[str, Any] = {"tool": question.tool, "title": question.tool}
    if question.group == "asked":
        wanted = tuple(ToolInput(name=name, title=name, kind="number") for name in question.missing)
        return (ToolOffer(**about, missing=wanted),)
    assert question.value is not None, f"{question.id} says no value"
    source = ToolSource(citation=question.source, version="by hand")
    done = ToolResult(**about, value=question.value, unit=question.unit, interpretation=question.working, source=source)
    return (ToolOffer(**about, result=done),)
