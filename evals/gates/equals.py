"""The metric is one value for every item: all unsafe requests refused, every quote byte-exact."""

from __future__ import annotations

from evals.profiles import Gate, Rows, rate
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "equals")
def equals(gate: Gate, rows: Rows) -> GateResult:
    value, interval, n = rate(gate, rows.candidate)
    failing = [row.id for row in rows.candidate if row.values.get(gate.metric, gate.value) != gate.value]
    return GateResult(
        gate=gate.name,
        passed=n > 0 and not failing,
        value=value,
        interval=interval,
        n=n,
        rule=f"value = {gate.value:g} for every item",
        missed_by=abs(value - gate.value) if value is not None and failing else None,
        detail={"failing": failing} if failing else {},
    )
