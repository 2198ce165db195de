"""Format jsonl: JSON lines (or one JSON array) of records with a text.

    sources: [{format: jsonl, path: notes.jsonl, licence: CC-BY-4.0, tier: textbook, text_field: body, key: pmid}]

`text_field` names the field that is read, `key` the one that names a record within its file (without it the line number does;
a key that comes twice is an error of the second record). Lines are streamed, so a file may be of any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.shapes import renamed, text
from data_build.sources.reading import Unreadable, json_records, members
from data_build.sources.rows import JSON, described, of_rows
from medmodel.records import Document
from medmodel.registry import register


@register("source", "jsonl")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    text_field: str = "text",
    key: str | None = None,
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every record of a file, or of every JSON file of a folder."""
    source = described("jsonl", path, licence, tier, about)
    shape = renamed(text, {"text": text_field})
    for member in members(path, *JSON):
        if isinstance(member, Unreadable):
            yield member
        else:
            rows = json_records(member)
            yield from of_rows(rows, member.name, source, shape, domain=domain, language=language, key=key)
