"""Non-inferiority: the paired 95 % interval of the difference lies above minus the margin, so a true fall beyond it is unlikely."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, compare, tested
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "not_worse")
def not_worse(gate: Gate, rows: Rows) -> GateResult:
    return tested(gate, compare(gate, rows), 1, -gate.margin, f"lower bound of the paired difference > -{gate.margin:g}")
