"""What an answer costs: seconds until it is whole, tokens read and written, and gigabytes held while it is made.

Questions are asked one at a time, so that a second is one reader's wait and not a share of a crowd's (that is a batch's
figure: `python -m evals batch`). Memory is what this process and all its children hold: the engine that was started here,
the index and the embedder. Not covered: memory on a GPU, engines reached by a URL (no `memory` then), a model's first
answer after a start, and two engines at once: a gate on memory wants `together: false`.

    python -m evals cost --url http://127.0.0.1:7860 --cases cases.jsonl
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.records import Answer, Case
from medmodel.registry import register

GIGA = 1e9  # bytes


@register("suite", "cost")
class Cost(Suite[Case]):
    needs: ClassVar[Needs] = "product"
    metrics: ClassVar[tuple[str, ...]] = ("seconds", "tokens", "prompt_tokens", "memory")

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._alone = threading.Lock()

    def items(self) -> Sequence[Case]:
        return self.material.cases

    def score(self, case: Case, subject: Subject) -> Scored:
        with self._alone:
            answer = subject.answer(case.question, case.language)
            held = resident()
        values = {"seconds": answer.seconds}
        if answer.tokens is not None:
            values["tokens"] = float(answer.tokens)
        if answer.prompt_tokens is not None:
            values["prompt_tokens"] = float(answer.prompt_tokens)
        if held is not None:
            values["memory"] = held / GIGA
        return Scored(id=case.id, cluster=case.id, values=values, shown={"origin": answer.origin})

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """The slow tail, which a mean hides."""
        seconds = sorted(row.values["seconds"] for row in rows if "seconds" in row.values)
        return {"slowest": seconds[-1], "median": seconds[len(seconds) // 2]} if seconds else {}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        return Material(cases=[Case(id=f"made-up-{number}", question=f"How long is {number} hours?") for number in range(3)])

    def perfect(self, case: Case, prompt: str = "") -> Answer:
        return Answer(id=case.id, question=case.question, status="answered", origin="model", tokens=7, prompt_tokens=70)

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """What is said costs what it costs, right or wrong; the kit's fakes take no time, and only the right reply counts."""
        counted = fake in ("oracle", "truncated")
        return {"seconds": 0.0, "tokens": 7.0 if counted else None, "prompt_tokens": 70.0 if counted else None}


def resident() -> int | None:
    """Bytes held by this process and its children; None where it has started none, so that what answers is elsewhere."""
    import psutil

    children = psutil.Process().children(recursive=True)
    if not children:
        return None
    held = psutil.Process().memory_info().rss
    for child in children:
        try:
            held += child.memory_info().rss
        except psutil.NoSuchProcess:  # ended meanwhile
            continue
    return int(held)
