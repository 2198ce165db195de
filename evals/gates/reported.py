"""Shown, never gated: a number to read beside the gates, paired with the baseline's where there is one."""

from __future__ import annotations

from evals.profiles import Gate
from evals.verdicts import Rows, alone, compare
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "reported")
def reported(gate: Gate, rows: Rows) -> GateResult:
    baseline: float | None = None
    detail: dict[str, object] = {}
    if gate.baseline:
        difference, detail = compare(gate, rows)
        value, interval, n = difference.value if difference.n else None, difference.interval, difference.n
        baseline = difference.baseline if difference.n else None
    else:
        value, interval, n = alone(gate, rows.candidate)
    return GateResult(
        gate=gate.name,
        verdict="not gated",
        value=value,
        baseline=baseline,
        interval=interval,
        n=n,
        rule="reported",
        detail=detail,
    )
