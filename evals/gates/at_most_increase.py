"""The metric (lower is better) exceeds the baseline's by no more than a share of it, beyond chance: `margin: 0.02` is 2 %."""

from __future__ import annotations

from evals.profiles import Gate
from evals.suite import Scored
from evals.verdicts import Rows, compare, tested
from medmodel.records import GateResult
from medmodel.registry import register


@register("gate", "at_most_increase")
def at_most_increase(gate: Gate, rows: Rows) -> GateResult:
    compared = compare(gate, rows)
    found = compared.difference
    if found.n and found.baseline:
        compared.detail["increase"] = found.difference / found.baseline
    allowed = gate.margin * found.baseline if found.n else 0.0
    rule = f"upper bound of the paired difference < {gate.margin:.0%} of the baseline"
    result = tested(gate, compared, -1, allowed, rule)
    # The baseline is itself a sample: the candidate is held against each item's own baseline and margin as well.
    grown = [_grown(row, gate) for row in rows.baseline]
    by_item = tested(gate, compare(gate, Rows(rows.candidate, grown)), -1, 0.0, rule)
    if result.verdict != "pass" or by_item.verdict == "pass":
        return result.model_copy(update={"p": max(result.p or 0.0, by_item.p or 0.0)})
    return result.model_copy(update={"verdict": "cannot tell", "p": by_item.p, "why": f"item by item, {by_item.why}"})


def _grown(row: Scored, gate: Gate) -> Scored:
    values = {name: value * (1 + gate.margin) if name == gate.metric else value for name, value in row.values.items()}
    return row.model_copy(update={"values": values})
