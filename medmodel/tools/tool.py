"""A tool: a calculator or a table with typed inputs. It checks what it is given, asks for what is missing, then computes.

    tool = registry.get("tool", "cockcroft_gault")
    tool.run({"age": 70, "weight": "60 kg", "is_female": True, "serum_creatinine": {"value": 106, "unit": "umol/L"}})

`run` returns a ToolResult, or a ToolMissing that names every input still wanted. Nothing is guessed: an input that a
library fills in by itself (False, 760 mmHg, "assumed normal") is asked for here. A number out of range, in a unit that
does not fit, or of a kind that does not is an InputError of one sentence, which names the input and its limits and never
repeats the value, since that may be a patient's. Inputs are converted exactly (`units.py`) before a formula sees them.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, NamedTuple

from medmodel.errors import InputError, UnknownName
from medmodel.records import ToolInput, ToolMissing, ToolReading, ToolResult, ToolSource, ToolSpec
from medmodel.tools import units

Language = Literal["en", "zh"]
Value = int | float | bool | str
YES = frozenset(("yes", "true", "y", "1", "是", "有"))
NO = frozenset(("no", "false", "n", "0", "否", "无", "没有"))
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_AMOUNT = re.compile(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_CONDITION = re.compile(r"(\w+)\s*(>=|<=|==|>|<)\s*(\S+)")


class Calculated(NamedTuple):
    """What a formula or a table says. `source` and `unit` replace the tool's own where the row has one."""

    value: float | str
    interpretation: str
    notes: tuple[str, ...] = ()
    unit: str | None = None
    source: ToolSource | None = None


class Wanted(NamedTuple):
    """What a formula finds that it lacks once it has looked at the rest: inputs by name, and why."""

    names: tuple[str, ...]
    why: str


class Tool:
    """`spec` is made on first use. `needed`: conditions under which an optional input is wanted ("crp": "variant == crp")."""

    def __init__(
        self,
        name: str,
        describe: Callable[[], ToolSpec],
        calculate: Callable[[Mapping[str, Value]], Calculated | Wanted],
        *,
        called: Sequence[str] = (),
        called_zh: Sequence[str] = (),
        needed: Mapping[str, str] | None = None,
        one_of: Sequence[str] = (),
        derived: Mapping[str, str] | None = None,
        concepts: Callable[[], Mapping[str, str]] = dict,
        said: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
        compact: bool = False,
        reads: Callable[[str], tuple[ToolReading, ...]] | None = None,
        also_named: Callable[[str], Sequence[tuple[str, int]]] = lambda text: (),
    ) -> None:
        self.name = name
        self.called = tuple(called)  # what a question calls it
        self.called_zh = tuple(called_zh)
        self.derived = dict(derived or {})  # a yes/no that a number of the question answers: {"elderly": "age > 65"}
        self.said = dict(said or {})  # input -> choice -> the words that mean it
        self.compact = compact  # read from "E3 V4 M5"
        self.reads = reads  # its own way to read a question, where the common one does not do
        self.also_named = also_named  # (words, start): other ways in which a question means it
        self._concepts = concepts
        self.__module__ = getattr(calculate, "func", calculate).__module__  # the plug-in's file, not this one
        self._describe = describe
        self._calculate = calculate
        self._needed = dict(needed or {})
        self._one_of = tuple(one_of)

    @cached_property
    def spec(self) -> ToolSpec:
        return self._describe()

    @cached_property
    def concepts(self) -> Mapping[str, str]:
        """Input -> what inputs.yaml calls it, which says how it is read from text."""
        return self._concepts()

    def run(self, inputs: Mapping[str, object]) -> ToolResult | ToolMissing:
        """The result, or what is missing. Raises InputError (UnknownName for an input that there is not)."""
        asked = {wanted.name: wanted for wanted in self.spec.inputs}
        unknown = next((name for name in inputs if name not in asked), None)
        if unknown is not None:
            raise UnknownName("input", unknown[:40], asked, f"the tool {self.name}")
        taken: dict[str, Value] = {}
        used: dict[str, str] = {}
        for name, wanted in asked.items():
            if inputs.get(name) is not None and inputs[name] != "":
                taken[name], used[name] = _take(wanted, inputs[name])
        missing, why = self._missing(asked, taken)
        if missing:
            return ToolMissing(tool=self.name, missing=missing, why=why)
        found = self._calculate(taken)
        if isinstance(found, Wanted):
            return ToolMissing(tool=self.name, missing=tuple(asked[name] for name in found.names), why=found.why)
        left = tuple(wanted.note for name, wanted in asked.items() if name not in taken and not wanted.required and wanted.note)
        return ToolResult(
            tool=self.name,
            title=self.spec.title,
            title_zh=self.spec.title_zh,
            value=found.value,
            unit=self.spec.unit if found.unit is None else found.unit,
            interpretation=found.interpretation,
            used=used,
            notes=(*found.notes, *(f"Not given: {note}" for note in left)),
            source=found.source or self.spec.source,
        )

    def _missing(self, asked: Mapping[str, ToolInput], taken: Mapping[str, Value]) -> tuple[tuple[ToolInput, ...], str]:
        missing = [wanted for name, wanted in asked.items() if wanted.required and name not in taken]
        reasons = []
        for name, condition in self._needed.items():
            if name not in taken and holds(condition, taken):
                missing.append(asked[name])
                reasons.append(f"'{name}' is needed when {condition}")
        if self._one_of and not set(self._one_of) & set(taken):
            missing.extend(asked[name] for name in self._one_of)
            reasons.append(f"one of {', '.join(self._one_of)} is needed")
        return tuple(missing), "; ".join(reasons)


