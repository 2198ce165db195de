"""The candidate's own value keeps below a ceiling: the upper bound of its 95 % interval does. Refusals, seconds, gigabytes."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, held_against
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "at_most")
def at_most(gate: Gate, rows: Rows) -> GateResult:
    return held_against(gate, rows, -1, f"upper bound ≤ {gate.value:g}")
