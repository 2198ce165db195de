"""Zhongjing (SupritYoung/Zhongjing, Apache-2.0): patients' questions from Chinese online clinics, answered by doctors.

6,000 rows. They are what the Zhongjing paper tests on (a sample of Huatuo-26M's test part): who reports on Huatuo-26M
leaves this source out of the recipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.dialogue import render
from data_build.shapes import Misfit, Row, paired
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="zhongjing",
    title="Zhongjing: Huatuo-26M sample",
    organization="SupritYoung/Zhongjing",
    year=2023,
    date="2023-12-12",
    url="https://github.com/SupritYoung/Zhongjing",
    licence="Apache-2.0",
    tier="forum",
)
FILE = "data/huatuo26M_test.json"


@register("source", "zhongjing")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("zhongjing", FILE):
        yield from documents(member, SOURCE, turns, domain="dialogue", language="zh")


def turns(row: Row) -> str:
    """Questions and answers in two lists of one length."""
    asked, said = _texts(row, "instruction"), _texts(row, "output")
    if len(asked) != len(said):
        raise Misfit("has not as many answers as questions")
    return render(paired([text for pair in zip(asked, said, strict=True) for text in pair]))


def _texts(row: Row, name: str) -> list[str]:
    value: Any = row.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text.strip() for text in value):
        raise Misfit(f"its field '{name}' is no list of texts")
    return value
