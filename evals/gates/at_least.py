"""The candidate's own value keeps above a floor that a clinician set: the lower bound of its 95 % interval does."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, held_against
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "at_least")
def at_least(gate: Gate, rows: Rows) -> GateResult:
    return held_against(gate, rows, 1, f"lower bound ≥ {gate.value:g}")
