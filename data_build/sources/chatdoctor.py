"""ChatDoctor's 5k conversations (Kent0n-Li/ChatDoctor): made by ChatGPT from a table of diseases.

Noisy on purpose: it is what the quality head learns to tell from guidelines, and no recipe trains on it. The licence
says Apache-2.0, the README research only. Every row's instruction is the same sentence and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca, renamed
from data_build.sources.medalpaca import QUESTION_ONLY
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="chatdoctor",
    title="ChatDoctor 5k",
    organization="Kent0n-Li/ChatDoctor",
    year=2023,
    date="2024-02-02",
    url="https://github.com/Kent0n-Li/ChatDoctor",
    licence="Apache-2.0 (research only)",
    tier="none",
)
FILE = "chatdoctor5k.json"
LEFT_OUT = {
    "format_dataset.csv": "the table of diseases that the conversations were made from",
    "Autonomous_ChatGPT_API/disease_database_mini.csv": "a part of the same table",
}


@register("source", "chatdoctor")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("chatdoctor", FILE):
        yield from documents(member, SOURCE, renamed(alpaca, QUESTION_ONLY), domain="dialogue")
    yield from left_out("chatdoctor", LEFT_OUT)
