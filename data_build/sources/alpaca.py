"""Format alpaca: JSON or JSON lines of {"instruction", "input", "output"}, with "system" and "history" if there.

    sources: [{format: alpaca, path: tasks.jsonl.gz, licence: Apache-2.0, language: en, domain: instruction}]

`columns` gives other names: {instruction: question, output: answer}. A recipe may also say id, title, organization, year,
date, doi, url.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_build.shapes import alpaca, renamed
from data_build.sources.reading import Unreadable, members
from data_build.sources.rows import JSON, described, documents
from medmodel.records import Document
from medmodel.registry import register


@register("source", "alpaca")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "instruction",
    columns: Mapping[str, str] | None = None,
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A conversation for every row of a file, or of every JSON file of a folder."""
    source = described("alpaca", path, licence, tier, about)
    for member in members(path, *JSON):
        yield from documents(member, source, renamed(alpaca, columns or {}), domain=domain, language=language)
