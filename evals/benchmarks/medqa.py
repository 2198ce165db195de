"""MedQA (USMLE): questions of the United States medical licensing examination, four or five options.

Paper:    Jin et al., "What Disease does this Patient Have?", Applied Sciences 11(14), 2021 (arXiv 2009.13081)
Licence:  MIT
Split:    dev. The test split is for reports from outside: it is read when its file is named, and decontaminated against.
Size:     1,272 questions in dev, 1,273 in test, 10,178 in train
Training: train may be trained on; dev and test may not
Text:     lm-eval's `medqa_4options`; for five options the same with one more line. Examples are of train where it is there

Files: the publisher's JSON lines (`dev.jsonl`, `phrases_no_exclude_test.jsonl`: question, options by letter, answer_idx), a
JSON list with the options in order and the right one's text, or the hub's (`sent1`, `ending0`…, `label`).

    python -m evals run medqa --model DIR --data DIR --limit 100 --shots 5
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from evals.closed_book import ClosedBook, Question, by_letter, letter_index, made_up
from evals.lm_eval_text import Doc
from evals.publishers import Row
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

_LETTER = re.compile(r"^[A-J]\. ")  # the list form writes the letter into the option
_MORE = "Question: {{sent1}}\n{% for text in options %}{{letters[loop.index0]}}. {{text}}\n{% endfor %}Answer:"


@register("benchmark", "medqa")
class MedQA(ClosedBook):
    name = "medqa"
    folder = "medqa_dev"
    files = ("*dev.jsonl", "*dev.jsonl.gz", "*dev.json", "*dev.json.gz", "*test.jsonl", "*test.jsonl.gz")
    example_files = ("*train.jsonl", "*train.jsonl.gz")

    def parse(self, row: Row, path: Path) -> Question:
        if "sent1" in row:
            ends = tuple(row[f"ending{at}"] for at in range(4))
            return Question(id="", question=row["sent1"], options=ends, answer=row["label"])
        if isinstance(row["options"], dict):
            texts = by_letter(row["options"])
            return Question(
                id="", question=row["question"], options=tuple(texts), answer=letter_index(row["answer_idx"], texts)
            )
        texts = [_LETTER.sub("", option) for option in row["options"]]
        if texts.count(row["answer"]) != 1:
            raise InputError("has an answer key that is none of its options")
        return Question(id="", question=row["question"], options=tuple(texts), answer=texts.index(row["answer"]))

    def definition(self, item: Question) -> str:
        return "medqa/medqa.yaml"

    def doc(self, item: Question) -> Doc:
        ends = {f"ending{at}": text for at, text in enumerate(item.options[:4])}
        return {"sent1": item.question, **ends, "options": list(item.options), "label": item.answer}

    def changes(self, item: Question) -> dict[str, Any]:
        return {} if len(item.options) == 4 else {"doc_to_text": _MORE, "doc_to_choice": "letters", "doc_to_target": "label"}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = []
        for item in made_up(20):
            options = dict(zip("ABCD", item.options, strict=True))
            right = "ABCD"[item.answer]
            rows.append({"question": item.question, "answer": options[right], "options": options, "answer_idx": right})
        (folder / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)
