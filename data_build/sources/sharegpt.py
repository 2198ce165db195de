"""Format sharegpt: JSON or JSON lines of {"conversations": [{"from", "value"}]} or {"messages": [{"role", "content"}]}.

    sources: [{format: sharegpt, path: chats/, licence: CC-BY-4.0, language: zh, domain: dialogue}]

A row with a turn of a tool is left out with the reason. A recipe may also say id, title, organization, year, date, url.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.shapes import sharegpt
from data_build.sources.reading import Unreadable, members
from data_build.sources.rows import JSON, described, documents
from medmodel.records import Document
from medmodel.registry import register


@register("source", "sharegpt")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "dialogue",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A conversation for every row of a file, or of every JSON file of a folder."""
    source = described("sharegpt", path, licence, tier, about)
    for member in members(path, *JSON):
        yield from documents(member, source, sharegpt, domain=domain, language=language)