def holds(condition: str, values: Mapping[str, Value]) -> bool:
    """Whether "age >= 65" is true of these values; what is not known is not true."""
    read = _CONDITION.fullmatch(condition.strip())
    assert read, f"'{condition}' is no condition of the form: name >= 65"
    name, compare, bound = read.groups()
    if name not in values:
        return False
    value = values[name]
    return OPERATORS[compare](value, bound if isinstance(value, str) else float(bound))


def condition_input(condition: str) -> str:
    """The input that a condition is about."""
    return condition.split()[0]


def _take(wanted: ToolInput, given: object) -> tuple[Value, str]:
    """The value as the formula takes it, and how it is shown."""
    match wanted.kind:
        case "yes_no":
            return _yes_or_no(wanted, given)
        case "choice":
            return _choice(wanted, given)
        case "text":
            text = str(given).strip() if isinstance(given, str) else ""
            if not text or len(text) > 200:
                raise InputError(f"'{wanted.name}' wants a word or a name, at most 200 characters long")
            return text, text
        case _:
            return _number(wanted, given)


def _yes_or_no(wanted: ToolInput, given: object) -> tuple[bool, str]:
    word = str(given).strip().lower()
    if word in YES or word in NO:
        return word in YES, "yes" if word in YES else "no"
    raise InputError(f"'{wanted.name}' is answered by yes or no")


def _choice(wanted: ToolInput, given: object) -> tuple[str, str]:
    word = str(given).strip().lower()
    for choice in wanted.choices:
        if word in (choice.value.lower(), choice.title.lower(), choice.title_zh.lower()):
            return choice.value, choice.title
    raise InputError(f"'{wanted.name}' is one of: {', '.join(choice.value for choice in wanted.choices)}")


def _number(wanted: ToolInput, given: object) -> tuple[int | float, str]:
    if isinstance(given, Mapping):
        value, unit = given.get("value"), str(given.get("unit") or "")
    elif isinstance(given, str):
        parts = _AMOUNT.fullmatch(given)
        if parts is None:
            raise InputError(f"'{wanted.name}' wants a number{_in(wanted.unit)}, with a point before decimals")
        value, unit = parts.groups()
    else:
        value, unit = given, ""
    try:
        written = units.exact(value)
        number = units.convert(written, unit, wanted.unit or "1", wanted.analyte) if unit else written
    except InputError as error:
        raise InputError(f"'{wanted.name}': {error}") from None
    converted = bool(unit) and not _same(unit, wanted.unit)
    if wanted.kind == "integer" and converted:
        number = Fraction(round(number))  # 5.2 mmol/L are 201.07 mg/dL, and the calculator takes whole ones: `used` shows it
    if wanted.kind == "integer" and number.denominator != 1:
        raise InputError(f"'{wanted.name}' wants a whole number{_in(wanted.unit)}")
    low, high = wanted.minimum, wanted.maximum
    if (low is not None and number < Fraction(str(low))) or (high is not None and number > Fraction(str(high))):
        raise InputError(f"'{wanted.name}' is outside {_range(wanted)}: check the number and its unit")
    shown = f"{units.shown(number)} {wanted.unit}".strip()
    if converted:
        shown = f"{units.shown(written)} {units.unit(unit).symbol} = {shown}"
    return int(number) if wanted.kind == "integer" else float(number), shown


def _same(given: str, wanted: str) -> bool:
    return units.unit(given).symbol == units.unit(wanted or "1").symbol


def _range(wanted: ToolInput) -> str:
    low, high = wanted.minimum, wanted.maximum
    if low is None or high is None:
        bound = f"{low:g} or more" if high is None else f"{high:g} or less"
        return f"{bound} {wanted.unit}".strip()
    return f"{low:g} to {high:g} {wanted.unit}".strip()


def _in(unit: str) -> str:
    return f" in {unit}" if unit else ""
