"""OpenAssistant, 100 English message trees (LAION-AI/Open-Assistant, Apache-2.0): from each the best-ranked path.

A message has several replies; volunteers ranked them, 0 is best. Followed are replies that were not deleted and passed
review, down to the last one of the assistant. The file of messages holds the same 100 trees again, and two files hold
prompts without replies; they are left out. A flat export, one message a line without replies, is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_build.dialogue import render
from data_build.shapes import Misfit, Row, field, paired
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="oasst_en",
    title="OpenAssistant conversation trees, English",
    organization="LAION-AI",
    year=2023,
    date="2024-01-06",
    url="https://github.com/LAION-AI/Open-Assistant",
    licence="Apache-2.0",
    tier="none",
)
DATA = "model/model_eval/manual/data"
LEFT_OUT = {
    f"{DATA}/en_100_message.jsonl": "the same 100 trees as en_100_tree.jsonl",
    f"{DATA}/en_100_text.jsonl": "prompts without replies",
    f"{DATA}/prompt_lottery_en_250_text.jsonl": "prompts without replies",
}
LAST = 1_000_000  # the rank of a reply that nobody ranked


@register("source", "oasst_en")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("oasst_en", f"{DATA}/en_100_tree.jsonl"):
        yield from documents(member, SOURCE, best_path, domain="instruction")
    yield from left_out("oasst_en", LEFT_OUT)


def best_path(row: Row) -> str:
    """The conversation along the best replies of a tree, or of a message that holds its replies."""
    message: Any = row.get("prompt", row)
    path: list[str] = []
    while isinstance(message, Mapping):
        if message.get("role") != ("prompter", "assistant")[len(path) % 2] or not field(message, "text").strip():
            break
        path.append(field(message, "text"))
        message = _best(message.get("replies"))
    path = path[: len(path) // 2 * 2]  # a question at the end was never answered
    if not path:
        raise Misfit("has no question with an answer that passed review")
    return render(paired(path))


def _best(replies: Any) -> Any:
    """The reply with the lowest rank; of equals the first. None when there is none."""
    good = [
        reply
        for reply in (replies if isinstance(replies, list) else [])
        if isinstance(reply, Mapping) and not reply.get("deleted") and reply.get("review_result") is not False
    ]
    return min(good, key=lambda reply: LAST if reply.get("rank") is None else reply["rank"], default=None)
