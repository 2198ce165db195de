"""The metric is not below the baseline's by more than a margin. Point against point: the interval is shown, not tested."""

from __future__ import annotations

from evals.profiles import Gate, Rows, compare
from medmodel.records import GateResult
from medmodel.registry import register

ROUNDING = 1e-9


@register("gate", "not_below")
def not_below(gate: Gate, rows: Rows) -> GateResult:
    difference, detail = compare(gate, rows)
    missed = difference.baseline - gate.margin - difference.value
    return GateResult(
        gate=gate.name,
        passed=difference.n > 0 and missed <= ROUNDING,
        value=difference.value if difference.n else None,
        baseline=difference.baseline if difference.n else None,
        interval=difference.interval,
        n=difference.n,
        rule=f"value ≥ baseline - {gate.margin:g}" if gate.margin else "value ≥ baseline",
        missed_by=missed if missed > ROUNDING else None,
        detail=detail,
    )
