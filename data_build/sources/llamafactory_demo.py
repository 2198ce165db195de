"""LLaMA-Factory's demo texts: 300 web pages of C4 (ODC-By) and 30 Wikipedia articles (CC BY-SA 3.0), as general text.

The folder's instructions are another source, `llamafactory_demo_sft`.

    python -m data_build sources
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.sources.reading import Entry, Line, Unreadable, folder, json_records, lines_of, members
from medmodel.records import Document, Source
from medmodel.registry import register

WEB = Source(
    id="c4_demo",
    title="C4 (sample)",
    organization="Common Crawl",
    year=2019,
    url="https://huggingface.co/datasets/allenai/c4",
    licence="ODC-By-1.0",
    tier="none",
)
WIKI = Source(
    id="wiki_demo",
    title="English Wikipedia (sample)",
    organization="Wikipedia",
    year=2022,
    url="https://en.wikipedia.org",
    licence="CC-BY-SA-3.0",
    tier="none",
)


@register("source", "llamafactory_demo")
def read() -> Iterator[Document | Unreadable]:
    """One document a page or article. Raises InputError when the folder is missing."""
    for member in members(folder("llamafactory_demo") / "data", "c4_demo.jsonl", "wiki_demo.txt"):
        if isinstance(member, Unreadable):
            yield member
            continue
        source = WEB if member.name.endswith(".jsonl") else WIKI
        found: Iterator[Entry | Line | Unreadable] = json_records(member) if source is WEB else lines_of(member)
        for one in found:
            if isinstance(one, Unreadable):
                yield one
                continue
            text = one.text if isinstance(one, Line) else str(one.value.get("text", ""))
            if text.strip():
                yield Document(id=f"{source.id}/{one.number}", text=text.strip(), source=source, domain="general")
