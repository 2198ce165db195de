"""A sample of English Wikipedia as a MediaWiki dump (bz2; CC BY-SA 3.0): articles of April 2016, as general text.

One document an article, with the date of its last change, its page and its title. Redirects and pages that are no articles
(namespaces other than 0) are not counted. `data_build.wikitext` says what of an article is kept.

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from data_build.sources.reading import Unreadable, folder, members, xml_elements
from data_build.wikitext import article
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="enwiki_sample",
    title="English Wikipedia",
    organization="Wikipedia",
    year=2016,
    url="https://en.wikipedia.org",
    licence="CC-BY-SA-3.0",
    tier="none",
)
_REDIRECT = re.compile(r"\s*#redirect\b", re.IGNORECASE)


@register("source", "enwiki-sample")
def read() -> Iterator[Document | Unreadable]:
    """One document an article. Raises InputError when the folder is missing."""
    for member in members(folder("enwiki-sample"), ".xml", "-shortened"):
        for page in [member] if isinstance(member, Unreadable) else xml_elements(member, "page"):
            if isinstance(page, Unreadable):
                yield page
            elif _said(page, "ns") == "0" and page.find("{*}redirect") is None:
                found = _document(page)
                if found:
                    yield found


def _document(page: Element) -> Document | Unreadable | None:
    title, number = _said(page, "title"), _said(page, "id")
    wikitext = _said(page, "revision/{*}text")
    if _REDIRECT.match(wikitext):
        return None
    text = article(wikitext)
    if not text:
        return Unreadable(id=f"{SOURCE.id}/{number}", reason="holds no prose")
    date = _said(page, "revision/{*}timestamp")[:10]
    own = {
        "title": title,
        "url": f"https://en.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}",
        **({"date": date, "year": int(date[:4])} if date else {}),
    }
    return Document(
        id=f"{SOURCE.id}/{number}",
        text=f"# {title}\n\n{text}",
        source=SOURCE.model_copy(update=own),
        domain="general",
    )


def _said(page: Element, path: str) -> str:
    return (page.findtext("{*}" + path) or "").strip()
