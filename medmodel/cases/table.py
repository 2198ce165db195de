"""Cases from a spreadsheet: CSV with the fields of `Case` as its header, in any order; empty cells are left out.

Lists are divided by `|`: must_mention `INR|bleeding`, rubric `5:names the target|-3:advises aspirin` (points before the
first colon). Cells may hold line feeds within quotes. Cells are separated by commas, semicolons (as a German or French
Excel saves) or tabs. The text is UTF-8, with or without a byte order mark; another encoding is refused, since a
wrongly read letter would be asked.

    id,question,expect_source,must_mention
    1,"Which INR target is used with warfarin?",acc_aha_af_2023,2.0|3.0
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medmodel.cases import as_case
from medmodel.errors import InputError, UnknownName
from medmodel.records import Case

LISTS = ("must_mention", "rubric")
LONGEST = 1_048_576  # characters of a cell; csv's own limit of 131,072 is below some discharge letters


def read_table(content: bytes, path: Path) -> Iterator[tuple[int, Case | str]]:
    """(the line where a row begins, its case, or what is wrong with it). Raises InputError for the file as a whole."""
    rows = _rows(content, path)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    for at, name in enumerate(names, 1):
        if not re.fullmatch(r"\w[\w -]{0,30}", name) or len(name.split()) > 2:  # it may be a first row without a header
            raise InputError(f"{path}: the first row is no header (cell {at}); it names the columns: id, question, …")
        if name not in Case.model_fields:
            raise UnknownName("column", name, Case.model_fields, str(path))
    for name in ("id", "question"):
        if names.count(name) != 1:
            raise InputError(f"{path} has {names.count(name)} columns '{name}', and needs one")
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(names):
            yield line, f"it has {len(row)} cells where the header has {len(names)}; is a text with a comma not in quotes?"
            continue
        try:
            yield line, as_case(_fields(dict(zip(names, row, strict=False))))
        except InputError as error:
            yield line, str(error)


def _rows(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells)."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line} is not UTF-8; save it as 'CSV UTF-8'") from None
    first = text.partition("\n")[0]
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # its text names no content
            raise InputError(
                f"{path}: the row that begins in line {line} is no CSV ({error}); is a quote not closed?"
            ) from None
        yield line, row


def _fields(row: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: cell for name, cell in row.items() if cell.strip()}
    for name in LISTS:
        if name in fields:
            fields[name] = [part.strip() for part in fields[name].split("|") if part.strip()]
    if "rubric" in fields:
        fields["rubric"] = [_criterion(part) for part in fields["rubric"]]
    return fields


def _criterion(part: str) -> dict[str, str]:
    points, _, criterion = part.partition(":")
    return {"points": points.strip(), "criterion": criterion.strip()}
