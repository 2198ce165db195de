"""One step of the flow by itself, on a file of records `{id, text, ...}`: JSON lines (also .gz) or Parquet.

    python -m data_build step clean --in notes.jsonl --out clean.jsonl --report clean.json
    python -m data_build step dedup --in a.parquet --out b.parquet --report dedup.json --set threshold=0.9

Fields that the step does not know pass through. Out goes what stays; what is dropped, why, and what was found of each
record stand in the report. A line that is no record is dropped with its number. Both files appear only when they are whole.
"""

from __future__ import annotations

import gzip
import inspect
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pyarrow.parquet
import yaml
from datatrove.data import Document as Carrier
from pydantic import ValidationError

from data_build.executor import whole_file
from data_build.sources.reading import Unreadable, json_records, members
from data_build.steps.comparison import Comparison
from data_build.steps.tagging import carry, drop
from data_build.tally import reason_class
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document, Source

BATCH = 1000  # records of a Parquet row group


def run_alone(name: str, source: Path, target: Path, report: Path, settings: Sequence[str] = ()) -> dict[str, Any]:
    """Run step `name`; returns the report without the list of each record. Raises InputError, UnknownName."""
    if not source.is_file():
        raise InputError(f"--in: there is no file {source}")
    for one, other in (("--in", "--out"), ("--in", "--report"), ("--out", "--report")):
        paths = {"--in": source, "--out": target, "--report": report}
        if paths[one].resolve() == paths[other].resolve():
            raise InputError(f"{one} and {other} are the same file: give each its own")
    for option, path in (("--out", target), ("--report", report)):
        if path.is_dir():
            raise InputError(f"{option}: {path} is a folder: name a file in it")
    step = make_step(name, settings)
    counts: Counter[str] = Counter()
    dropped: list[dict[str, str]] = []
    tags: dict[str, dict[str, Any]] = {}
    with _writer(target, _schema(source)) as write, whole_file(report) as told:
        for carrier in _passed(step, _carriers(source)):
            counts["records"] += 1
            record = carrier.metadata["record"]
            if said := _said(carrier):
                tags[carrier.id] = said
            if carrier.metadata["drop"]:
                dropped.append({"id": carrier.id, "reason": carrier.metadata["drop"]})
            else:
                counts["kept"] += 1
                write({**record, "text": carrier.text})
        reasons = Counter(reason_class(gone["reason"]) for gone in dropped)
        summary = {"step": name, "records": counts["records"], "kept": counts["kept"], "dropped": dict(sorted(reasons.items()))}
        told.write(orjson.dumps({**summary, "drops": dropped, "tags": tags}, option=orjson.OPT_INDENT_2))
    return summary


