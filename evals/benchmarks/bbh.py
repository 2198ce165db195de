"""BIG-Bench Hard, order in time and in space: temporal sequences and logical deduction, reasoned step by step.

Paper:    Suzgun et al., "Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can Solve Them", 2022 (arXiv 2210.09261)
Licence:  MIT
Split:    the whole of it is a test set
Size:     250 questions a task, four tasks: temporal_sequences, logical_deduction_three/five/seven_objects
Training: no.

Four of its 27 task files, those that a case history needs: what happened when, and what follows from an order. The prompt is
lm-eval's own `bbh_cot_fewshot`, three worked examples, as one turn through the chat template (`--shots 0`: its
`bbh_cot_zeroshot`). The answer is the option of the last "the answer is (X)"; without brackets it is none, as in lm-eval.

    python -m evals run bbh --model DIR --data DIR --limit 100

`--data` (default `$MEDMODEL_DATA/bbh`) holds the publisher's `<task>.json` ({"examples": [{"input", "target"}]}); any of the four.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from evals import publishers, run
from evals.generated import Written, lm_eval_prompt, messages
from evals.publishers import Numbered, Row
from evals.suite import Material, Scored
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

TASKS = ("temporal_sequences", *(f"logical_deduction_{count}_objects" for count in ("three", "five", "seven")))
_ANSWER = re.compile(r"\bthe answer is\b([^\n]*)", re.IGNORECASE)
_OPTION = re.compile(r"\(([A-Z])\)")


class Puzzle(Record):
    id: str
    task: str
    text: str  # with its options
    target: str  # "(B)"


@register("benchmark", "bbh")
class BBH(Written[Puzzle]):
    folder: ClassVar[str] = "bbh"  # under $MEDMODEL_DATA
    most: ClassVar[int] = 1024  # lm-eval's
    shots: ClassVar[int] = 3
    stops: ClassVar[tuple[str, ...]] = ("\nQ:",)

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items: list[Puzzle] = []
        for task, path in found(material.data):
            rows = [Numbered(number, row) for number, row in enumerate(publishers.read_json(path)["examples"], 1)]
            items, bad = publishers.parsed(rows, path, partial(_puzzle, task))
            publishers.usable("bbh", path.name, items, bad)
            self._items += items
            self.bad += bad
        self._before = {task: worked(task, material.shots) for task in {item.task for item in self._items}}

    def items(self) -> Sequence[Puzzle]:
        return self._items

    def prompt(self, item: Puzzle) -> Sequence[Message]:
        return messages(self._before[item.task].replace("{{input}}", item.text))

    def parse(self, item: Puzzle, text: str) -> str | None:
        said = _ANSWER.findall(text)
        options = set(_OPTION.findall(said[-1])) if said else set()
        return f"({options.pop()})" if len(options) == 1 else None

    def is_right(self, item: Puzzle, said: str) -> bool:
        return said == item.target

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        by_task = {task: [row for row in rows if row.id.split("/")[1] == task] for task in TASKS}
        return {task: run.mean(of_task, "accuracy") for task, of_task in by_task.items() if of_task} | super().detail(rows)

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        text = "Ann ran before Bo. Who was first?\nOptions:\n(A) Ann\n(B) Bo"
        for task, target in zip(TASKS[:2], ("(A)", "(B)"), strict=True):
            examples = [{"input": text if target == "(A)" else text.replace("first", "last"), "target": target}]
            (folder / f"{task}.json").write_text(json.dumps({"canary": "made up", "examples": examples}), encoding="utf-8")
        return Material(data=folder, shots=1)

    def perfect(self, item: Puzzle, prompt: str = "") -> str:
        return f"Ann ran before Bo, so the order is Ann, Bo. So the answer is {item.target}."


def found(data: Path | None) -> list[tuple[str, Path]]:
    """The tasks whose file is there."""
    patterns = [f"{task}.json*" for task in TASKS]
    publishers.find("bbh", data, patterns)
    assert data is not None, "find has raised"
    places = [data] if data.is_file() else sorted(data.rglob("*.json*"))
    paths = {path.name.partition(".")[0]: path for path in places}
    return [(task, paths[task]) for task in TASKS if task in paths]


def worked(task: str, shots: int) -> str:
    """lm-eval's prompt of a task with `{{input}}` where the item's goes."""
    settings = lm_eval_prompt(f"bbh/{'cot_fewshot' if shots else 'cot_zeroshot'}/{task}.yaml")
    text: str = settings["doc_to_text"]
    samples = settings["fewshot_config"]["samples"] if shots else []
    if shots > len(samples):
        raise InputError(f"bbh has {len(samples)} worked examples a task: --shots {shots} is too many")
    before = [text.replace("{{input}}", sample["input"]) + sample["target"] for sample in samples[:shots]]
    return str(settings["description"]) + "\n\n".join([*before, text])


def _puzzle(task: str, number: int, row: Row) -> Puzzle:
    target = row["target"].strip()
    if not _OPTION.fullmatch(target) or target not in row["input"]:
        raise InputError("has an answer that is none of its options")
    return Puzzle(id=f"bbh/{task}/{number}", task=task, text=row["input"], target=target)
