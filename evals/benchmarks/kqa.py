"""K-QA: questions that patients asked, answered in prose: how much of what must be said is said, and is any of it denied?

Paper:    Manes et al., "K-QA: A Real-World Medical Q&A Benchmark", BioNLP 2024 (arXiv 2401.14493)
Licence:  MIT
Split:    the 201 questions that physicians answered
Size:     201 questions, 1,589 statements (Must_have, Nice_to_have)
Training: no.

A judge reads the answer against every statement. `complete`: the share of the Must_have statements that the answer states
or plainly implies (the paper's Comp). `contradicted`: the share of all statements that it contradicts (the paper's Hall
counts them; a share can be compared between questions). An answer that was cut off is complete in nothing, and what it
contradicts still counts. The judge's prompt is ours (evals/judges.py), not the paper's, so figures compare between models
here and not with its table.

    python -m evals run kqa --model DIR --data DIR --judge URL --judge-model NAME

`--data` (default `$MEDMODEL_DATA/kqa`) holds the publisher's `questions.jsonl` (Question, Must_have, Nice_to_have); gzip too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from evals.generated import Written, judge_of, messages, read_data
from evals.judges import LiteralJudge
from evals.publishers import Row
from evals.replies import Reply
from evals.suite import Expected, Material
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

FILES = ("questions.jsonl", "questions.jsonl.gz", "*k*qa*.jsonl", "*k*qa*.jsonl.gz")
STATES = 'States, or plainly implies: "{}"'
CONTRADICTS = 'Contradicts: "{}"'


class PatientQuestion(Record):
    id: str
    question: str
    must: tuple[str, ...]
    nice: tuple[str, ...]


@register("benchmark", "kqa")
class KQA(Written[PatientQuestion]):
    metrics: ClassVar[tuple[str, ...]] = ("complete", "contradicted", "truncated")
    judged: ClassVar[bool] = True
    folder: ClassVar[str] = "kqa"  # under $MEDMODEL_DATA
    most: ClassVar[int] = 1024

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._judge = judge_of("kqa", material)
        self._items, self.bad, _ = read_data("kqa", material.data, FILES, _question)

    def items(self) -> Sequence[PatientQuestion]:
        return self._items

    def prompt(self, item: PatientQuestion) -> Sequence[Message]:
        return messages(item.question)

    def values(self, item: PatientQuestion, reply: Reply) -> dict[str, float]:
        said = (*self.prompt(item), Message(role="assistant", content=reply.text))
        stated = [self._judge.meets(said, STATES.format(statement)) for statement in item.must]
        denied = [self._judge.meets(said, CONTRADICTS.format(statement)) for statement in (*item.must, *item.nice)]
        return {
            "complete": 0.0 if reply.truncated else sum(stated) / len(stated),
            "contradicted": sum(denied) / len(denied),
        }

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        """Read by a fake judge that takes the statements literally."""
        rows = [
            {
                "Question": f"May I take {drug}?",
                "Must_have": [f"{drug} is for adults", f"{drug} needs food"],
                "Nice_to_have": [],
            }
            for drug in ("alphin", "betin")
        ]
        (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder, judge=LiteralJudge())

    def perfect(self, item: PatientQuestion, prompt: str = "") -> str:
        return "; ".join(item.must)

    def truth(self, fake: str) -> Mapping[str, Expected]:
        return {"complete": float(fake == "oracle"), "contradicted": 0.0, "truncated": float(fake == "truncated")}


def _question(number: int, row: Row) -> PatientQuestion:
    if not row["Must_have"]:
        raise InputError("has no statement that must be said")
    return PatientQuestion(id=f"kqa/{number}", question=row["Question"], must=row["Must_have"], nice=row["Nice_to_have"])
