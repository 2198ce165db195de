"""Read a benchmark's files as their publishers ship them: JSON, JSON lines, CSV, XLSX, gzipped or not, or a set on the hub.

A row is a mapping; what its keys mean is each benchmark's own business. `find` keeps the rule about splits: the patterns
of a benchmark are in order of what may be looked at first, so a test file is read only where nothing else is at hand, or
where it is named: `--data FILE`. `--data owner/name`, with `/config` and `@split` after it where wanted, is a set on the
Hugging Face hub, read through `datasets`: only data files, never a script, and only with a network.

    python -m evals run medqa --model DIR --data questions/US/dev.jsonl
    python -m evals run medmcqa --model DIR --data openlifescienceai/medmcqa@validation
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from defusedxml import ElementTree

from medmodel.errors import InputError

Row = dict[str, Any]
T = TypeVar("T")
NAMED = 5  # bad items shown with their reason; all are counted
LONGEST = 10_000_000  # characters of one field; csv's own limit of 131,072 is less than a long note
LOOK_FIRST = ("validation", "dev", "val", "train", "test")  # of a set on the hub without @split
_HUB = re.compile(r"^[\w.-]+/[\w.-]+(?:/[\w.-]+)?(?:@\w+)?$")
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Numbered(NamedTuple):
    """A row and where it stands: the line of a file of lines, the place in a list, from 1."""

    number: int
    row: Row


class Bad(NamedTuple):
    """An item that was left out, and why. The reason holds none of its text."""

    file: str
    number: int
    reason: str


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Named = TypeVar("Named", bound=_Identified)


def find(name: str, data: Path | None, patterns: Sequence[str], every: bool = False) -> list[Path]:
    """The file named, or those under a folder that match the first pattern with a match: all of them, or the first."""
    if data is None:
        raise InputError(f"{name}: give it its files with --data DIR (or set MEDMODEL_DATA): {', '.join(patterns)}")
    if data.is_file():
        return [data]
    if not data.is_dir():
        raise InputError(f"{name}: {data} is no file or folder, and no set on the hub (owner/name)")
    for pattern in patterns:
        found = sorted(path for path in data.rglob(pattern) if path.is_file())
        if found:
            return found if every else found[:1]
    raise InputError(f"{name}: nothing under {data} is called {', '.join(patterns)}")


def read(path: Path, columns: Sequence[str] = ()) -> Iterator[Numbered]:
    """Rows of one file. `columns` names those of a CSV without a header. A line that is no JSON has the one key `broken`."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".xlsx"):
        yield from _sheet(_bytes(path))
        return
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    if name.endswith(".csv"):
        csv.field_size_limit(LONGEST)
        lines = csv.reader(io.StringIO(text, newline=""))
        header = list(columns) or next(lines, [])
        yield from (Numbered(number, dict(zip(header, cells, strict=False))) for number, cells in enumerate(lines, 1) if cells)
    elif name.endswith((".jsonl", ".ndjson")) or (text.lstrip().startswith("{") and "\n{" in text.strip()):
        yield from _lines(text)
    else:
        whole = read_json(path)
        yield from (Numbered(number, row) for number, row in enumerate(whole if isinstance(whole, list) else [whole], 1))


def parsed(rows: Iterable[Numbered], path: Path, make: Callable[[int, Row], T | None]) -> tuple[list[T], list[Bad]]:
    """Items of a file, and the bad ones, which are named and counted: the run goes on. `make` gives None for no item at all."""
    items: list[T] = []
    bad: list[Bad] = []
    for number, row in rows:
        try:
            item = make(number, row)
            if item is not None:
                items.append(item)
        except KeyError as missing:
            bad.append(Bad(path.name, number, f"has no {missing}"))
        except InputError as fault:
            bad.append(Bad(path.name, number, str(fault)))
        except (TypeError, ValueError, AttributeError, ArithmeticError, IndexError):  # its message may quote the item
            bad.append(Bad(path.name, number, "has a part that is not as described"))
    return items, bad


def usable(name: str, where: str, items: Sequence[T], bad: Sequence[Bad]) -> None:
    """Raise InputError when files hold nothing that can be scored, with the first reason."""
    if not items:
        first = f": {bad[0].file} item {bad[0].number} {bad[0].reason}" if bad else ""
        raise InputError(f"{name}: {where} holds no usable item{first}")


