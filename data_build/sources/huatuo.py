"""Huatuo / BenTsao (SCIR-HI): 8,658 Chinese questions answered by GPT-3.5 from a medical knowledge graph, and 1,000
conversations about papers on liver cancer.

The licence is Apache-2.0, the README says research only, so the licence here says both. The benchmark's questions, the
five sample questions and a list of questions without answers are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_build.dialogue import render
from data_build.shapes import Misfit, Row, alpaca, field, paired
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="huatuo",
    title="Huatuo-Llama-Med-Chinese",
    organization="SCIR-HI",
    year=2023,
    date="2026-07-04",
    url="https://github.com/SCIR-HI/Huatuo-Llama-Med-Chinese",
    licence="Apache-2.0 (research only)",
    tier="none",
)
LEFT_OUT = {
    "benchmark/question.json": "the set's own test questions",
    "data/infer.json": "the five questions that the set shows its answers with",
    "data/knowledge_tuning_data_sample.txt": "questions without answers",
}
_SPEAKER = re.compile(r"<(user|bot)>:")


@register("source", "huatuo")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("huatuo", "data/llama_data.json"):
        yield from documents(member, SOURCE, alpaca, domain="dialogue", language="zh")
    for member in files_of("huatuo", "data-literature/liver_cancer.json"):
        yield from documents(member, SOURCE, literature, domain="dialogue", language="zh")
    yield from left_out("huatuo", LEFT_OUT)


def literature(row: Row) -> str:
    """A conversation written as "<user>: … <bot>: … <user>: …" with the last answer apart."""
    before, *parts = _SPEAKER.split(field(row, "instruction"))
    speakers, said = parts[::2], [each.strip() for each in parts[1::2]]
    if before.strip() or speakers != ["user", "bot"] * (len(speakers) // 2) + ["user"]:
        raise Misfit("its conversation does not alternate between <user> and <bot>")
    answer = field(row, "output").strip()
    if not answer or not all(said):
        raise Misfit("has an empty turn")
    return render(paired([*said, answer]))
