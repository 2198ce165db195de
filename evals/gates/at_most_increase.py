"""The metric (lower is better) exceeds the baseline's by at most a share of it: `margin: 0.02` is 2 %.

Point against point: the interval is shown, not tested.
"""

from __future__ import annotations

from evals.profiles import Gate, Rows, compare
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "at_most_increase")
def at_most_increase(gate: Gate, rows: Rows) -> GateResult:
    difference, detail = compare(gate, rows)
    missed = difference.value - difference.baseline * (1 + gate.margin)
    return GateResult(
        gate=gate.name,
        passed=difference.n > 0 and missed <= 0,
        value=difference.value if difference.n else None,
        baseline=difference.baseline if difference.n else None,
        interval=difference.interval,
        n=difference.n,
        rule=f"value ≤ baseline + {gate.margin:.0%}",
        missed_by=missed if missed > 0 else None,
        detail=detail | ({"increase": difference.difference / difference.baseline} if difference.n else {}),
    )