def distinct(items: Sequence[Named]) -> list[Named]:
    """The items, when no id stands twice: one row would be taken for the other's."""
    twice = next((name for name, count in Counter(item.id for item in items).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"the id '{twice}' stands twice; is the same file there under two names?")
    return list(items)


def bad_items(bad: Sequence[Bad]) -> dict[str, Any]:
    """How many items were left out, the most frequent reasons, and the first ones by name."""
    reasons = Counter(one.reason for one in bad)
    return {"n": len(bad), "reasons": dict(reasons.most_common(NAMED)), "first": [list(one) for one in bad[:NAMED]]}


def read_json(path: Path) -> Any:
    """One JSON document."""
    try:
        return json.loads(_bytes(path).decode("utf-8-sig"))
    except ValueError as fault:
        raise InputError(f"{path} is not JSON ({fault})") from None


def is_hub_name(data: Path | None) -> bool:
    """Whether `--data` names a set on the hub: nothing on this machine is called so."""
    return data is not None and not data.exists() and not data.is_absolute() and bool(_HUB.match(str(data)))


def read_hub(data: Path) -> Iterator[Numbered]:
    """Rows of a set on the hub. One sentence where there is no network, or no such set."""
    import httpx
    from datasets import get_dataset_split_names, load_dataset

    name, _, split = str(data).partition("@")
    owner, short, *config = name.split("/")
    try:
        splits = [split] if split else get_dataset_split_names(f"{owner}/{short}", *config)
        wanted = next((known for known in LOOK_FIRST if known in splits), splits[0])
        rows = load_dataset(f"{owner}/{short}", *config, split=wanted)
    except (OSError, ValueError, RuntimeError, httpx.HTTPError) as fault:
        raise InputError(
            f"{data}: the set cannot be read from the hub ({type(fault).__name__}): is there a network? "
            "Download its files, and name their folder with --data"
        ) from None
    for number, row in enumerate(rows, 1):
        yield Numbered(number, dict(row))


def _bytes(path: Path) -> bytes:
    try:
        packed = path.read_bytes()
        return gzip.decompress(packed) if path.suffix == ".gz" else packed
    except (OSError, EOFError) as fault:
        raise InputError(f"{path} cannot be read ({type(fault).__name__})") from None


def _lines(text: str) -> Iterator[Numbered]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: text may hold U+2028
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                row = {}
            yield Numbered(number, row if isinstance(row, dict) and row else {"broken": line[:20]})


def _sheet(packed: bytes) -> Iterator[Numbered]:
    """The first sheet of a workbook, under its first row; no package for XLSX is among our requirements."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as book:
            shared = [_text(node) for node in _xml(book, "xl/sharedStrings.xml")] if _has(book, "xl/sharedStrings.xml") else []
            rows = _xml(book, "xl/worksheets/sheet1.xml").iter(f"{_SHEET}row")
            header: dict[str, str] = {}
            for number, row in enumerate(rows):
                cells = {_column(cell.get("r", "")): _value(cell, shared) for cell in row}
                if not header:
                    header = cells
                else:
                    yield Numbered(number, {title: cells.get(column, "") for column, title in header.items()})
    except (zipfile.BadZipFile, KeyError, IndexError, ElementTree.ParseError) as fault:
        raise InputError(f"the workbook is damaged ({type(fault).__name__})") from None


def _xml(book: zipfile.ZipFile, name: str) -> Any:
    return ElementTree.fromstring(book.read(name))


def _has(book: zipfile.ZipFile, name: str) -> bool:
    return name in book.namelist()


def _column(cell: str) -> str:
    return cell.rstrip("0123456789")


def _value(cell: Any, shared: Sequence[str]) -> str:
    if cell.get("t") == "s":
        return shared[int(cell.findtext(f"{_SHEET}v", "0"))]
    return _text(cell) if cell.get("t") == "inlineStr" else str(cell.findtext(f"{_SHEET}v", ""))


def _text(node: Any) -> str:
    return "".join(part.text or "" for part in node.iter(f"{_SHEET}t"))
