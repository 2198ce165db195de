"""Format parquet: one text, or one conversation, a row; read row group by row group with the columns needed and no other.

    sources: [{format: parquet, path: shards/, licence: ODC-BY, text_field: content, key: id}]
    sources: [{format: parquet, path: chat.parquet, licence: MIT, shape: sharegpt, domain: dialogue}]

`shape` is text, alpaca or sharegpt (`data_build.shapes`); `columns` gives other names, {instruction: question}. A row
group is held in memory as a whole: that is the format's own unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_build.shapes import FIELDS, SHAPES, renamed
from data_build.sources.reading import Entry, Unreadable, files_below
from data_build.sources.rows import described, of_rows
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document
from medmodel.registry import register

BATCH = 1000  # rows turned into Python objects at a time


@register("source", "parquet")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    shape: str = "text",
    text_field: str = "text",
    columns: Mapping[str, str] | None = None,
    key: str | None = None,
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every row of a file, or of every .parquet file of a folder."""
    if shape not in SHAPES:
        raise UnknownName("shape", shape, SHAPES, "source parquet")
    source = described("parquet", path, licence, tier, about)
    names = {"text": text_field, **(columns or {})} if shape == "text" else dict(columns or {})
    wanted = {names.get(field, field) for field in FIELDS[shape]} | {*names.values(), *([key] if key else [])}
    root = Path(path).expanduser()
    files = [file for file in files_below(root) if isinstance(file, Unreadable) or file == root or file.suffix == ".parquet"]
    if not files:
        raise InputError(f"source parquet: there is no .parquet file at {root}")
    for file in files:
        if isinstance(file, Unreadable):
            yield file
            continue
        relative = file.name if file == root else file.relative_to(root).as_posix()
        rows = _rows(file, relative, wanted, needed=text_field if shape == "text" else None)
        yield from of_rows(rows, relative, source, renamed(SHAPES[shape], names), domain=domain, language=language, key=key)


def _rows(file: Path, name: str, wanted: set[str], needed: str | None) -> Iterator[Entry | Unreadable]:
    """Rows numbered from 1, and why a file, or the rest of it, could not be read."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    number = 0
    try:
        with parquet.ParquetFile(file) as table:
            there = [name for name in table.schema_arrow.names if name in wanted]
            if not there or (needed and needed not in there):
                fields = ", ".join(table.schema_arrow.names[:20])
                yield Unreadable(id=name, reason=f"has no column {needed or ' or '.join(sorted(wanted))}; it has: {fields}")
                return
            for batch in table.iter_batches(batch_size=BATCH, columns=there, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield Entry(number, row)
    except (arrow.ArrowException, OSError) as fault:
        after = f" (after row {number}: what stands before counts)" if number else ""
        yield Unreadable(id=name, reason=f"is damaged or no Parquet ({type(fault).__name__}){after}")
