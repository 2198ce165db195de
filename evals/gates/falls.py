"""The metric is lower than the baseline's beyond chance: the paired 95 % interval of the difference lies below 0."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, compare, tested
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "falls")
def falls(gate: Gate, rows: Rows) -> GateResult:
    return tested(gate, compare(gate, rows), -1, 0.0, "upper bound of the paired difference < 0")
