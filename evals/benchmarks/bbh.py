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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals import published, run
from evals.generated import Written, messages
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
    stops: ClassVar[tuple[str, ...]] = ("\nQ:",)

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items: list[Puzzle] = []
        for task, path in found(material.data):
            items, bad = published.read("bbh", path, lambda number, row, task=task: _puzzle(task, number, row))  # type: ignore[misc]
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
        return Material(data=folder)

    def perfect(self, item: Puzzle, prompt: str = "") -> str:
        return f"Ann ran before Bo, so the order is Ann, Bo. So the answer is {item.target}."


def found(data: Path | None) -> list[tuple[str, Path]]:
    """The tasks whose file is there."""
    paths = {path.name.partition(".")[0]: path for path in sorted(data.rglob("*.json*"))} if data else {}
    here = [(task, paths[task]) for task in TASKS if task in paths]
    if not here:
        raise InputError(f"bbh: none of {', '.join(TASKS)} (.json) under {data or 'the folder that --data would name'}")
    return here


def worked(task: str, shots: int | None) -> str:
    """lm-eval's prompt of a task with `{{input}}` where the item's goes."""
    settings = published.lm_eval_task(f"bbh/{'cot_fewshot' if shots != 0 else 'cot_zeroshot'}/{task}.yaml")
    text: str = settings["doc_to_text"]
    samples = settings["fewshot_config"]["samples"] if shots != 0 else []
    wanted = len(samples) if shots is None else shots
    if wanted > len(samples):
        raise InputError(f"bbh has {len(samples)} worked examples a task: --shots {wanted} is too many")
    before = [text.replace("{{input}}", sample["input"]) + sample["target"] for sample in samples[:wanted]]
    return str(settings["description"]) + "\n\n".join([*before, text])


def _puzzle(task: str, number: int, row: Mapping[str, Any]) -> Puzzle:
    target = row["target"].strip()
    if not _OPTION.fullmatch(target) or target not in row["input"]:
        raise published.BadItem("its answer is none of its options")
    return Puzzle(id=f"bbh/{task}/{number}", task=task, text=row["input"], target=target)
