"""Verdicts: pass, fail or cannot tell, for every gate of a profile, from rows alone.

A rule is one file in `gates/`; it gets a gate and the rows of both models and returns a GateResult. What is not decided is
no pass: too few items, an interval that holds both the margin and the other side of it, a test that could not have found a
fall as large as its margin, one cluster where an interval is needed, or answers so much alike ("degenerate") that they show
a habit and no knowledge. The result then says what n would be needed. Gates that test a difference are one family: each
passes by its own interval and by its p-value after Holm over the family.

    python -m evals verify store/gate-*      # does it again
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evals import run, stats
from evals.profiles import ABSOLUTE, Gate, plugin
from evals.suite import Part, Scored
from medmodel import registry
from medmodel.records import GateResult

CANDIDATE = "candidate"


class Rows(NamedTuple):
    """One suite's rows for both models. `baseline` is empty where no other model was asked."""

    candidate: Sequence[Scored]
    baseline: Sequence[Scored] = ()


class Compared(NamedTuple):
    difference: stats.Difference
    detail: dict[str, object]


def conclude(
    gates: Sequence[Gate], rows: Mapping[Part, Sequence[Scored]], said: Mapping[Part, Mapping[str, Any]] | None = None
) -> tuple[GateResult, ...]:
    """Every gate of a profile, decided from rows alone: what `evals verify` does again from the stored ones.

    `said` is what each suite has to say of its rows, shown beside the result.
    """
    habits = {part: plugin(part.suite).degenerate(found) for part, found in rows.items()}
    results = []
    for gate in gates:
        of = [Part(role, gate.suite) for role in (CANDIDATE, *([gate.baseline] if gate.baseline else []))]
        degenerate = [part.role for part in of if gate.metric in habits[part]]
        results.append(
            decide(
                gate,
                Rows(*(rows[part] for part in of)),
                {part.role: said[part] for part in of if said and part in said},
                degenerate,
            )
        )
    return tuple(adjusted(results))


def decide(
    gate: Gate, rows: Rows, said: Mapping[str, Mapping[str, Any]] | None = None, degenerate: Sequence[str] = ()
) -> GateResult:
    """Apply the gate's rule. `said`: role -> what its suite says of these rows; a role that is degenerate decides nothing."""
    result: GateResult = registry.get("gate", gate.rule)(gate, rows)
    said = said or {}
    result = result.model_copy(
        update={"detail": {**result.detail, **{role: dict(more) for role, more in said.items() if more}}}
    )
    if not result.gated or (result.verdict == "fail" and gate.rule in ABSOLUTE):
        return result  # one exception to a rule without exceptions is one, however few were looked at
    if degenerate:
        who = " and ".join(degenerate)
        return _undecided(result, f"degenerate, {who}: nearly all answers are the same one, a habit and no score")
    if result.n < gate.n:
        return _undecided(result, f"{result.n} items, and this gate wants {gate.n}")
    return result


def adjusted(results: Sequence[GateResult]) -> list[GateResult]:
    """All results of one profile, those with a p-value adjusted as one family; a pass that does not survive it is none."""
    family = [result for result in results if result.gated and result.p is not None]
    after = dict(zip([id(result) for result in family], stats.holm([result.p or 0.0 for result in family]), strict=True))
    held = []
    for result in results:
        if id(result) not in after:
            held.append(result)
            continue
        p = after[id(result)]
        result = result.model_copy(update={"p_adjusted": p})
        if result.verdict == "pass" and p > stats.ALPHA:
            why = f"alone it would pass; as one of {len(family)} tests its p is {p:.3g}, above {stats.ALPHA:g}"
            result = _undecided(result, why)
        held.append(result)
    return held


def compare(gate: Gate, rows: Rows) -> Compared:
    """The paired difference of the gate's metric over the items both models were scored on."""
    before = {row.id: row for row in rows.baseline if gate.metric in row.values}
    both = [row for row in rows.candidate if gate.metric in row.values and row.id in before]
    pairs = [stats.Pair(row.values[gate.metric], before[row.id].values[gate.metric], row.cluster, row.weight) for row in both]
    difference = stats.paired_difference(pairs, gate.seed)
    detail: dict[str, object] = {"difference": difference.difference, "clusters": difference.clusters}
    if difference.clusters > 1:
        detail["detectable"] = _detectable(difference)
    if pairs and {pair.value for pair in pairs} | {pair.baseline for pair in pairs} <= {0.0, 1.0}:
        gained = sum(pair.value > pair.baseline for pair in pairs)
        lost = sum(pair.value < pair.baseline for pair in pairs)
        detail |= {"gained": gained, "lost": lost, "mcnemar_p": stats.mcnemar(gained, lost) if gained + lost else 1.0}
    return Compared(difference, detail if pairs else {})


