"""Apollo (XMedBench) in its publisher's JSON: a reader of the format alone. It may not be a gate: it leaks.

Paper:    Wang et al., "Apollo: An Lightweight Multilingual Medical LLM towards Democratizing Medical AI", 2024 (arXiv 2403.03640)
Licence:  Apache-2.0; the items are of other sets
Split:    dev/en.json, or the file named
Size:     416 questions in English, 437 in Chinese in dev
Training: no. The questions are MedQA's, MedMCQA's, PubMedQA's, CMExam's and CMB's own; the data build uses it to prove that
          decontamination finds them
Text:     lm-eval's `mmlu`, or `cmmlu` for questions in Chinese, with a line for each option

Files: a JSON list (question, options as "(A) …\\n(B) …", answer as "(A)", source, context).

    python -m evals run apollo --model DIR --data DIR/dev/zh.json
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import ClassVar

from evals.closed_book import ClosedBook, Question, letter_index, made_up
from evals.publishers import Row
from evals.suite import Material
from medmodel.registry import register

_OPTION = re.compile(r"^\s*\(([A-J])\)\s*(.*?)\.?\s*$")  # the publisher ends each option with a stop of its own
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@register("benchmark", "apollo")
class Apollo(ClosedBook):
    name = "apollo"
    folder = "apollo/metadata"
    files = ("dev/en.json", "dev/*.json", "*.json", "*.json.gz")
    may_gate: ClassVar[bool] = False

    def parse(self, row: Row, path: Path) -> Question:
        texts = tuple(match[2] for line in row["options"].split("\n") if (match := _OPTION.match(line)))
        question = "\n".join(part for part in (row.get("context", ""), row["question"]) if part)
        return Question(
            id="",
            question=question,
            options=texts,
            answer=letter_index(row["answer"], texts),
            subject=row.get("source", ""),
        )

    def chinese(self, item: Question) -> bool:
        return bool(_CHINESE.search(item.question))

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = []
        for item in made_up(20):
            listed = "\n".join(f"({letter}) {text}." for letter, text in zip("ABCD", item.options, strict=True))
            rows.append({"question": item.question, "options": listed, "answer": f"({'ABCD'[item.answer]})", "source": "medqa"})
        (folder / "dev").mkdir()
        (folder / "dev" / "en.json").write_text(json.dumps(rows), encoding="utf-8")
        return Material(data=folder)
