"""Reads a benchmark as its publisher ships it: JSONL, JSON or CSV, gzipped or not.

An item that is not as its publisher describes is left out, named and counted, and the run goes on; a file without one
good item is an error. What is told names files, items and keys, never a text: a patient's note may stand in it.

    items, bad = read("gsm8k", find("gsm8k", data, ("test.jsonl", "test.jsonl.gz")), make)
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import yaml

from medmodel.errors import InputError

T = TypeVar("T")
csv.field_size_limit(1 << 24)  # characters; a patient's note has more than the default 131,072 now and then


class BadItem(ValueError):
    """An item that cannot be used; the message says what is wrong with it, without quoting it."""


def read(name: str, path: Path, make: Callable[[int, Mapping[str, Any]], T]) -> tuple[list[T], list[str]]:
    """Items of a file, and a sentence for each that is left out. `make` gets an item's number, from 1, and its fields."""
    items: list[T] = []
    bad: list[str] = []
    for number, row in enumerate(rows(path), 1):
        try:
            items.append(make(number, row))
        except KeyError as error:
            bad.append(f"item {number} of {path.name} has no {error}")
        except BadItem as error:
            bad.append(f"item {number} of {path.name}: {error}")
        except (TypeError, ValueError, AttributeError, ArithmeticError):
            bad.append(f"item {number} of {path.name} is not as its publisher describes it")
    if not items:
        raise InputError(f"{name}: no good item in {path}: {bad[0] if bad else 'the file is empty'}")
    return items, bad


def find(name: str, data: Path | None, patterns: Sequence[str]) -> Path:
    """The first file under the folder, by the order of the patterns. Raises InputError naming what was looked for."""
    found = (path for pattern in patterns for path in sorted(data.rglob(pattern))) if data else iter(())
    path = next(found, None)
    if path is None:
        raise InputError(f"{name}: no {' or '.join(patterns)} under {data or 'the folder that --data would name'}")
    return path


def rows(path: Path) -> Iterator[Any]:
    """Every row of a file; a line that is no JSON is a row too (None), so that it is counted."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8-sig")
    suffixes = path.suffixes
    if ".csv" in suffixes:
        yield from csv.DictReader(io.StringIO(text, newline=""))
    elif ".jsonl" in suffixes:
        yield from (_json(line) for line in text.split("\n") if line.strip())
    else:
        whole = _json(text)
        if not isinstance(whole, Mapping | list):
            raise InputError(f"{path.name} is no JSON")
        yield from whole.get("examples", ()) if isinstance(whole, Mapping) else whole  # {"examples": […]}: BIG-Bench Hard


def lm_eval_task(path: str) -> dict[str, Any]:
    """A task of lm-eval, from the installed package: its prompt and worked examples ("gsm8k/gsm8k-cot.yaml")."""
    package = find_spec("lm_eval")
    if package is None or not package.submodule_search_locations:
        raise InputError("the task's text comes from lm-eval: pip install 'medmodel[eval]'")
    text = (Path(package.submodule_search_locations[0]) / "tasks" / path).read_text(encoding="utf-8")
    task: dict[str, Any] = yaml.safe_load(text)
    return task


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
