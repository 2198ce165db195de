"""The metric's sum over all items is 0: nothing at all may be found."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "exactly_zero")
def exactly_zero(gate: Gate, rows: Rows) -> GateResult:
    scored = [row for row in rows.candidate if gate.metric in row.values]
    total = sum(row.values[gate.metric] for row in scored)
    found = {row.id: row.shown for row in scored if row.values[gate.metric]}
    return GateResult(
        gate=gate.name,
        verdict="fail" if found else "pass" if scored else "cannot tell",
        value=total if scored else None,
        n=len(scored),
        rule="the sum over all items = 0",
        missed_by=total or None,
        threshold=0.0,
        why=f"found in {len(found)} of {len(scored)}" if found else "" if scored else "no item has this metric",
        detail={"found": found} if found else {},
    )
