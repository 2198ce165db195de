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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import yaml
from datatrove.data import Document as Carrier
from pydantic import ValidationError

from data_build.executor import whole_file
from data_build.report import reason_class
from data_build.steps.comparison import Comparison
from data_build.steps.tagging import carry, drop
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document, Source

BATCH = 1000  # records of a Parquet row group


def run_alone(name: str, source: Path, target: Path, report: Path, settings: Sequence[str] = ()) -> dict[str, Any]:
    """Run step `name`; returns the report without the list of each record. Raises InputError, UnknownName."""
    if not source.is_file():
        raise InputError(f"--in: there is no file {source}")
    if target.resolve() == source.resolve():
        raise InputError("--in and --out are the same file: inputs stay as they are")
    step = make_step(name, settings)
    counts: Counter[str] = Counter()
    dropped: list[dict[str, str]] = []
    tags: dict[str, dict[str, Any]] = {}
    with _writer(target) as write, whole_file(report) as told:
        for carrier in _passed(step, _carriers(source)):
            counts["records"] += 1
            record = carrier.metadata["record"]
            if carrier.metadata["tags"]:
                tags[carrier.id] = carrier.metadata["tags"]
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
    plugin = registry.get("step", name)
    known = [key for key in inspect.signature(plugin).parameters if key not in ("args", "kwargs")]
    chosen = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting}: write it as key=value")
        if key not in known:
            raise UnknownName("setting", key, known, f"step '{name}'")
        chosen[key] = yaml.safe_load(value)
    try:
        return plugin(**chosen)
    except TypeError:
        missing = [
            key
            for key, parameter in inspect.signature(plugin).parameters.items()
            if parameter.default is parameter.empty and key not in chosen
        ]
        raise InputError(f"step '{name}' needs {' and '.join(f'--set {key}=...' for key in missing)}") from None


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


def _carriers(path: Path) -> Iterator[Carrier]:
    seen: set[str] = set()
    for number, record in _records(path):
        reason = ""
        if not isinstance(record, dict):
            reason = "unreadable: no JSON object"
        elif not isinstance(record.get("text"), str):
            reason = "unreadable: no field 'text'"
        elif not isinstance(record.get("id"), str | int):
            reason = "unreadable: no field 'id'"
        elif str(record["id"]) in seen:
            reason = "unreadable: its id was there before"
        if reason:
            carrier = carry(_document({"id": f"{path.name}:{number}", "text": ""}, path))
            drop(carrier, reason)
            carrier.metadata["record"] = {}
        else:
            seen.add(str(record["id"]))
            carrier = carry(_document(record, path))
            carrier.metadata["record"] = record
        yield carrier


def _document(record: Mapping[str, Any], path: Path) -> Document:
    """The record as a Document: itself when it is one, else one about which nothing more is known."""
    try:
        return Document.model_validate(record)
    except ValidationError:
        source = Source(id=path.name.partition(".")[0], title=path.name, licence="n/s", tier="none")
        return Document(id=str(record["id"]), text=record["text"], source=source, domain="general")


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    """(line or row number, record); None for a line that is no JSON."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        number = 0
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
        return
    with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield number, orjson.loads(line)
                except orjson.JSONDecodeError:
                    yield number, None


@contextmanager
def _writer(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """JSON lines or Parquet, by the file's name."""
    if path.suffix != ".parquet":
        with whole_file(path) as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) if path.suffix == ".gz" else out as lines:

            def line(record: dict[str, Any]) -> None:
                lines.write(orjson.dumps(record) + b"\n")

            yield line
        return
    import pyarrow
    import pyarrow.parquet

    waiting: list[dict[str, Any]] = []
    with whole_file(path) as out:
        writer: Any = None

        def flush() -> None:
            nonlocal writer
            table = pyarrow.Table.from_pylist(waiting, schema=writer.schema if writer else None)
            writer = writer or pyarrow.parquet.ParquetWriter(out, table.schema)
            writer.write_table(table)
            waiting.clear()

        def write(record: dict[str, Any]) -> None:
            waiting.append(record)
            if len(waiting) >= BATCH:
                flush()

        yield write
        if waiting or writer is None:
            flush()
        writer.close()
