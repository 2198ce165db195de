"""MedXpertQA (Text): questions of specialty boards, ten options, filtered to be hard.

Paper:    Zuo et al., "MedXpertQA", ICML 2025 (arXiv 2501.18362)
Licence:  MIT
Split:    test (dev holds five worked examples; there is no other)
Size:     2,450 questions of text; the 2,000 about pictures are counted among the bad items
Training: no
Text:     lm-eval's `mmlu` with a line for each option. Examples are of dev where it is there

Files: JSON lines (`Text/test.jsonl`: id, question with the options after it, options by letter, label).

    python -m evals run medxpertqa --model DIR --data DIR
"""

from __future__ import annotations

import json
from pathlib import Path

from evals.closed_book import LETTERS, ClosedBook, Question, by_letter, letter_index, made_up
from evals.publishers import Row
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

LIST = "\nAnswer Choices:"  # the publisher lists the options in the question too


@register("benchmark", "medxpertqa")
class MedXpertQA(ClosedBook):
    name = "medxpertqa"
    folder = "medxpertqa"
    files = ("Text/test.jsonl", "Text/test.jsonl.gz", "test.jsonl", "test.jsonl.gz", "*.jsonl")
    example_files = ("Text/dev.jsonl", "dev.jsonl")

    def parse(self, row: Row, path: Path) -> Question:
        if str(row.get("id", "")).startswith("MM"):
            raise InputError("asks about a picture")
        texts = by_letter(row["options"])
        return Question(
            id="",
            question=row["question"].split(LIST)[0].strip(),
            options=tuple(texts),
            answer=letter_index(row["label"], texts),
            subject=row.get("body_system", ""),
        )

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        options = ("rest", "ice", "heat", "salt", "tea", "milk", "honey", "oil", "vinegar", "bread")
        rows = [
            {
                "id": f"Text-{item.id}",
                "question": f"{item.question}{LIST} (A) {options[0]} (B) {options[1]}",
                "options": dict(zip(LETTERS, options, strict=False)),
                "label": LETTERS[item.answer],
                "body_system": "Skeletal",
            }
            for item in made_up(20, options)
        ]
        (folder / "test.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)
