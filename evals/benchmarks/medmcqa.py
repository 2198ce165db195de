"""MedMCQA: questions of Indian medical entrance examinations (AIIMS, NEET PG), four options.

Paper:    Pal et al., "MedMCQA", CHIL 2022 (arXiv 2203.14371)
Licence:  MIT (data: Apache-2.0 on the hub)
Split:    dev (validation); the test split has no answers
Size:     4,183 questions in dev, 182,822 in train
Training: train may be trained on; dev may not
Text:     lm-eval's `medmcqa`. Examples are of train where it is there

Files: the publisher's JSON lines (`dev.json`), or the hub's. The key `cop` counts from 1 in the publisher's files and from
0 on the hub, and nothing in a row says which: a file that has a 0 counts from 0, one that has a 4 from 1 (so does one
with neither), and one with both is refused.

    python -m evals run medmcqa --model DIR --data DIR --limit 100
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evals.closed_book import ClosedBook
from evals.lm_eval_text import Doc
from evals.multiple_choice import Question, made_up
from evals.publishers import Numbered, Row
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

_PARTS = ("opa", "opb", "opc", "opd")


@register("benchmark", "medmcqa")
class MedMCQA(ClosedBook):
    name = "medmcqa"
    folder = "medmcqa"
    files = ("dev*.json", "dev*.jsonl", "dev*.json.gz", "validation*.json*")
    example_files = ("train*.json", "train*.jsonl", "train*.json.gz")

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        keys = {int(row["cop"]) for _, row in rows if str(row.get("cop", "")).isdigit()}
        if 0 in keys and 4 in keys:
            raise InputError(f"medmcqa: {path.name} has answer keys (cop) from 0 and up to 4: it is unclear where they begin")
        first = 0 if 0 in keys else 1
        return [Numbered(number, {**row, "first": first}) for number, row in rows]

    def parse(self, row: Row, path: Path) -> Question:
        options = tuple(row[part] for part in _PARTS)
        key = int(row["cop"]) - row["first"]
        return Question(id="", question=row["question"], options=options, answer=key, subject=row.get("subject_name") or "")

    def definition(self, item: Question) -> str:
        return "medmcqa/medmcqa.yaml"

    def doc(self, item: Question) -> Doc:
        return {"question": item.question, **dict(zip(_PARTS, item.options, strict=True)), "cop": item.answer}

    def changes(self, item: Question) -> dict[str, Any]:
        return {}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = [
            {"id": item.id, "question": item.question, **dict(zip(_PARTS, item.options, strict=True)), "cop": item.answer + 1}
            for item in made_up(20)
        ]
        (folder / "dev.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)
