"""Format html: web pages saved as files, one document a page: its main text without menus, banners and footers.

    sources: [{format: html, path: pages/, licence: CC-BY-4.0, tier: patient, domain: patient_page}]

Through trafilatura. Title, address, date and site are the page's own where it states them in its head, else the recipe's.
The licence is the recipe's: a page's mark may be about a picture. A page is in the encoding it declares, else in UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.sources.files import Converted, of_files
from data_build.sources.reading import Unreadable
from data_build.sources.rows import described
from medmodel.rag import conversion
from medmodel.records import Document
from medmodel.registry import register

SUFFIXES = (".html", ".htm", ".xhtml")


@register("source", "html")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for a page, or for every page of a folder or archive."""
    source = described("html", path, licence, tier, about)
    yield from of_files(path, SUFFIXES, source, _convert, language=language, domain=domain)


def _convert(raw: bytes, name: str) -> Converted:
    text = conversion.markdown("html", raw, name)
    import trafilatura

    head = trafilatura.extract_metadata(conversion.decoded(raw, name), extensive=False)  # a date that is stated, not guessed
    if head.title and not any(line.startswith("# ") for line in text.split("\n")):
        text = f"# {head.title}\n\n{text}"
    own = {"title": head.title, "url": head.url, "date": head.date, "organization": head.sitename}
    return Converted(text, own=own)
