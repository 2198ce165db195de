"""GSM8K: grade-school arithmetic in words, reasoned and then answered. The general floor: what medical training must not cost.

Paper:    Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021 (arXiv 2110.14168)
Licence:  MIT
Split:    train, as a development set: none of our mixes holds it. The test is read where its file is named, or alone there
Size:     7,473 questions in train, 1,319 in test
Training: train may be trained on, and is then no measure of that model; test may not

The prompt is lm-eval's own `gsm8k_cot`, eight worked examples (`--shots 0`: its `gsm8k_cot_zeroshot`), as one turn through
the chat template. The answer is the last one marked `#### n`, or "The answer is n" with no other number in that line; a
number without a mark is no answer (lm-eval's `flexible-extract` takes the last number it finds, and scores higher for it).
Like lm-eval, nothing is read after the model begins a question of its own.

    python -m evals run gsm8k --model DIR --data DIR --limit 100

`--data` (default `$MEDMODEL_DATA/gsm8k`) holds the publisher's `train.jsonl` or `test.jsonl` (question, answer ending in
`#### n`; gzip too), or is such a file, or a set on the hub (`openai/gsm8k/main@test`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from evals.generated import Written, lm_eval_prompt, messages, read_data
from evals.publishers import Row
from evals.suite import Material, Scored
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

FILES = ("train.jsonl", "train.jsonl.gz", "test.jsonl", "test.jsonl.gz")
_NUMBER = r"\$?(-?\$?\d[\d,]*(?:\.\d+)?)"
_MARKED = re.compile(rf"####\s*{_NUMBER}\s*\.?\s*$|\bthe answer is:?\s*{_NUMBER}(?![\d,]*\.?\d)([^\d\n]*)$", re.I | re.M)
_MARK = re.compile(r"####|\bthe answer is\b", re.I)


class Sum(Record):
    id: str
    question: str
    answer: str  # the number alone


@register("benchmark", "gsm8k")
class GSM8K(Written[Sum]):
    folder: ClassVar[str] = "gsm8k"  # under $MEDMODEL_DATA
    shots: ClassVar[int] = 8
    stops: ClassVar[tuple[str, ...]] = ("\nQ:",)

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items, self.bad, self._source = read_data("gsm8k", material.data, FILES, _sum)
        self._before = worked(material.shots)

    def items(self) -> Sequence[Sum]:
        return self._items

    def prompt(self, item: Sum) -> Sequence[Message]:
        return messages(self._before.replace("{{question}}", item.question))

    def parse(self, item: Sum, text: str) -> str | None:
        return last_marked(text)

    def is_right(self, item: Sum, said: str) -> bool:
        return Decimal(said) == Decimal(item.answer)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return {"from": self._source, **super().detail(rows)}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = [
            {"question": f"Ann has {n} pens and buys {n}.", "answer": f"{n} + {n} = {2 * n}.\n#### {2 * n}"} for n in (3, 600)
        ]
        (folder / "test.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder, shots=2)

    def perfect(self, item: Sum, prompt: str = "") -> str:
        return f"We add them up, step by step. The answer is {item.answer}."


def worked(shots: int) -> str:
    """lm-eval's prompt with `{{question}}` where the item's goes."""
    task = lm_eval_prompt("gsm8k/gsm8k-cot.yaml" if shots else "gsm8k/gsm8k-cot-zeroshot.yaml")
    text: str = task["doc_to_text"]
    samples = task["fewshot_config"]["samples"] if shots else []
    if shots > len(samples):
        raise InputError(f"gsm8k has {len(samples)} worked examples: --shots {shots} is too many")
    before = [f"{text.replace('{{question}}', sample['question'])} {sample['target']}" for sample in samples[:shots]]
    return "\n\n".join([*before, text])


def last_marked(text: str) -> str | None:
    """The number of the last mark. None when that mark has none, or has two."""
    marks = list(_MARK.finditer(text))
    found = _MARKED.match(text, marks[-1].start()) if marks else None
    number = next((group for group in found.groups()[:2] if group), None) if found else None
    return number.replace(",", "").replace("$", "") if number else None


def _sum(number: int, row: Row) -> Sum:
    answer = last_marked(row["answer"])
    if answer is None:
        raise InputError("has an answer that does not end in '#### n'")
    return Sum(id=f"gsm8k/{number}", question=row["question"], answer=answer)
