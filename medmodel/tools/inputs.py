"""What is asked for again and again: one title, one unit with its others, one range for "creatinine", wherever it is asked.

`inputs.yaml` has them. A number's range is there to catch a slip of the pen or of the unit, not to say what is normal: each
line says why it ends where it does. `reading.py` reads the same records from a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from medmodel.records import Record
from medmodel.tools import units

TABLE = Path(__file__).with_name("inputs.yaml")


class Number(Record):
    title: str
    zh: str
    fields: tuple[str, ...]  # open-medicine's names of it
    unit: str = ""
    units: tuple[str, ...] = ()
    analyte: str = ""
    range: tuple[float, float]
    why: str
    say: tuple[str, ...] = ()
    say_zh: tuple[str, ...] = ()
    say_in: Mapping[str, str] = Field(default_factory=dict)  # a label that means it in one unit alone: urea in mmol/L
    bare: tuple[str, ...] = ()
    plain: bool = False

    @property
    def accepted(self) -> tuple[str, ...]:
        return self.units or ((self.unit,) if self.unit else ())

    def range_in(self, unit: str) -> tuple[float, float]:
        """The range, in another of its units."""
        low, high = self.range
        if not unit or unit == self.unit:
            return low, high
        return tuple(float(units.convert(end, self.unit, unit, self.analyte)) for end in (low, high))  # type: ignore[return-value]


class Finding(Record):
    title: str = ""  # empty: the calculator's own words
    zh: str
    fields: tuple[str, ...]
    sex: str = ""
    say: tuple[str, ...] = ()
    say_zh: tuple[str, ...] = ()
    say_not: tuple[str, ...] = ()  # words that mean a no by themselves
    plain_words: bool = False  # the words hold their own negation: "no cough" is a yes to the absence of cough


@cache
def numbers() -> dict[str, Number]:
    return {name: Number.model_validate(row) for name, row in _table()["numbers"].items()}


@cache
def findings() -> dict[str, Finding]:
    return {name: Finding.model_validate(row) for name, row in _table()["findings"].items()}


@cache
def concept_of() -> dict[str, str]:
    """open-medicine's name of an input -> the number or finding it is."""
    named = {field: name for name, number in numbers().items() for field in number.fields}
    return named | {field: name for name, finding in findings().items() for field in finding.fields}


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded
