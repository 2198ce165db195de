"""The metric is higher than the baseline's beyond chance: the paired 95 % interval of the difference lies above 0."""

from __future__ import annotations

from evals.profiles import Gate, Rows, compare
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "rises")
def rises(gate: Gate, rows: Rows) -> GateResult:
    difference, detail = compare(gate, rows)
    low = difference.interval.low if difference.interval else None
    return GateResult(
        gate=gate.name,
        passed=low is not None and low > 0,
        value=difference.value if difference.n else None,
        baseline=difference.baseline if difference.n else None,
        interval=difference.interval,
        n=difference.n,
        rule="lower bound of the paired difference > 0",
        missed_by=abs(low) if low is not None and low <= 0 else None,
        detail=detail,
    )
