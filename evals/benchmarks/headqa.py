"""HEAD-QA (English): examinations for posts in the Spanish health system: medicine, nursing, biology, chemistry, psychology, pharmacology.

Paper:    Vilares and Gómez-Rodríguez, "HEAD-QA", ACL 2019 (arXiv 1906.04701)
Licence:  MIT
Split:    dev; train and test are read when their file is named
Size:     6,765 questions: 2,657 in train, 1,366 in dev, 2,742 in test; four or five options; translated by machine
Training: train may be trained on; dev and test may not
Text:     by letter lm-eval's `mmlu`; lm-eval's own `headqa` scores the options' texts, which is `cloze` here

Files: `dev_HEAD_EN.json` (or another split's) with the examinations' `.gold` files beside it where they are: a key that
differs from them makes a bad item. A question about a picture is one too.

    python -m evals run headqa --model DIR --data DIR
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from evals.closed_book import ClosedBook, Question, made_up
from evals.publishers import Numbered, Row
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

SUBJECTS = {"B": "biology", "E": "nursing", "F": "pharmacology", "M": "medicine", "P": "psychology", "Q": "chemistry"}


@register("benchmark", "headqa")
class HeadQA(ClosedBook):
    name = "headqa"
    folder = "head-qa"
    files = ("dev_HEAD_EN.json", "dev_HEAD_EN.json.gz", "dev*.json", "dev*.json.gz")
    example_files = ("train*.json", "train*.json.gz")

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        if len(rows) != 1 or "exams" not in rows[0].row:
            return rows
        items = []
        for exam, about in rows[0].row["exams"].items():
            gold = _gold(path.parent / f"{exam}.gold")
            items += [{**item, "exam": exam, "gold": gold.get(str(item.get("qid")))} for item in about["data"]]
        return [Numbered(number, item) for number, item in enumerate(items, 1)]

    def parse(self, row: Row, path: Path) -> Question:
        key, gold = str(row.get("ra") or row.get("gold") or ""), row.get("gold")
        if gold and gold != key:
            raise InputError("has an answer key that differs from the gold file's")
        if row.get("image"):
            raise InputError("asks about a picture")
        answers = row["answers"]
        places = [str(answer["aid"]) for answer in answers]
        if key not in places:
            raise InputError("has an answer key that is none of its options")
        exam = row.get("exam") or row.get("name") or ""
        subject = SUBJECTS.get(exam[-1:], str(row.get("category", "")))
        texts = tuple(answer["atext"].strip() for answer in answers)
        return Question(id="", question=row["qtext"], options=texts, answer=places.index(key), subject=subject)

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        data = [
            {
                "qid": str(at + 1),
                "qtext": item.question,
                "ra": str(item.answer + 1),
                "answers": [{"aid": place, "atext": text} for place, text in enumerate(item.options, 1)],
                "image": "",
            }
            for at, item in enumerate(made_up(20))
        ]
        exams = {"Cuaderno_1999_1_M": {"name": "Cuaderno_1999_1_M", "data": data}}
        (folder / "dev_HEAD_EN.json").write_text(json.dumps({"version": "1.0", "exams": exams}), encoding="utf-8")
        return Material(data=folder)


def _gold(path: Path) -> dict[str, str]:
    """Question id -> answer id."""
    if not path.is_file():
        return {}
    pairs = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
