"""MMLU: 57 subjects at school, college and professional level, four options; medicine and general knowledge apart.

Paper:    Hendrycks et al., "Measuring Massive Multitask Language Understanding", ICLR 2021 (arXiv 2009.03300)
Licence:  MIT
Split:    val where it is there, else test; the test beside a val is read when its folder or file is named
Size:     14,042 questions in test (1,089 of them in the six medical subjects), 1,531 in val, 285 in dev
Training: dev, val and test may not be trained on; `auxiliary_train` may
Text:     lm-eval's `mmlu`, one task a subject. Examples are of dev where it is there

Reported for each subject, for `medical` (the six subjects of MultiMedQA and MIRAGE) and for `general`: all others but
the three on health (human aging, nutrition, virology), which would blur a floor for what is not medicine.

Files: `<subject>_<split>.csv` without a header (question, four options, letter).

    python -m evals run mmlu --model DIR --data DIR --limit 500 --shots 5
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.closed_book import ClosedBook, Question, letter_index, made_up
from evals.publishers import Row
from evals.suite import Material
from medmodel.registry import register

MEDICAL = frozenset(
    "anatomy clinical_knowledge college_biology college_medicine medical_genetics professional_medicine".split()
)
NEAR = frozenset("human_aging nutrition virology".split())


@register("benchmark", "mmlu")
class Mmlu(ClosedBook):
    name = "mmlu"
    folder = "mmlu"
    files = ("*_val.csv", "*_val.csv.gz", "*_test.csv", "*_test.csv.gz")
    example_files = ("*_dev.csv", "*_dev.csv.gz")
    every_file = True
    columns = ("question", "A", "B", "C", "D", "answer")

    def parse(self, row: Row, path: Path) -> Question:
        if "choices" in row:  # the hub's cais/mmlu/<subject>
            return Question(
                id="", question=row["question"], options=tuple(row["choices"]), answer=row["answer"], subject=row["subject"]
            )
        options = tuple(row[letter] for letter in "ABCD")
        subject = path.name.split(".")[0].rpartition("_")[0]
        return Question(
            id="", question=row["question"], options=options, answer=letter_index(row["answer"], options), subject=subject
        )

    def definition(self, item: Question) -> str:
        return f"mmlu/default/mmlu_{item.subject}.yaml"

    def changes(self, item: Question) -> dict[str, Any]:
        return {}

    def wider(self, subject: str) -> Sequence[str]:
        return ["MEDICAL"] if subject in MEDICAL else [] if subject in NEAR else ["GENERAL"]

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        (folder / "test").mkdir()
        for subject in ("anatomy", "virology", "philosophy"):
            with open(folder / "test" / f"{subject}_test.csv", "w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([item.question, *item.options, "ABCD"[item.answer]] for item in made_up(8))
        return Material(data=folder)
