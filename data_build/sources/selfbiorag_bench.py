"""Self-BioRAG's multiple-choice training rows: MedQA-train 1,802 and MedMCQA-train 2,000, half of the latter explained.

The repository states no licence; MedQA and MedMCQA are MIT by origin. The four files repeat one another: 1,000 MedMCQA
questions stand there with and without GPT-4's rationale, and most of the 802 four-option MedQA questions stand among the
1,000 with five. A question is read once, from the first file that has it, and the files with more to say come first.

A document is a conversation: the question with lettered options (`data_build.multiple_choice`), then the rationale and
its own answer as GPT-4 wrote it. What the data set holds to be right is in `attributes["answer"]`, so that
`data_build.kinds.conversation` can see where the two disagree (169 of 1,000 questions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from data_build.dialogue import render
from data_build.multiple_choice import LETTERS, Question, write
from data_build.shapes import Misfit, Row, asked_and_said, field
from data_build.sources.reading import Unreadable, json_records
from data_build.sources.rows import files_of, stem
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="selfbiorag_bench",
    title="Self-BioRAG: MedQA and MedMCQA training questions",
    organization="dmis-lab",
    year=2024,
    date="2024-04-04",
    url="https://github.com/dmis-lab/self-biorag",
    licence="n/s (origin MIT)",
    tier="none",
)
FILES = (
    "data/benchmark/medmc_qa_train_gpt4.json",
    "data/benchmark/med_qa_5options_train.json",
    "data/benchmark/med_qa_train.json",
    "data/benchmark/medmc_qa_train.json",
)
_STEM = re.compile(r"\A\s*question:", re.IGNORECASE)
_REST = re.compile(r'\n"\s*\Z')  # of the spreadsheet that some rows came from
_OPTION = re.compile(r"^Option ([A-E]):", re.MULTILINE)
_KEY = re.compile(r"\AAnswer: \(([A-E])\)\Z")


@register("source", "selfbiorag_bench")
def read() -> Iterator[Document | Unreadable]:
    seen: dict[str, str] = {}  # question -> the document that asks it
    for member in files_of("selfbiorag_bench", *FILES):
        if isinstance(member, Unreadable):
            yield member
            continue
        for entry in json_records(member):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            name = f"{member.name}:{entry.number}"
            try:
                question, letter, rationale = item(entry.value)
            except Misfit as misfit:
                yield Unreadable(id=name, reason=str(misfit))
                continue
            key = " ".join(question.stem.lower().split())
            if key in seen:
                yield Unreadable(id=name, reason=f"left out: another row asks the same ({seen[key]})")
                continue
            seen[key] = f"{SOURCE.id}/{stem(member.name)}/{entry.number}"
            yield Document(
                id=seen[key],
                text=render(asked_and_said(write(question), rationale or f"Answer: {letter}")),
                source=SOURCE,
                domain="choice",
                attributes={"answer": letter},
            )


def item(row: Row) -> tuple[Question, str, str]:
    """The question, the letter that the data set holds to be right, and the rationale ("" when there is none)."""
    instance = row.get("instances")
    if not isinstance(instance, Mapping):
        raise Misfit("has no instance")
    before, *parts = _OPTION.split(_REST.sub("", field(instance, "input")))
    options = tuple(" ".join(option.split()) for option in parts[1::2])
    asked = _STEM.sub("", before).strip()
    asked = asked[:-1] if asked.endswith('"') and asked.count('"') % 2 else asked
    if not asked or len(options) < 2 or "".join(parts[::2]) != LETTERS[: len(options)]:
        raise Misfit("has no question with options from A on")
    output = field(instance, "output")
    key = _KEY.match(output.strip())
    right = " ".join(_REST.sub("", output).split())
    letter = key[1] if key else LETTERS[options.index(right)] if right in options else ""
    if not letter or letter not in LETTERS[: len(options)]:
        raise Misfit("its answer is not among the options")
    return Question(asked, options), letter, field(row, "gpt4_explanation").strip()
