"""open-medicine's calculators as tools: one wrapper for all, from their own pydantic inputs and `open_medicine.yaml`.

A calculator is a module with a model of its inputs and a function that returns value, interpretation and evidence. The
package fills in what it is not given (findings are False, pCO2 is 40, air is at sea level, SOFA's values are normal); here
every such input is asked for, unless the source itself lets it be left out. Titles, names and limits stand in the YAML,
units and ranges in `inputs.yaml`; where the code departs from the paper it cites, `corrections/` computes and says so.
The modules are imported on first use and need neither `mcp` nor the package's server. Not covered: what the YAML leaves
out, with its reason.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from medmodel.errors import InputError, MedmodelError
from medmodel.records import ToolChoice, ToolInput, ToolSource, ToolSpec
from medmodel.registry import register
from medmodel.tools import units
from medmodel.tools.corrections import CORRECTED, EXTRA
from medmodel.tools.inputs import concept_of, findings, numbers
from medmodel.tools.tool import Calculated, Tool, Value, Wanted

TABLE = Path(__file__).parents[1] / "open_medicine.yaml"
_LONG_NUMBER = re.compile(r"\d+\.\d{5,}")  # 132 lb are 59.87419284 kg: no paper has so many digits
DIGITS = 6  # significant, of a number that is computed
LONGEST_TITLE = 70  # characters of a package's description before the rest goes into the note


class _Calculator(NamedTuple):
    inputs: Any  # the pydantic model
    compute: Callable[[Any], Any]
    evidence: Mapping[str, str]


def package_version() -> str:
    return f"open-medicine {version('open-medicine')}"


def left_out() -> dict[str, str]:
    """Calculators of the package that are not offered, and why."""
    loaded: dict[str, str] = _table()["left_out"]
    return loaded


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


@cache
def _calculator(name: str) -> _Calculator:
    try:
        module = importlib.import_module(f"open_medicine.mcp.calculators.{name}")
    except ModuleNotFoundError:
        raise MedmodelError("the calculators need the package open-medicine: pip install 'medmodel[serve]'") from None
    own = [thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__]
    model = next(thing for thing in own if inspect.isclass(thing) and hasattr(thing, "model_fields"))
    compute = next(thing for thing in own if inspect.isfunction(thing) and thing.__name__.startswith("calculate_"))
    return _Calculator(model, compute, _evidence(inspect.getsource(module)))


def _evidence(code: str) -> dict[str, str]:
    """The first source that the module names in full."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Evidence":
            said = {word.arg: word.value.value for word in node.keywords if word.arg and isinstance(word.value, ast.Constant)}
            if {"source_doi", "description"} <= set(said):
                return {name: str(value) for name, value in said.items()}
    return {"source_doi": "", "description": ""}


def _describe(name: str, row: Mapping[str, Any]) -> ToolSpec:
    fields = _calculator(name).inputs.model_fields
    inputs = [_input(field, about, row) for field, about in fields.items()]
    return ToolSpec(
        name=name,
        title=row["title"],
        title_zh=row["zh_title"],
        inputs=(*inputs, *(EXTRA[extra] for extra in row.get("extra", ()))),
        unit=row.get("unit", ""),
        source=_source(name, row, _calculator(name).evidence),
        limits=row.get("limits", ""),
    )


def _source(name: str, row: Mapping[str, Any], evidence: Mapping[str, str]) -> ToolSource:
    reference = row.get("doi", "" if "url" in row else evidence["source_doi"])
    pubmed = reference.removeprefix("PMID:") if reference.startswith("PMID:") else ""
    return ToolSource(
        citation=row.get("citation") or evidence["description"],
        doi="" if pubmed else reference,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pubmed}/" if pubmed else row.get("url", ""),
        year=row["year"],
        version=package_version() + (", corrected" if name in CORRECTED else ""),
        checked=row.get("checked", ""),
    )


def _input(name: str, field: Any, row: Mapping[str, Any]) -> ToolInput:
    kind, members = _kind(field.annotation)
    about: dict[str, Any] = {"name": name, "kind": kind, "title_zh": row.get("zh", {}).get(name, "")}
    about |= _words(str(field.description or name))
    concept = "" if name in row.get("own", ()) else concept_of().get(name, "")
    if concept in numbers() and kind in ("number", "integer"):
        about |= _as_number(concept, row.get("in_unit", {}).get(name))
    elif concept in findings() and kind == "yes_no":
        found = findings()[concept]
        about |= {"title_zh": about["title_zh"] or found.zh, **({"title": found.title} if found.title else {})}
    said = row.get("choices", {}).get(name)
    levels = row.get("levels", {}).get(name)
    if members or said or levels:
        about["kind"] = "choice"
        about["choices"] = _choices(members, said or {}, row.get("answers")) if not levels else _levels(levels)
    if kind in ("number", "integer"):
        about |= _limits(field.metadata)
    if name in row.get("range", {}):
        about["minimum"], about["maximum"] = row["range"][name]
    if name in row.get("en", {}):
        about |= {"title": row["en"][name][0], "title_zh": row["zh"][name], "note": " ".join(row["en"][name][1:])}
    if name in row.get("optional", {}):
        about |= {"required": False, "note": row["optional"][name]}
    return ToolInput.model_validate(about)


