"""OpenAssistant's Chinese conversations, as LLaMA-Factory carried them (Apache-2.0): 766 rows, some with earlier turns.

Replay. A conversation of three questions stands there three times, each time one turn longer; deduplication keeps one.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="oasst_zh",
    title="OpenAssistant conversations, Chinese",
    organization="LAION-AI, by LLaMA-Factory",
    year=2023,
    url="https://github.com/hiyouga/LLaMA-Factory",
    licence="Apache-2.0",
    tier="none",
)
FILE = "oaast_sft_zh.json"


@register("source", "oasst_zh")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("oasst_zh", FILE):
        yield from documents(member, SOURCE, alpaca, domain="instruction", language="zh")
