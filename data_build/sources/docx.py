"""Format docx: Word files, one document a file, with their headings, lists and tables.

    sources: [{format: docx, path: protocols/, licence: internal, tier: local, domain: guideline}]

By docling or python-docx: `data_build.sources.files` says which. The old binary .doc is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.sources.files import Converted, chosen, of_files
from data_build.sources.reading import Unreadable
from data_build.sources.rows import described
from medmodel.rag import conversion
from medmodel.records import Document
from medmodel.registry import register


@register("source", "docx")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    converter: str | None = None,
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for a file, or for every Word file of a folder or archive."""
    source = described("docx", path, licence, tier, about)
    yield from of_files(path, (".docx",), source, chosen("docx", converter, _plain), language=language, domain=domain)


def _plain(raw: bytes, name: str) -> Converted:
    return Converted(conversion.markdown("docx", raw, name), found={"converter": "plain"})
