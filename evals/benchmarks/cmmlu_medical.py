"""CMMLU, medical subjects: Chinese questions at school, college and professional level, four options.

Paper:    Li et al., "CMMLU: Measuring massive multitask language understanding in Chinese", 2023 (arXiv 2306.09212)
Licence:  CC BY-NC 4.0: for measuring, never for a mix that is released
Split:    test (dev holds five worked examples a subject; there is no other)
Size:     11,528 questions in 67 subjects, of which the nine below
Training: no
Text:     lm-eval's `cmmlu`, one task a subject. Examples are of dev where it is there

Files: `test/<subject>.csv` and `dev/<subject>.csv` (Question, A, B, C, D, Answer).

    python -m evals run cmmlu_medical --model DIR --data DIR --shots 5
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, ClassVar, Literal

from evals.closed_book import ClosedBook, Question, letter_index, made_up
from evals.lm_eval_text import Doc
from evals.publishers import Row
from evals.suite import Material
from medmodel.registry import register

SUBJECTS = frozenset(
    "anatomy clinical_knowledge college_medical_statistics college_medicine genetics nutrition professional_medicine "
    "traditional_chinese_medicine virology".split()
)


@register("benchmark", "cmmlu_medical")
class CmmluMedical(ClosedBook):
    name = "cmmlu_medical"
    folder = "cmmlu"
    files = ("test/*.csv", "test/*.csv.gz")
    example_files = ("dev/*.csv", "dev/*.csv.gz")
    every_file = True
    language: ClassVar[Literal["en", "zh"]] = "zh"

    def parse(self, row: Row, path: Path) -> Question | None:
        subject = path.name.split(".")[0]
        if subject not in SUBJECTS:
            return None
        texts = tuple(row[letter] for letter in "ABCD")
        return Question(
            id="", question=row["Question"], options=texts, answer=letter_index(row["Answer"], texts), subject=subject
        )

    def definition(self, item: Question) -> str:
        return f"cmmlu/cmmlu_{item.subject}.yaml"

    def doc(self, item: Question) -> Doc:
        return {"Question": item.question, **dict(zip("ABCD", item.options, strict=True)), "Answer": "ABCD"[item.answer]}

    def changes(self, item: Question) -> dict[str, Any]:
        return {}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        (folder / "test").mkdir()
        for subject in ("anatomy", "virology", "arts"):
            with open(folder / "test" / f"{subject}.csv", "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["", "Question", "A", "B", "C", "D", "Answer"])
                for at, item in enumerate(made_up(8, ("休息", "冰敷", "热敷", "盐"))):
                    writer.writerow([at, item.question, *item.options, "ABCD"[item.answer]])
        return Material(data=folder)
