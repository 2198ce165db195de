"""MedicalGPT's samples (shibing624/MedicalGPT, Apache-2.0), Chinese: 1,000 medical questions, 1,000 general
conversations, 87 question-answer pairs meant for retrieval, 32 meant for reinforcement, and 500 preference pairs.

The general conversations are replay (domain instruction), the rest is medical (dialogue). The preference pairs are no
documents: a pair's chosen answer alone would say nothing of why it is better. `preferences()` gives them whole.
Not read: data/pretrain, which names general English text that other sources have.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca, renamed, sharegpt
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, preferences_of
from medmodel.errors import UnknownName
from medmodel.records import Document, Preference, Source
from medmodel.registry import register

SOURCE = Source(
    id="medicalgpt",
    title="MedicalGPT samples",
    organization="shibing624/MedicalGPT",
    year=2023,
    date="2026-04-28",
    url="https://github.com/shibing624/MedicalGPT",
    licence="Apache-2.0",
    tier="forum",
)
PREFERENCES = ("dpo_zh_500",)
FILES = {  # file -> shape, domain
    "data/sft/medical_sft_1K_format.jsonl": (sharegpt, "dialogue"),
    "data/sft/sharegpt_zh_1K_format.jsonl": (sharegpt, "instruction"),
    "data/rag/medical_corpus.txt": (renamed(alpaca, {"instruction": "问", "output": "答"}), "dialogue"),
    "data/grpo/sample.jsonl": (renamed(alpaca, {"instruction": "question", "output": "answer"}), "dialogue"),
}


@register("source", "medicalgpt")
def read() -> Iterator[Document | Unreadable]:
    for name, (shape, domain) in FILES.items():
        for member in files_of("medicalgpt", name):
            yield from documents(member, SOURCE, shape, domain=domain, language="zh")


def preferences(name: str = PREFERENCES[0]) -> Iterator[Preference | Unreadable]:
    """The preference pairs, none of them a document. Raises UnknownName."""
    if name not in PREFERENCES:
        raise UnknownName("set of preferences", name, PREFERENCES, "source medicalgpt")
    for member in files_of("medicalgpt", f"data/reward/{name}.jsonl"):
        yield from preferences_of(member, SOURCE)
