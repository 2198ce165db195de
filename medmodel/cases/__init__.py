"""Cases from a file: JSON lines, CSV, or FHIR bundles. What the batch command, the gate and the SDK read is read here.

    cases.jsonl, .ndjson   one JSON object a line: the fields of `Case`, or a FHIR bundle, or a case with "bundle" for its text
    cases.json             one such object, or a list of them
    cases.csv, .tsv        a row a case (table.py)

A line that is no case is named by its number (in a list, its place) without its text, which may be a patient's; the rest
goes on. A file that cannot be read at all, or a CSV with a wrong column, is an InputError. FHIR is read by fhir.py.

    cases, bad_lines = read_cases(Path("cases.jsonl"))
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from medmodel.errors import InputError
from medmodel.records import Case, Record


class BadLine(Record):
    """A line of the cases file that is no case."""

    line: int
    reason: str


class CasesFile(NamedTuple):
    cases: list[Case]
    bad_lines: list[BadLine]


def read_cases(path: Path, question: str = "") -> CasesFile:
    """Every case, and the lines that are none. `question` is asked of bundles that ask nothing themselves."""
    from medmodel.cases.table import read_table

    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")  # Excel's and Notepad's byte order mark
    except OSError as error:
        raise InputError(f"the cases file {path} cannot be read ({error.strerror})") from None
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _collected(read_table(content, path))
    return _collected(_from_list(content, question) if suffix == ".json" else _from_lines(content, question))


def read_all(path: Path, question: str = "") -> list[Case]:
    """Cases of a file without a bad line. Raises InputError naming the first, where a part would not do."""
    cases, bad_lines = read_cases(path, question)
    for bad in bad_lines:
        raise InputError(f"{path}:{bad.line}: {bad.reason}")
    return cases


def as_case(fields: object) -> Case:
    """Raises InputError saying which field is wrong, without its content."""
    try:
        return Case.model_validate(fields)
    except ValidationError as error:
        raise InputError(_fault(error)) from None


def _collected(found: Iterator[tuple[int, Case | str]]) -> CasesFile:
    lines: dict[str, int] = {}
    collected = CasesFile([], [])
    for number, case in found:
        if isinstance(case, str):
            collected.bad_lines.append(BadLine(line=number, reason=case))
        elif case.id in lines:
            collected.bad_lines.append(BadLine(line=number, reason=f"its id stands in line {lines[case.id]} already"))
        else:
            lines[case.id] = number
            collected.cases.append(case)
    return collected


def _from_lines(content: bytes, question: str) -> Iterator[tuple[int, Case | str]]:
    """(line, case, or what is wrong with it)."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        if b'"resourceType"' in line or b'"bundle"' in line:
            yield from ((number, case) for case in _cases_of(line, number, question))
            continue
        try:
            yield number, Case.model_validate_json(line)
        except ValidationError as error:
            yield number, _fault(error)


def _from_list(content: bytes, question: str) -> Iterator[tuple[int, Case | str]]:
    """(place in the list, case, or what is wrong with it)."""
    whole = _parsed(content)
    if whole is None:  # JSON lines that are called .json
        yield from _from_lines(content, question)
        return
    for number, item in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield from ((number, case) for case in _cases_of(item, number, question))


def _cases_of(item: object, number: int, question: str) -> Iterator[Case | str]:
    """Cases of one JSON value: several when it is a bundle of several patients."""
    from medmodel.cases import fhir

    if isinstance(item, bytes):
        item = _parsed(item)
    if not isinstance(item, dict):
        yield "no JSON object"
        return
    try:
        if "bundle" in item:
            yield _with_bundle(item, question)
        elif "resourceType" in item:
            found = fhir.read_bundle(item, question)
            for place, patient in enumerate(found, 1):
                name = f"bundle-{number}-{place}" if len(found) > 1 else f"bundle-{number}"
                yield as_case({"id": name, **patient._asdict()})
        else:
            yield as_case(item)
    except InputError as error:
        yield str(error)


def _with_bundle(item: dict[str, Any], question: str) -> Case:
    """A case whose text is a bundle of one patient, beside what is expected of the answer."""
    from medmodel.cases import fhir

    found = fhir.read_bundle(item["bundle"], str(item.get("question") or question))
    if len(found) != 1:
        raise InputError(f"its bundle has {len(found)} patients; a case is about one")
    fields = {key: value for key, value in item.items() if key != "bundle"}
    return as_case({**found[0]._asdict(), **fields, "question": found[0].question})


def _parsed(content: bytes) -> Any:
    """The JSON value with its numbers as they are written (a finding of 2.0 is not one of 2); None when it is none."""
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):  # the latter: brackets nested a thousand deep
        return None


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, Case.model_fields, n=1, cutoff=0.5)
        return f"no case: a case has no field '{where}'{f' — did you mean {near[0]!r}?' if near else ''}"
    return f"no case: '{where}': {fault['msg']}" if where else "no JSON object"
