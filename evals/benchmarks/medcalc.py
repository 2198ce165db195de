"""MedCalc-Bench: a patient's note and a medical calculator to apply: a number, a date or a gestational age comes out.

Paper:    Khandekar et al., "MedCalc-Bench: Evaluating LLMs for Medical Calculations", NeurIPS 2024 (arXiv 2406.12036)
Licence:  CC BY-SA 4.0
Split:    test
Size:     1,047 items, 55 calculators (10,053 more in train)
Training: train may be trained on, under its licence (share alike); test may not.

Right by the publisher's rule: a decimal within the limits that come with the item (5 % either way), a whole number exactly,
a date on the day, a gestational age to the week and day. Stricter than its script in reading: the answer stands alone in
a last line "Answer: …", with a unit at most; the script takes the last number of whatever was written, evaluates
expressions, and reads "53 %" as 0.53. The prompt asks for that line in our own words, so figures are not its table's.
Closed book: no calculator tool. The product's calculators are examined by the suite of that name.

    python -m evals run medcalc --model DIR --data DIR --limit 100

`--data` (default `$MEDMODEL_DATA/medcalc`) holds the publisher's `test_data.csv`; gzip too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

from evals import run
from evals.generated import Written, messages, read_data
from evals.publishers import Row
from evals.replies import final_lines
from evals.suite import Material, Scored
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

Kind = Literal["decimal", "integer", "date", "age"]
FILES = ("test_data.csv", "test_data.csv.gz", "*test*.csv", "*test*.csv.gz")
FORMS: Mapping[Kind, str] = {
    "decimal": "a number alone, without words",
    "integer": "a whole number alone, without words",
    "date": "a date as MM/DD/YYYY",
    "age": 'weeks and days, as in "12 weeks, 3 days"',
}
_NUMBER = re.compile(
    r"[$~≈]?\s*(-?\d[\d,]*(?:\.\d+)?)\s*(?:[%A-Za-zµμ°]\S*(?:\s+[mM][²2])?)?\.?"
)  # with a unit: "64.9 mL/min/1.73 m²"
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\.?")
_AGE = re.compile(r"[(\['\"]*(\d+)\s*weeks?['\"]?(?:\s*,\s*|\s+and\s+|\s+)['\"]?(\d+)\s*days?['\"\])]*\.?", re.IGNORECASE)


class Calculation(Record):
    id: str
    cluster: str  # the note: several calculators may be asked of one
    calculator: str
    category: str
    kind: Kind
    note: str
    question: str
    answer: str  # as `_read` gives it
    low: Decimal
    high: Decimal


@register("benchmark", "medcalc")
class MedCalc(Written[Calculation]):
    folder: ClassVar[str] = "medcalc"  # under $MEDMODEL_DATA
    most: ClassVar[int] = 1024

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items, self.bad, _ = read_data("medcalc", material.data, FILES, _calculation)

    def items(self) -> Sequence[Calculation]:
        return self._items

    def prompt(self, item: Calculation) -> Sequence[Message]:
        asked = (
            f"Patient note:\n{item.note}\n\nTask:\n{item.question}\n\nWork it out step by step. Then end with one line of the "
            f'form "Answer: …", and there write {FORMS[item.kind]}.'
        )
        return messages(asked, "You apply a medical calculator to a patient's note.")

    def parse(self, item: Calculation, text: str) -> str | None:
        said = [_read(item.kind, line) for line in final_lines(text)]
        return said[-1] if said and len(set(said) - {None}) == 1 else None

    def is_right(self, item: Calculation, said: str) -> bool:
        if item.kind == "decimal":
            return item.low <= Decimal(said) <= item.high
        return Decimal(said) == Decimal(item.answer) if item.kind == "integer" else said == item.answer

    def cluster(self, item: Calculation) -> str:
        return item.cluster

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        category = {item.id: item.category for item in self._items}
        parts = {name: [row for row in rows if category[row.id] == name] for name in sorted(set(category.values()))}
        return {name: run.mean(part, "accuracy") for name, part in parts.items() if part} | super().detail(rows)

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        made_up = [
            ("1", "decimal", "What is 3 times 2.5?", "7.5", "7.125", "7.875"),
            ("2", "integer", "How many points?", "4", "4", "4"),
            ("13", "date", "When is the child due?", "08/17/2023", "08/17/2023", "08/17/2023"),
            (
                "69",
                "integer",
                "How old is the pregnancy?",
                "('3 weeks', '2 days')",
                "('3 weeks', '2 days')",
                "('3 weeks', '2 days')",
            ),
        ]
        head = ["Calculator ID", "Output Type", "Question", "Ground Truth Answer", "Lower Limit", "Upper Limit"]
        head += ["Calculator Name", "Category", "Note ID", "Patient Note"]
        with (folder / "test_data.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            writer.writerows([*row, "made up", "lab", f"note-{row[0]}", "A note\nof two lines, made up."] for row in made_up)
        return Material(data=folder)

    def perfect(self, item: Calculation, prompt: str = "") -> str:
        weeks, _, days = item.answer.partition("+")
        return f"We apply the rule.\nAnswer: {f'{weeks} weeks, {days} days' if item.kind == 'age' else item.answer}"


def _calculation(number: int, row: Row) -> Calculation:
    truth = row["Ground Truth Answer"].strip()
    named = row["Output Type"].strip().lower()
    kind: Kind = "age" if _AGE.fullmatch(truth) else named  # type: ignore[assignment]
    answer = _read(kind, truth) if kind in FORMS else None
    if answer is None:
        raise InputError("has an output type or an answer that is none of decimal, integer, date, weeks and days")
    # Of a negative number the publisher's lower limit is the higher one.
    limits = [Decimal(row[limit]) for limit in ("Lower Limit", "Upper Limit")] if kind == "decimal" else [Decimal(0)]
    return Calculation(
        id=f"medcalc/{number}",
        cluster=f"medcalc/{row['Note ID']}",
        calculator=row["Calculator Name"],
        category=row["Category"],
        kind=kind,
        note=row["Patient Note"],
        question=row["Question"],
        answer=answer,
        low=min(limits),
        high=max(limits),
    )


def _read(kind: Kind, said: str) -> str | None:
    """A number without commas, a date in ISO form, "weeks+days"; None for anything else, and for two of them."""
    pattern = {"date": _DATE, "age": _AGE}.get(kind, _NUMBER)
    match = pattern.fullmatch(said.strip())
    if match is None:
        return None
    if kind == "age":
        return f"{int(match[1])}+{int(match[2])}"
    if kind == "date":
        month, day, year = map(int, match.groups())
        try:
            return date(year, month, day).strftime("%m/%d/%Y")
        except ValueError:
            return None
    return match[1].replace(",", "")
