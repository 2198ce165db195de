"""A publisher's table, as downloaded: CSV, gzipped or not, with the columns that its benchmark reads.

A file without such a column, or none at all, is one clear error. An item that contradicts itself (a label that does not
exist) is not: it keeps its place with a `fault`, its call fails by that name, and the run goes on and counts it.

    for path in find("xstest", data, ("xstest*.csv",)):
        for row in read_table(path, ("prompt", "type")): ...
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from medmodel.errors import InputError
from medmodel.records import Record

LONGEST = 10_000_000  # characters of one field; csv's own limit of 131,072 is less than a long note


class Published(Record):
    """One item of a benchmark. `fault` says why it cannot be scored; "" when it can."""

    id: str
    fault: str = ""

    def check(self) -> None:
        """Raises InputError when the item contradicts itself."""
        if self.fault:
            raise InputError(f"item {self.id}: {self.fault}")


Item = TypeVar("Item", bound=Published)


def find(name: str, data: Path | None, patterns: Sequence[str]) -> list[Path]:
    """The benchmark's files under `data`, gzipped or not, in order. Raises InputError when there is none."""
    every = [form for pattern in patterns for form in (pattern, f"{pattern}.gz")]
    found = sorted({path for pattern in every for path in data.rglob(pattern)}) if data else []
    if not found:
        raise InputError(f"{name}: no {' or '.join(patterns)} under {data or 'the folder that --data would name'}")
    return found


def distinct(items: Sequence[Item]) -> list[Item]:
    """The items, when no id stands twice: one row would be taken for the other's."""
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InputError(f"the id '{item.id}' stands twice; is the same file there under two names?")
        seen.add(item.id)
    return list(items)


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Every row by column. Raises InputError naming the file and the column that is missing, or the row that is cut short."""
    packed = path.read_bytes()
    try:
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError):
        raise InputError(f"{path.name} is no CSV in UTF-8, or its gzip is broken; download it again") from None
    csv.field_size_limit(LONGEST)
    table = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in columns if column not in (table.fieldnames or ())]
    if missing:
        raise InputError(f"{path.name} has no column '{missing[0]}'; it needs {', '.join(columns)}")
    rows = []
    for number, row in enumerate(table, 1):
        if any(row[column] is None for column in columns):
            raise InputError(f"{path.name}: row {number} has fewer fields than the header; is the file whole?")
        rows.append({column: row[column] for column in row if column is not None})
    return rows
