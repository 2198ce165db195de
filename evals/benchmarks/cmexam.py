"""CMExam: questions of the Chinese national medical licensing examination, five options.

Paper:    Liu et al., "Benchmarking Large Language Models on CMExam", NeurIPS 2023 (arXiv 2306.03030)
Licence:  Apache-2.0
Split:    val; the test when its file is named
Size:     6,811 questions in val and in test, 54,497 in train
Training: train may be trained on; val and test may not
Text:     lm-eval's `cmmlu` without a subject, with a line for each option

Files: `val.csv` or `val.xlsx` (Question, Options a line each as "A …", Answer; some copies write `\\n` for the line's end).
Questions with several right answers are counted among the bad items: a letter's log-probability says nothing about a set.

    python -m evals run cmexam --model DIR --data DIR --limit 500
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import ClassVar, Literal

from evals.closed_book import ClosedBook, Question, letter_index, made_up
from evals.publishers import Row
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

_OPTION = re.compile(r"^\s*([A-J])[\s.．、:：]+(.*?)\s*$")


@register("benchmark", "cmexam")
class CMExam(ClosedBook):
    name = "cmexam"
    folder = "cmexam_val"
    files = ("val.csv", "val.xlsx", "val*.csv", "test*.csv")
    example_files = ("train*.csv", "train*.xlsx")
    language: ClassVar[Literal["en", "zh"]] = "zh"

    def parse(self, row: Row, path: Path) -> Question:
        found = [_OPTION.match(line) for line in row["Options"].replace("\\n", "\n").splitlines() if line.strip()]
        if not all(found) or [match[1] for match in found if match] != list("ABCDEFGHIJ"[: len(found)]):
            raise InputError("has options that are not lettered in order")
        texts = tuple(match[2] for match in found if match)
        return Question(id="", question=row["Question"], options=texts, answer=letter_index(row["Answer"], texts))

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        with open(folder / "val.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Question", "Options", "Answer", "Explanation"])
            for item in made_up(20, ("休息", "冰敷", "热敷", "盐", "茶")):
                listed = "\n".join(f"{letter} {text}" for letter, text in zip("ABCDE", item.options, strict=True))
                writer.writerow([item.question, listed, "ABCDE"[item.answer], ""])
        return Material(data=folder)
