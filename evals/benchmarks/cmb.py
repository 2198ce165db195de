"""CMB-Exam: Chinese examinations for physicians, nurses, technicians and pharmacists, mostly five options.

Paper:    Wang et al., "CMB: A Comprehensive Medical Benchmark in Chinese", NAACL 2024 (arXiv 2308.08833)
Licence:  Apache-2.0
Split:    val; the test when its file is named (its answers, published in January 2024, in a file beside it)
Size:     280 questions in val, 11,200 in test, 269,359 in train
Training: train may be trained on; val and test may not
Text:     lm-eval's `cmmlu` without a subject, with a line for each option

Files: `CMB-val-merge.json`, or `CMB-test-choice-question-merge.json` with `CMB-test-choice-answer.json` beside it. Questions
with several right answers are counted among the bad items.

    python -m evals run cmb --model DIR --data DIR
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal

from evals.closed_book import ClosedBook, Question, by_letter, letter_index, made_up
from evals.publishers import Numbered, Row, read_json
from evals.suite import Material
from medmodel.registry import register


@register("benchmark", "cmb")
class CMB(ClosedBook):
    name = "cmb"
    folder = "cmb"
    files = ("CMB-val*.json", "CMB-val*.json.gz", "CMB-test*question*.json")
    example_files = ("CMB-train*.json", "CMB-train*.json.gz")
    language: ClassVar[Literal["en", "zh"]] = "zh"

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        keys: dict[Any, str] = {}
        for beside in sorted(path.parent.glob("CMB-test*answer*.json")) if path.name.startswith("CMB-test") else ():
            keys |= {row["id"]: row["answer"] for row in read_json(beside)}
        return [
            Numbered(number, {"answer": keys[row.get("id")], **row} if row.get("id") in keys else row) for number, row in rows
        ]

    def parse(self, row: Row, path: Path) -> Question:
        texts = by_letter(row["option"])
        return Question(
            id="",
            question=row["question"],
            options=tuple(texts),
            answer=letter_index(row["answer"], texts),
            subject=row.get("exam_type", ""),
        )

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = [
            {
                "exam_type": "医师考试",
                "question": item.question,
                "answer": "ABCDE"[item.answer],
                "option": dict(zip("ABCDE", item.options, strict=True)),
                "question_type": "单项选择题",
            }
            for item in made_up(20, ("休息", "冰敷", "热敷", "盐", "茶"))
        ]
        (folder / "CMB-val-merge.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return Material(data=folder)
