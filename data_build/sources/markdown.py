"""Format markdown: Markdown files, one document a file, or one a top section where a file has several.

    sources: [{format: markdown, path: handbook/, licence: CC-BY-4.0, tier: textbook, domain: textbook}]

A top section is a heading of the first level with all that stands under it; what stands before the first belongs to it.
Headings below keep their levels. What the front matter (`---`) says of title, url, doi, date and licence wins over the
recipe; the rest of it goes. HTML and kramdown inside are the step `clean`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from data_build.sections import Section, joined, sections
from data_build.sources.reading import Unreadable, members, text_of
from data_build.sources.rows import described, stem, with_own
from medmodel.records import Document
from medmodel.registry import register

SUFFIXES = (".md", ".markdown")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"""^(title|url|doi|date|licen[cs]e):[ \t]*["']?(.*?)["']?[ \t]*$""", re.MULTILINE)


@register("source", "markdown")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every top section of a file, or of every Markdown file of a folder or archive."""
    source = described("markdown", path, licence, tier, about)
    seen: set[str] = set()
    for member in members(path, *SUFFIXES):
        text = member if isinstance(member, Unreadable) else text_of(member)
        if isinstance(text, Unreadable):
            yield text
            continue
        name = stem(getattr(member, "name", ""))
        if name in seen:
            yield Unreadable(id=name, reason="has the path of another file, but for its ending")
            continue
        seen.add(name)
        front = _FRONT_MATTER.match(text)
        own = {key.replace("license", "licence"): value for key, value in _FIELD.findall(front[1])} if front else {}
        parts = _top_sections(sections(text[front.end() :] if front else text))
        if own.get("title") and len(parts) == 1 and parts[0][0].level != 1:
            parts = [[Section(1, own["title"], ""), *parts[0]]]
        for number, part in enumerate(parts, 1):
            heading = next((section.title for section in part if section.level == 1), None)
            said = {"title": heading, **own} if len(parts) == 1 else {**own, "title": heading}
            yield Document(
                id=f"{source.id}/{name}" + (f"/{number}" if len(parts) > 1 else ""),
                text=joined(part),
                source=with_own(source, **said),
                domain=domain,
                language=language,
            )
        if not parts:
            yield Unreadable(id=getattr(member, "name", ""), reason="holds no text")


def _top_sections(found: list[Section]) -> list[list[Section]]:
    parts: list[list[Section]] = []
    for section in found:
        if not parts or (section.level == 1 and any(earlier.level == 1 for earlier in parts[-1])):
            parts.append([])
        parts[-1].append(section)
    return parts
