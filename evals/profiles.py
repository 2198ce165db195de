"""A profile of `gates.yaml`, read and decided: which metric, by which rule, against which baseline, with what n.

A profile holds one-gate entries, which half of the written items is asked, and of which suites only a fixed sub-sample. A
rule is one file in `gates/`; it gets a gate and the rows of both models and returns a GateResult: pass, fail, or cannot
tell. Entries with the rule `reported` decide nothing and are shown.

What is not decided is no pass: too few items, an interval that holds both the margin and the other side of it, a test that
could not have found a fall as large as its margin, one cluster where an interval is needed, or answers so much alike
("degenerate") that they show a habit and no knowledge. The result then says what n would be needed. Gates that test a
difference are one family: each passes by its own interval and by its p-value after Holm over the family.

    medmodel run demo --until gate
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import yaml
from pydantic import ConfigDict, Field, ValidationError

from evals import run, stats
from evals.suite import Part, Scored, Suite
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import GateResult, Record

R = TypeVar("R", bound=Record)
GATES = Path(__file__).with_name("gates.yaml")
CANDIDATE = "candidate"
NO_MARGIN = ("rises", "falls", "equals", "exactly_zero", "at_least", "at_most", "reported")
ABSOLUTE = ("equals", "exactly_zero", "at_least", "at_most")  # of the candidate alone


class Gate(Record):
    """One entry: everything that is fixed before anything is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    suite: str  # or a benchmark
    metric: str
    rule: str
    n: int = Field(ge=0)  # fewer items than this decide nothing
    baseline: Literal["base", "release"] | None = None  # what the candidate was made from; the one in use now; None: absolute
    margin: float = Field(0.0, ge=0)  # in the metric's unit; of `at_most_increase`: a share of the baseline
    value: float = 1.0  # what `equals` wants, `at_least` and `at_most` allow
    seed: int = 17  # of the bootstrap
    why: str = Field(min_length=1)
    owner: str = Field(min_length=1)  # who answers for it and may change it


class Profile(Record):
    """A named set of gates, and how much of each suite is asked."""

    name: str
    part: Literal["dev", "held", "all"] = "all"  # of the written items: evals/questions.py
    items: dict[str, int] = Field(default_factory=dict)  # suite -> how many at most: a fixed sub-sample, by the ids' digests
    gates: tuple[Gate, ...]


class Rows(NamedTuple):
    """One suite's rows for both models. `baseline` is empty where no other model was asked."""

    candidate: Sequence[Scored]
    baseline: Sequence[Scored] = ()


class Compared(NamedTuple):
    difference: stats.Difference
    detail: dict[str, object]


def load_profile(name: str, path: Path = GATES) -> Profile:
    """A profile with its gates in order. Raises InputError or UnknownName naming file, gate and field."""
    profiles = _read(path)
    if name not in profiles:
        raise UnknownName("gate profile", name, profiles, path.name)
    fields = profiles[name]
    where = f"{path.name}: {name}"
    for key in fields:
        if key not in Profile.model_fields or key == "name":
            raise UnknownName("field", key, ("part", "items", "gates"), where)
    gates = tuple(_gate(gate, entry, f"{where}.{gate}") for gate, entry in fields.get("gates", {}).items())
    for suite in fields.get("items", {}):
        if suite not in {gate.suite for gate in gates}:
            raise UnknownName("suite", suite, {gate.suite for gate in gates}, f"{where}.items")
    return _validated(Profile, {**fields, "name": name, "gates": gates}, where)


def left_out(profile: Profile, path: Path = GATES) -> dict[str, str]:
    """Gates that other profiles decide and this one does not: name -> where, and of what. Never read as passed."""
    decided = {gate.name for gate in profile.gates if gate.rule != "reported"}
    found: dict[str, str] = {}
    for name, fields in _read(path).items():
        for gate, entry in fields.get("gates", {}).items():
            if gate not in decided and entry.get("rule") != "reported":
                found.setdefault(gate, f"{entry.get('metric')} of {entry.get('suite')}: gated in {name}")
    return found


def plugin(name: str) -> type[Suite[Any]]:
    """The suite or benchmark of this name."""
    found: type[Suite[Any]]
    if name in registry.names("suite"):
        found = registry.get("suite", name)
    elif name in registry.names("benchmark"):
        found = registry.get("benchmark", name)
    else:
        raise UnknownName("suite", name, [*registry.names("suite"), *registry.names("benchmark")])
    return found


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


def _gate(name: str, fields: object, where: str) -> Gate:
    if not isinstance(fields, dict):
        raise InputError(f"{where}: a gate is a mapping of suite, metric, rule, n, why and owner")
    gate = _validated(Gate, {"name": name, **fields}, where)
    if gate.rule not in registry.names("gate"):
        raise UnknownName("rule", gate.rule, registry.names("gate"), where)
    suites = [*registry.names("suite"), *registry.names("benchmark")]
    if gate.suite not in suites:
        raise UnknownName("suite", gate.suite, suites, where)
    metrics = plugin(gate.suite).metrics
    if gate.metric not in metrics:
        raise UnknownName("metric", gate.metric, metrics, where)
    if gate.rule != "reported" and not plugin(gate.suite).may_gate:
        raise InputError(f"{where}: '{gate.suite}' may not gate: report it")
    if gate.rule in ABSOLUTE and gate.baseline:
        raise InputError(f"{where}: '{gate.rule}' looks at the candidate alone: take the baseline out")
    if gate.rule not in (*ABSOLUTE, "reported") and not gate.baseline:
        raise InputError(f"{where}: '{gate.rule}' compares: say `baseline: base` (the model it was made from) or `release`")
    if gate.margin and gate.rule in NO_MARGIN:
        raise InputError(f"{where}: '{gate.rule}' has no margin")
    return gate


def _validated(kind: type[R], fields: Mapping[str, Any], where: str) -> R:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        if fault["type"] == "extra_forbidden":
            raise UnknownName("field", str(fault["loc"][-1]), kind.model_fields, where) from None
        raise InputError(f"{where}: '{'.'.join(map(str, fault['loc']))}': {fault['msg']}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as text:
            found = yaml.load(text, _Strict)
    except FileNotFoundError:
        raise InputError(f"there is no file of gates {path}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(f"{path} is not valid YAML{f' (line {mark.line + 1})' if mark else ''}") from None
    if not isinstance(found, dict) or not all(isinstance(fields, dict) for fields in found.values()):
        raise InputError(f"{path}: a file of gates holds profiles, each with `gates:`")
    return found


class _Strict(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one of its name: here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in lines and key.tag != "tag:yaml.org,2002:merge":
                kind = "gates" if isinstance(value, yaml.MappingNode) else "fields"
                where = Path(key.start_mark.name).name
                raise InputError(
                    f"{where}: two {kind} are called '{key.value}', in lines {lines[key.value]} and {line}: rename one"
                )
            lines[key.value] = line
        return dict(super().construct_mapping(node, deep))
