"""Non-inferiority: the paired 95 % interval of the difference lies above minus the margin, so a true fall beyond it is unlikely."""

from __future__ import annotations

from evals.profiles import Gate, Rows, compare
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "not_worse")
def not_worse(gate: Gate, rows: Rows) -> GateResult:
    difference, detail = compare(gate, rows)
    low = difference.interval.low if difference.interval else None
    return GateResult(
        gate=gate.name,
        passed=low is not None and low > -gate.margin,
        value=difference.value if difference.n else None,
        baseline=difference.baseline if difference.n else None,
        interval=difference.interval,
        n=difference.n,
        rule=f"lower bound of the paired difference > -{gate.margin:g}",
        missed_by=-gate.margin - low if low is not None and low <= -gate.margin else None,
        detail=detail,
    )