def tested(gate: Gate, compared: Compared, better: Literal[1, -1], threshold: float, rule: str) -> GateResult:
    """Is the difference on the good side of a threshold, beyond chance? `better` is -1 where less is better."""
    found, detail = compared
    common: dict[str, Any] = {"gate": gate.name, "n": found.n, "rule": rule, "threshold": threshold, "detail": detail}
    if found.n == 0:
        return GateResult(verdict="cannot tell", value=None, p=1.0, why="no item has a score of both models", **common)
    common |= {"value": found.value, "baseline": found.baseline, "interval": found.interval}
    if found.interval is None:
        return GateResult(verdict="cannot tell", p=1.0, why="all items share one cluster, so there is no interval", **common)
    gain, bound = (found, threshold) if better > 0 else (_mirrored(found), -threshold)
    assert gain.interval is not None
    missed = bound - gain.interval.low
    common |= {"p": stats.exceeds(gain, bound), "missed_by": missed if missed >= 0 else None}
    if not all(map(math.isfinite, (*gain.interval, common["p"]))):
        return GateResult(verdict="cannot tell", why="a score is no finite number", **{**common, "p": 1.0})
    if gain.interval.high <= bound:
        return GateResult(verdict="fail", why=f"the whole interval is beyond {_signed(threshold)}", **common)
    detectable = _detectable(gain)
    if missed >= 0 or common["p"] > stats.ALPHA:
        said = f"the interval holds {_signed(threshold)}" if missed >= 0 else f"p is {common['p']:.3g}, above {stats.ALPHA:g}"
        return GateResult(verdict="cannot tell", why=_needed(gain, bound, said), **common)
    if bound < 0 and gain.difference <= 0 and detectable > -bound:
        said = f"the smallest change that {found.n} items show in four of five runs is {detectable:.3g}, more than the margin"
        return GateResult(verdict="cannot tell", why=_needed(gain, bound, said, to=0.0), **common)
    return GateResult(verdict="pass", **common)


def alone(gate: Gate, rows: Iterable[Scored]) -> tuple[float | None, stats.Interval | None, int]:
    """The candidate's mean of the metric, its interval, and n: Wilson's for a rate, else Student's over clusters.

    A rate without exception shows the exact interval: the rule of three. One whose items come in clusters counts as the
    smaller number of items that would vary as much.
    """
    scored = [row for row in rows if gate.metric in row.values]
    if not scored:
        return None, None, 0
    mean = stats.clustered_mean(
        [row.values[gate.metric] for row in scored], [row.cluster for row in scored], [row.weight for row in scored]
    )
    if not run.is_rate(scored, gate.metric):
        return mean.value, mean.interval, mean.n
    if mean.value in (0.0, 1.0):
        return mean.value, stats.clopper_pearson(round(mean.value * mean.clusters), mean.clusters), mean.n
    return mean.value, stats.wilson_clustered(mean), mean.n


def held_against(gate: Gate, rows: Rows, better: Literal[1, -1], rule: str) -> GateResult:
    """Does the whole interval of the candidate's own value keep to a bound that somebody set?"""
    value, interval, n = alone(gate, rows.candidate)
    common: dict[str, Any] = {
        "gate": gate.name,
        "value": value,
        "interval": interval,
        "n": n,
        "rule": rule,
        "threshold": gate.value,
    }
    if value is None or interval is None:
        why = "no item has this metric" if value is None else "all items share one cluster, so there is no interval"
        return GateResult(verdict="cannot tell", why=why, **common)
    low, high = interval if better > 0 else (-interval.high, -interval.low)
    bound = gate.value * better
    if low >= bound:
        return GateResult(verdict="pass", **common)
    common["missed_by"] = bound - low
    if high < bound:
        return GateResult(verdict="fail", why=f"the whole interval is beyond {gate.value:g}", **common)
    why = f"the interval holds {gate.value:g}"
    if value * better <= bound:
        why += "; what was seen is itself on the wrong side, so more items of this kind would not make it pass"
    elif run.is_rate(rows.candidate, gate.metric):
        why += f"; about {stats.needed_interval(value, gate.value)} items would be needed at this rate"
    return GateResult(verdict="cannot tell", why=why, **common)


def _undecided(result: GateResult, why: str) -> GateResult:
    return result.model_copy(update={"verdict": "cannot tell", "why": f"{why}; {result.why}" if result.why else why})


def _mirrored(found: stats.Difference) -> stats.Difference:
    """The same difference where less is better."""
    interval = stats.Interval(-found.interval.high, -found.interval.low) if found.interval else None
    alike = -found.unanimous if found.unanimous is not None else None
    return found._replace(value=-found.value, baseline=-found.baseline, interval=interval, unanimous=alike)


def _detectable(found: stats.Difference) -> float:
    """The smallest true difference that such items would have shown."""
    if found.unanimous is not None and found.interval is not None:
        return found.unanimous - found.interval.low
    return stats.detectable(found.error)


def _needed(gain: stats.Difference, bound: float, said: str, to: float | None = None) -> str:
    """A sentence that ends with the n that would do, where there is one. `to`: the change to be found, else the one seen."""
    distance = (gain.difference if to is None else to) - bound
    if distance <= 0:
        return f"{said}; what was seen is itself on the wrong side, so more items of this kind would not make it pass"
    if gain.unanimous is not None:
        needed = stats.needed_unanimous(gain.unanimous, bound) * gain.n / gain.clusters
    else:
        needed = gain.n * (stats.detectable(gain.error) / distance) ** 2
    return f"{said}; about {max(gain.n + 1, math.ceil(needed))} items would be needed"


def _signed(value: float) -> str:
    return f"{value:+.3g}" if value else "0"
