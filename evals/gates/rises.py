"""The metric is higher than the baseline's beyond chance: the paired 95 % interval of the difference lies above 0."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, compare, tested
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "rises")
def rises(gate: Gate, rows: Rows) -> GateResult:
    return tested(gate, compare(gate, rows), 1, 0.0, "lower bound of the paired difference > 0")
