"""A profile of `gates.yaml`, read: which metric, by which rule, against which baseline, with what n.

A profile holds one-gate entries, which half of the written items is asked, and of which suites only a fixed sub-sample.
Everything in it is fixed before anything is measured, and every entry says why and who answers for it; how a verdict comes
about is in `verdicts.py`. Reading is strict: an unknown name is told with the nearest known one, and a name that stands
twice with both its lines.

    medmodel run demo --until gate
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ConfigDict, Field, ValidationError

from evals.suite import Suite
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import Record

R = TypeVar("R", bound=Record)
GATES = Path(__file__).with_name("gates.yaml")
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
    entries, items = (_mapping(fields, key, where) for key in ("gates", "items"))
    gates = tuple(_gate(gate, entry, f"{where}.{gate}") for gate, entry in entries.items())
    if all(gate.rule == "reported" for gate in gates):
        raise InputError(f"{where}: no gate of it decides anything")
    for suite in items:
        if suite not in {gate.suite for gate in gates}:
            raise UnknownName("suite", suite, {gate.suite for gate in gates}, f"{where}.items")
    return _validated(Profile, {**fields, "name": name, "gates": gates, "items": items}, where)


def data_folders(profile: str) -> list[str]:
    """Folders under $MEDMODEL_DATA that its benchmarks read: part of what the gate stage's key is made of."""
    folders = {getattr(plugin(gate.suite), "folder", "") for gate in load_profile(profile).gates}
    return sorted(folders - {""})


def left_out(profile: Profile, path: Path = GATES) -> dict[str, str]:
    """Gates that other profiles decide and this one does not: name -> where, and of what. Never read as passed."""
    decided = {gate.name for gate in profile.gates if gate.rule != "reported"}
    found: dict[str, str] = {}
    for name, fields in _read(path).items():
        for gate, entry in _mapping(fields, "gates", f"{path.name}: {name}").items():
            if not isinstance(entry, dict):
                raise InputError(f"{path.name}: {name}.{gate}: a gate is a mapping of suite, metric, rule, n, why and owner")
            if gate not in decided and entry.get("rule") != "reported":
                found.setdefault(gate, f"{entry.get('metric')} of {entry.get('suite')}: gated in {name}")
    return found


def _mapping(fields: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = fields.get(key) or {}
    if not isinstance(found, dict):
        raise InputError(f"{where}: '{key}' is a mapping of names")
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
    if gate.rule in ("at_least", "at_most") and "value" not in fields:
        raise InputError(f"{where}: '{gate.rule}' needs a `value` to hold against")
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
