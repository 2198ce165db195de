"""LLaMA-Factory's demonstration instructions (Apache-2.0): Alpaca tasks answered by GPT-4, 999 English, 1,000 Chinese.

Replay, from the folder llamafactory_demo. Left out: identity.json (a made-up model's name and maker) and the tool calls
(nothing here calls tools). The preference pairs, 300 English and 300 Chinese, are no documents: `preferences()`.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, left_out, preferences_of
from medmodel.errors import UnknownName
from medmodel.records import Document, Preference, Source
from medmodel.registry import register

SOURCE = Source(
    id="llamafactory_demo_sft",
    title="LLaMA-Factory demonstration instructions",
    organization="hiyouga/LLaMA-Factory",
    year=2023,
    date="2026-08-18",
    url="https://github.com/hiyouga/LLaMA-Factory",
    licence="Apache-2.0",
    tier="none",
)
FILES = {"data/alpaca_en_demo.json": "en", "data/alpaca_zh_demo.json": "zh"}
LEFT_OUT = {
    "data/identity.json": "a made-up model's name and maker",
    "data/glaive_toolcall_en_demo.json": "tool calls, and nothing here calls tools",
    "data/kto_en_demo.json": "answers with thumbs, neither pairs nor conversations to learn from",
}
PREFERENCES = ("dpo_en_demo", "dpo_zh_demo")


@register("source", "llamafactory_demo_sft")
def read() -> Iterator[Document | Unreadable]:
    for name, language in FILES.items():
        for member in files_of("llamafactory_demo", name):
            yield from documents(member, SOURCE, alpaca, domain="instruction", language=language)
    yield from left_out("llamafactory_demo", LEFT_OUT)


def preferences(name: str = PREFERENCES[0]) -> Iterator[Preference | Unreadable]:
    """The preference pairs of one language. Raises UnknownName."""
    if name not in PREFERENCES:
        raise UnknownName("set of preferences", name, PREFERENCES, "source llamafactory_demo_sft")
    for member in files_of("llamafactory_demo", f"data/{name}.json"):
        yield from preferences_of(member, SOURCE)
