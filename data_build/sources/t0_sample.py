"""T0 / P3 prompts over public data sets, 200 rows of each of 11 templates, as self-instruct carries them (Apache-2.0).

Replay: reading comprehension, common sense, headlines. The end token that closes each completion belongs to another
model and is taken off. Many answers are one word; their documents are short on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.dialogue import render
from data_build.shapes import Misfit, Row, asked_and_said, field
from data_build.sources.reading import Unreadable, folder, members
from data_build.sources.rows import documents
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="t0_sample",
    title="T0 training prompts (sample)",
    organization="BigScience, by yizhongw/self-instruct",
    year=2021,
    date="2023-03-27",
    url="https://github.com/yizhongw/self-instruct",
    licence="Apache-2.0",
    tier="none",
)
END = "<|endoftext|>"


@register("source", "t0_sample")
def read() -> Iterator[Document | Unreadable]:
    for member in members(folder("t0_sample") / "data" / "finetuning" / "t0_train_50k" / "data_per_template", ".jsonl"):
        yield from documents(member, SOURCE, completion, domain="instruction")


def completion(row: Row) -> str:
    asked, said = field(row, "prompt").strip(), field(row, "completion").removesuffix(END).strip()
    if not asked or not said:
        raise Misfit("its prompt or its completion is empty")
    return render(asked_and_said(asked, said))
