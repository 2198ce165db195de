"""COVID-QA's 98 full papers on coronaviruses: long documents for retrieval. The questions are not read.

A paper begins with its title, link, authors, date, DOI and licence, which become the document's source; the text goes on
with the abstract. The dataset is Apache-2.0, but each paper has its own licence, and that one counts: "cc-by" names no
version and is kept as CC-BY; where none stands, "n/s".

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from data_build.sources.reading import Unreadable, folder, json_of, members
from medmodel.records import Document, Source
from medmodel.registry import register

HEAD = 2000  # characters in which the lines about the paper stand


@register("source", "covidqa")
def read() -> Iterator[Document | Unreadable]:
    """One document a paper. Raises InputError when the folder is missing."""
    for member in members(folder("covidqa") / "data", ".json"):
        value = member if isinstance(member, Unreadable) else json_of(member)
        if isinstance(value, Unreadable):
            yield value
            continue
        for number, item in enumerate(value["data"], 1):
            for paragraph in item["paragraphs"]:
                if str(paragraph.get("context", "")).strip():
                    yield _paper(paragraph)
                else:
                    yield Unreadable(id=f"covidqa:{number}", reason="holds no text")


def _paper(paragraph: Mapping[str, Any]) -> Document:
    context = paragraph["context"].strip()
    head = context[:HEAD]
    title = head.partition("\n")[0].strip()
    body_at = re.search(r"^(?:Abstract|Text):", head, re.MULTILINE)
    body = context[body_at.start() if body_at else len(title) :].strip()
    date = _found(r"^(?:Date:\s*)?(\d{4}-\d\d-\d\d)\s*$", head)
    licence = _found(r"^License:\s*(\S+)", head)
    source = Source(
        id=f"covidqa_{paragraph['document_id']}",
        title=title,
        year=int(date[:4]) if date else None,
        date=date or None,
        doi=_found(r"^DOI:\s*(10\.\S+)", head) or None,
        url=_found(r"^(https?://\S+)", head) or None,
        licence="CC-BY" if licence.lower() == "cc-by" else licence or "n/s",
        tier="none",
    )
    return Document(id=f"{source.id}/text", text=f"# {title}\n\n{body}", source=source, domain="literature")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else ""
