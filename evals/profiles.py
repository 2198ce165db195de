"""A profile of `gates.yaml`, read and decided: which metric, by which rule, against which baseline, with what n.

A profile is a list of one-gate entries. A rule is one file in `gates/`; it gets a gate and the rows of both models and
returns a GateResult. Entries with the rule `reported` decide nothing and are shown.

A gate that cannot be decided fails: too few items, no baseline rows, or one cluster where an interval is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import ConfigDict, ValidationError

from evals import run, stats
from evals.suite import Scored
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import GateResult, Record

GATES = Path(__file__).with_name("gates.yaml")


class Gate(Record):
    """One entry: everything that is fixed before anything is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    suite: str
    metric: str
    rule: str
    n: int  # fewer items than this decide nothing
    baseline: Literal["base"] | None = None  # "base": the very model the candidate was made from; None: an absolute rule
    margin: float = 0.0  # in the metric's unit; of `at_most_increase`: a share of the baseline
    value: float = 1.0  # what `equals` wants
    seed: int = 17  # of the bootstrap


class Rows(NamedTuple):
    """One suite's rows for both models. `baseline` is empty where the base was not asked."""

    candidate: Sequence[Scored]
    baseline: Sequence[Scored] = ()


class Compared(NamedTuple):
    difference: stats.Difference
    detail: dict[str, object]


def load_profile(name: str, path: Path = GATES) -> list[Gate]:
    """The gates of a profile, in order. Raises InputError or UnknownName naming file, gate and field."""
    profiles = yaml.safe_load(path.read_text(encoding="utf-8"))
    if name not in profiles:
        raise UnknownName("gate profile", name, profiles, str(path.name))
    gates = []
    for gate, fields in profiles[name].items():
        where = f"{path.name}: {name}.{gate}"
        try:
            entry = Gate.model_validate({"name": gate, **fields})
        except ValidationError as error:
            fault = error.errors()[0]
            if fault["type"] == "extra_forbidden":
                raise UnknownName("field", str(fault["loc"][-1]), Gate.model_fields, where) from None
            raise InputError(f"{where}: '{'.'.join(map(str, fault['loc']))}': {fault['msg']}") from None
        for kind, wanted in (("gate", entry.rule), ("suite", entry.suite)):
            if wanted not in registry.names(kind):
                raise UnknownName("rule" if kind == "gate" else kind, wanted, registry.names(kind), where)
        metrics = registry.get("suite", entry.suite).metrics
        if entry.metric not in metrics:
            raise UnknownName("metric", entry.metric, metrics, where)
        gates.append(entry)
    return gates


def decide(gate: Gate, rows: Rows) -> GateResult:
    """Apply the gate's rule; too few items fail it, whatever they say."""
    result: GateResult = registry.get("gate", gate.rule)(gate, rows)
    if gate.rule != "reported" and result.n < gate.n:
        return result.model_copy(update={"passed": False, "rule": f"{result.rule}; n ≥ {gate.n}"})
    return result


def compare(gate: Gate, rows: Rows) -> Compared:
    """The paired difference of the gate's metric over the items both models were scored on."""
    before = {row.id: row for row in rows.baseline if gate.metric in row.values}
    both = [row for row in rows.candidate if gate.metric in row.values and row.id in before]
    pairs = [stats.Pair(row.values[gate.metric], before[row.id].values[gate.metric], row.cluster, row.weight) for row in both]
    difference = stats.paired_difference(pairs, gate.seed)
    detail: dict[str, object] = {"difference": difference.difference, "clusters": difference.clusters}
    if pairs and {pair.value for pair in pairs} | {pair.baseline for pair in pairs} <= {0.0, 1.0}:
        gained = sum(pair.value > pair.baseline for pair in pairs)
        lost = sum(pair.value < pair.baseline for pair in pairs)
        detail |= {"gained": gained, "lost": lost, "mcnemar_p": stats.mcnemar(gained, lost) if gained + lost else 1.0}
    return Compared(difference, detail if pairs else {})


def rate(gate: Gate, rows: Iterable[Scored]) -> tuple[float | None, stats.Interval | None, int]:
    """The candidate's mean of the metric alone, with Wilson's interval when it is a rate, and n."""
    scored = [row for row in rows if gate.metric in row.values]
    value = run.mean(scored, gate.metric)
    if value is None or not run.is_rate(scored, gate.metric):
        return value, None, len(scored)
    return value, stats.wilson(round(value * len(scored)), len(scored)), len(scored)
