"""Self-Instruct's 175 seed tasks, written by people (Wang et al., ACL 2023; Apache-2.0). Replay.

The 252 instructions under human_eval/ are what its paper, and others since, rate models on: left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_build.shapes import Misfit, Row, alpaca
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="self-instruct",
    title="Self-Instruct seed tasks",
    organization="yizhongw/self-instruct",
    year=2022,
    date="2023-03-27",
    url="https://github.com/yizhongw/self-instruct",
    licence="Apache-2.0",
    tier="none",
)
LEFT_OUT = {"human_eval/user_oriented_instructions.jsonl": "the instructions that models are rated on"}


@register("source", "self-instruct")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("self-instruct", "data/seed_tasks.jsonl"):
        yield from documents(member, SOURCE, seed_task, domain="instruction")
    yield from left_out("self-instruct", LEFT_OUT)


def seed_task(row: Row) -> str:
    """The instruction with its one worked instance."""
    instances: Any = row.get("instances")
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        raise Misfit("has not exactly one instance")
    return alpaca({"instruction": row.get("instruction"), **instances[0]})
