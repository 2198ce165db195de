"""BioASQ's PubMed snippets (CC BY 2.5): the corpus of a retrieval dev set, 20,370 of at least 40 characters.

A snippet is a part of an abstract, mostly a sentence or three, and may begin or end within one. Queries and judgments are
not read: they measure retrieval.

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_build.sources.reading import Unreadable, folder, json_records, members
from medmodel.records import Document, Source
from medmodel.registry import register


@register("source", "bioasq_ir")
def read() -> Iterator[Document | Unreadable]:
    """One document a snippet. Raises InputError when the folder is missing."""
    for member in members(folder("bioasq_ir"), "corpus.jsonl"):
        for entry in [member] if isinstance(member, Unreadable) else json_records(member):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            row = entry.value
            number = re.search(r"pubmed/(\d+)", str(row.get("url", "")))
            if not number or not str(row.get("text", "")).strip() or "_id" not in row:
                yield Unreadable(id=f"corpus.jsonl:{entry.number}", reason="needs `_id`, `text` and a PubMed `url`")
                continue
            source = Source(
                id=f"pubmed_{number[1]}",
                title=f"PubMed {number[1]}",
                organization="PubMed",
                url=f"https://pubmed.ncbi.nlm.nih.gov/{number[1]}/",
                licence="CC-BY-2.5",
                tier="none",
            )
            yield Document(id=f"{source.id}/{row['_id']}", text=row["text"], source=source, domain="literature")
