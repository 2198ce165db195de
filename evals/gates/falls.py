"""The metric is lower than the baseline's beyond chance: the paired 95 % interval of the difference lies below 0."""

from __future__ import annotations

from evals.profiles import Gate, Rows, compare
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "falls")
def falls(gate: Gate, rows: Rows) -> GateResult:
    difference, detail = compare(gate, rows)
    high = difference.interval.high if difference.interval else None
    return GateResult(
        gate=gate.name,
        passed=high is not None and high < 0,
        value=difference.value if difference.n else None,
        baseline=difference.baseline if difference.n else None,
        interval=difference.interval,
        n=difference.n,
        rule="upper bound of the paired difference < 0",
        missed_by=high if high is not None and high >= 0 else None,
        detail=detail,
    )