def make_step(name: str, settings: Sequence[str] = ()) -> Any:
    """The step with `key=value` settings. Raises UnknownName for a setting that it has not."""
    takes = settings_of(name)
    chosen = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting}: write it as key=value")
        if key not in takes:
            raise UnknownName("setting", key, takes, f"step '{name}'")
        try:
            chosen[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(
                f"--set {key}: what stands after = is no YAML: a number, a word, [a, list] or {{a: map}}"
            ) from None
        if type(takes[key].default) in (int, float) and type(chosen[key]) not in (int, float):
            raise InputError(f"--set {key}: {value} is no number")
    try:
        return registry.get("step", name)(**chosen)
    except TypeError:
        missing = [key for key, parameter in takes.items() if parameter.default is parameter.empty and key not in chosen]
        raise InputError(f"step '{name}' needs {' and '.join(f'--set {key}=...' for key in missing)}") from None


def settings_of(name: str) -> dict[str, inspect.Parameter]:
    """What a step can be told by --set, with its type and what it is when nothing is said."""
    takes = inspect.signature(registry.get("step", name)).parameters
    return {key: parameter for key, parameter in takes.items() if key not in ("args", "kwargs")}


def _passed(step: Any, carriers: Iterable[Carrier]) -> Iterator[Carrier]:
    """Records that could not be read go round the step; a comparison takes all at once."""
    if isinstance(step, Comparison):
        everything = list(carriers)
        list(step.run(everything))
        yield from everything
        return

    unread: list[Carrier] = []

    def readable() -> Iterator[Carrier]:
        for carrier in carriers:
            if carrier.metadata["drop"]:
                unread.append(carrier)
            else:
                yield carrier

    yield from step.run(readable())
    yield from unread


def _said(carrier: Carrier) -> dict[str, Any]:
    """What the step says of a record: its tags, and the split where it set another than the record's own."""
    document, record = carrier.metadata["document"], carrier.metadata["record"]
    said = dict(carrier.metadata["tags"])
    if "quarantined" in document["attributes"]:
        said["quarantined"] = document["attributes"]["quarantined"]
    if document["split"] != record.get("split", "train"):
        said["split"] = document["split"]
    return said


def _carriers(path: Path) -> Iterator[Carrier]:
    seen: set[str] = set()
    for number, record in _records(path):
        reason = f"unreadable: {record.reason}" if isinstance(record, Unreadable) else _misfit(record, seen)
        if reason or isinstance(record, Unreadable):
            carrier = carry(_document({"id": f"{path.name}:{number}", "text": ""}, path))
            drop(carrier, reason)
            carrier.metadata["record"] = {}
        else:
            seen.add(str(record["id"]))
            carrier = carry(_document(record, path))
            carrier.metadata["record"] = record
        yield carrier


def _misfit(record: Mapping[str, Any], seen: Collection[str]) -> str:
    """Why it is no record; "" when it is one."""
    if not isinstance(record.get("text"), str):
        return "unreadable: no field 'text'"
    if not isinstance(record.get("id"), str | int):
        return "unreadable: no field 'id'"
    return "unreadable: its id was there before" if str(record["id"]) in seen else ""


def _document(record: Mapping[str, Any], path: Path) -> Document:
    """The record as a Document: itself when it is one, else one about which nothing more is known."""
    try:
        return Document.model_validate(record)
    except ValidationError:
        source = Source(id=path.name.partition(".")[0], title=path.name, licence="n/s", tier="none")
        return Document(id=str(record["id"]), text=record["text"], source=source, domain="general")


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any] | Unreadable]]:
    """(line or row number, record); Unreadable for a line that is no record, and for what damage leaves unread."""
    if path.suffix == ".parquet":
        number = 0
        try:
            for batch in _parquet(path).iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (pyarrow.ArrowException, OSError) as fault:
            yield number + 1, Unreadable(id=path.name, reason=f"is damaged from here on ({type(fault).__name__})")
        return
    for member in members(path):
        if isinstance(member, Unreadable):
            yield 0, member
            continue
        lines = member._replace(name=f"{member.name}.jsonl")  # whatever the file is called, it is read line by line
        for found in json_records(lines):
            if isinstance(found, Unreadable):
                place = found.id.removeprefix(lines.name).removeprefix(":")
                yield int(place or 0), found
            else:
                yield found.number, found.value


def _parquet(path: Path) -> Any:
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as fault:
        raise InputError(f"--in: {path} is damaged or no Parquet ({type(fault).__name__})") from None


def _schema(path: Path) -> Any:
    """The columns of a Parquet file, which the records that stay keep; None for lines, which have none."""
    return _parquet(path).schema_arrow if path.suffix == ".parquet" else None


@contextmanager
def _writer(path: Path, schema: Any = None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """JSON lines or Parquet, by the file's name."""
    if path.suffix != ".parquet":
        with whole_file(path) as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) if path.suffix == ".gz" else out as lines:

            def line(record: dict[str, Any]) -> None:
                lines.write(orjson.dumps(record) + b"\n")

            yield line
        return
    waiting: list[dict[str, Any]] = []
    with whole_file(path) as out, ExitStack() as opened:
        writer: Any = None

        def flush() -> None:
            nonlocal writer
            shape = writer.schema if writer else schema
            if shape and (unknown := sorted({key for record in waiting for key in record} - set(shape.names))):
                raise InputError(f"--out: not every record has the field '{unknown[0]}', as Parquet needs: write .jsonl")
            try:
                table = pyarrow.Table.from_pylist(waiting, schema=shape)
            except (pyarrow.ArrowException, TypeError, ValueError):
                raise InputError("--out: a field is not of one type in all records, as Parquet needs: write .jsonl") from None
            writer = writer or opened.enter_context(pyarrow.parquet.ParquetWriter(out, table.schema))
            writer.write_table(table)
            waiting.clear()

        def write(record: dict[str, Any]) -> None:
            waiting.append(record)
            if len(waiting) >= BATCH:
                flush()

        yield write
        if waiting or writer is None:
            flush()