def _as_number(concept: str, unit: str | None) -> dict[str, Any]:
    number = numbers()[concept]
    chosen = unit or number.unit
    low, high = number.range_in(chosen)
    others = tuple(other for other in number.accepted if other != chosen)
    about: dict[str, Any] = {"title": number.title, "title_zh": number.zh, "unit": chosen, "analyte": number.analyte}
    about |= {"units": (chosen, *others) if chosen else (), "minimum": low, "maximum": high, "note": ""}
    return about


def _limits(metadata: list[Any]) -> dict[str, float]:
    """The package's own bounds, which go before those of inputs.yaml."""
    bounds: dict[str, float] = {}
    for rule in metadata:
        if (low := getattr(rule, "ge", getattr(rule, "gt", None))) is not None and low > 0:
            bounds["minimum"] = low
        elif low is not None:
            bounds.setdefault("minimum", low)
        if (high := getattr(rule, "le", getattr(rule, "lt", None))) is not None:
            bounds["maximum"] = high
    return bounds


def _kind(annotation: Any) -> tuple[str, list[str]]:
    """The kind of an input, and the values of an enumeration."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return "choice", [str(member.value) for member in annotation]
    return {bool: "yes_no", int: "integer", float: "number", str: "text"}[annotation], []


def _words(description: str) -> dict[str, str]:
    """A title from the package's description, and the whole of it as a note when the title is not all."""
    title = re.split(r"(?<=[a-z0-9)])(?:[:.?](?:\s|$)| \(|; )", description, maxsplit=1)[0].strip()
    if len(title) > LONGEST_TITLE:
        title = title[:LONGEST_TITLE].rsplit(" ", 1)[0] + " …"
    return {"title": title, "note": description if description.rstrip(".?") != title else ""}


def _choices(members: list[str], said: Mapping[str, Any], answers: list[str] | None) -> tuple[ToolChoice, ...]:
    values = members or list(said)
    chinese = answers or [said.get(value, [""])[0] for value in values]
    return tuple(
        ToolChoice(value=value, title=value.replace("_", " "), title_zh=zh) for value, zh in zip(values, chinese, strict=True)
    )


def _levels(levels: list[int]) -> tuple[ToolChoice, ...]:
    """The numbers that a scale has, where its range holds others."""
    return tuple(ToolChoice(value=str(level), title=str(level), title_zh=str(level)) for level in levels)


def _calculate(name: str, row: Mapping[str, Any], inputs: Mapping[str, Value]) -> Calculated | Wanted:
    calculator = _calculator(name)

    def compute(values: Mapping[str, Value]) -> Calculated:
        found = calculator.compute(calculator.inputs(**values))
        if found.value is None:
            raise InputError(
                f"{row['title']} does not hold for these inputs: see {_source(name, row, calculator.evidence).citation}"
            )
        said = _LONG_NUMBER.sub(lambda number: units.shown(units.exact(number[0])), found.interpretation)
        value = _dose(said) if row.get("answer") == "dose" else _shorter(found.value)
        evidence = {"source_doi": found.evidence.source_doi, "description": found.evidence.description}
        return Calculated(value, said, source=_source(name, row, evidence))

    return CORRECTED[name](inputs, compute) if name in CORRECTED else compute(inputs)


def _shorter(value: float | str) -> float | str:
    """Without the digits that a conversion of units leaves behind."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _dose(interpretation: str) -> str:
    """The dose itself, which the package's sentence ends with."""
    return re.split(r"(?:dosage is|dose is): ", interpretation, maxsplit=1)[-1].rstrip(".")


def _concepts(name: str, row: Mapping[str, Any]) -> dict[str, str]:
    own, unread = row.get("own", ()), row.get("unread", ())
    fields = (*_calculator(name).inputs.model_fields, *row.get("extra", ()))
    return {field: concept_of()[field] for field in fields if field in concept_of() and field not in (*own, *unread)}


for _name, _row in _table()["tools"].items():
    register("tool", _name)(
        Tool(
            _name,
            partial(_describe, _name, _row),
            partial(_calculate, _name, _row),
            called=_row["names"],
            called_zh=_row["names_zh"],
            needed=_row.get("needed"),
            one_of=_row.get("one_of", ()),
            derived=_row.get("derived"),
            concepts=partial(_concepts, _name, _row),
            said={
                field: {value: words[1:] for value, words in values.items()}
                for field, values in _row.get("choices", {}).items()
            },
            compact=_row.get("compact", False),
        )
    )
