"""The metric (lower is better) exceeds the baseline's by no more than a share of it, beyond chance: `margin: 0.02` is 2 %."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, compare, tested
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "at_most_increase")
def at_most_increase(gate: Gate, rows: Rows) -> GateResult:
    compared = compare(gate, rows)
    found = compared.difference
    if found.n and found.baseline:
        compared.detail["increase"] = found.difference / found.baseline
    allowed = gate.margin * found.baseline if found.n else 0.0
    return tested(gate, compared, -1, allowed, f"upper bound of the paired difference < {gate.margin:.0%} of the baseline")
