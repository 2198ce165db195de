"""CMRC 2018: paragraphs of Chinese Wikipedia (CC BY-SA 4.0) as general text. The questions are not read.

python -m data_build sources
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.sources.reading import Unreadable, folder, json_records, members
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="cmrc2018",
    title="Chinese Wikipedia",
    organization="Wikipedia",
    year=2018,
    url="https://github.com/ymcui/cmrc2018",
    licence="CC-BY-SA-4.0",
    tier="none",
)


@register("source", "cmrc2018")
def read() -> Iterator[Document | Unreadable]:
    """One document a paragraph. Raises InputError when the folder is missing."""
    for member in members(folder("cmrc2018"), ".json"):
        for entry in [member] if isinstance(member, Unreadable) else json_records(member):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            row = entry.value
            if not str(row.get("context_text", "")).strip() or "context_id" not in row:
                yield Unreadable(id=f"cmrc2018:{entry.number}", reason="needs `context_id` and `context_text`")
                continue
            text = f"# {row['title']}\n\n{row['context_text']}" if row.get("title") else str(row["context_text"])
            yield Document(id=f"cmrc2018/{row['context_id']}", text=text, source=SOURCE, domain="general", language="zh")
