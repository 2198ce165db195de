"""Format pdf: PDF files, one document a file.

    sources: [{format: pdf, path: guidelines/, licence: CC-BY-4.0, tier: guideline, domain: guideline, year: 2023}]

By docling or line by line: `data_build.sources.files` says which. Pages are kept apart by form feeds, by which the step
`clean` finds the headers and footers that they repeat. A scan without text is unreadable; a file in which some pages have
none is read, and `pages_without_text` says how many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.sources.files import Converted, chosen, of_files
from data_build.sources.reading import Unreadable
from data_build.sources.rows import described
from medmodel.errors import InputError
from medmodel.rag import conversion
from medmodel.records import Document
from medmodel.registry import register


@register("source", "pdf")
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
    """A document for a file, or for every PDF of a folder or archive."""
    source = described("pdf", path, licence, tier, about)
    yield from of_files(path, (".pdf",), source, chosen("pdf", converter, _plain), language=language, domain=domain)


def _plain(raw: bytes, name: str) -> Converted:
    if b"%PDF-" not in raw[:1024]:  # where readers look for it
        raise InputError(f"{name} is no PDF, whatever its name says")
    pages = conversion.pages("pdf", raw, name)
    empty = sum(not page.strip() for page in pages)
    found: dict[str, str | int] = {"converter": "plain", "pages": len(pages)}
    if empty:
        found["pages_without_text"] = empty
    return Converted("\n\x0c\n".join(pages), found=found)
