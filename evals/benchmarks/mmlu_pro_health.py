"""MMLU-Pro, health: harder questions of MMLU's with up to ten options, those of the category health.

Paper:    Wang et al., "MMLU-Pro", NeurIPS 2024 (arXiv 2406.01574)
Licence:  MIT
Split:    test (there is none for development; five worked examples are in validation)
Size:     818 questions
Training: no
Text:     lm-eval's `mmlu` with a line for each option. lm-eval's own `mmlu_pro` lets the model reason first: a model that
          does so is understated here, and these figures are not to be set beside published ones

Files: JSON lines or the hub's rows (question, options by letter or in order, answer_idx or answer as a letter, category).

    python -m evals run mmlu_pro_health --model DIR --data DIR
"""

from __future__ import annotations

import json
from pathlib import Path

from evals.closed_book import LETTERS, ClosedBook, Question, by_letter, letter_index, made_up
from evals.publishers import Row
from evals.suite import Material
from medmodel.registry import register


@register("benchmark", "mmlu_pro_health")
class MmluProHealth(ClosedBook):
    name = "mmlu_pro_health"
    folder = "medagents-bench/data/mmlu-pro"
    files = ("test.jsonl", "test.jsonl.gz", "test*.json")
    example_files = ("validation.jsonl", "validation.jsonl.gz")

    def parse(self, row: Row, path: Path) -> Question | None:
        if row.get("category", "health") != "health":
            return None
        options = by_letter(row["options"]) if isinstance(row["options"], dict) else [str(text) for text in row["options"]]
        key = letter_index(row.get("answer_idx") or row["answer"], options)
        return Question(id="", question=row["question"], options=tuple(options), answer=key, subject=row.get("src", ""))

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        options = ("rest", "ice", "heat", "salt", "tea", "milk", "honey")
        rows = [
            {
                "question": item.question,
                "options": dict(zip(LETTERS, options, strict=False)),
                "answer_idx": LETTERS[item.answer],
                "category": "health",
            }
            for item in made_up(21, options)
        ]
        rows.append({**rows[0], "category": "law", "answer_idx": "A"})
        (folder / "test.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)
