"""HealthBench: conversations about health, each reply scored by a rubric that physicians wrote for it.

Paper:    Arora et al., "HealthBench: Evaluating Large Language Models Towards Improved Human Health", 2025 (arXiv 2505.08775)
Licence:  MIT
Split:    the whole of it is a test set; its canary asks that it stay out of training data
Size:     5,000 conversations, 48,562 rubric items; Hard 1,000; Consensus 3,671
Training: no.

A judge decides item by item. A conversation's score is the points of what was met, bad ones being negative, over the sum
of the positive points, as in simple-evals: it may be below 0, and the mean is clipped to [0, 1] at the end (`clipped`),
with the same for each theme and axis. An answer that was cut off gains nothing: what it loses still counts. The published
figures are GPT-4.1's as judge with the publisher's prompt; ours has the same rules in other words (evals/judges.py), so
compare models judged alike, and measure the judge first (`python -m evals judge-agreement`).

    python -m evals run healthbench --model DIR --data DIR --judge URL --judge-model NAME --limit 100

`--data` (default `$MEDMODEL_DATA/healthbench`) holds the publisher's JSONL (prompt_id, prompt, rubrics, example_tags); gzip too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.generated import Written, judge_of, read_data
from evals.judges import LiteralJudge
from evals.publishers import Row
from evals.replies import Reply
from evals.suite import Expected, Material, Scored
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

FILES = ("*oss_eval.jsonl", "*oss_eval.jsonl.gz", "*healthbench*.jsonl*", "consensus_*.jsonl*", "hard_*.jsonl*")


class RubricItem(Record):
    criterion: str
    points: float  # below 0: something bad
    tags: tuple[str, ...]  # "axis:completeness"


class Conversation(Record):
    id: str
    prompt: tuple[Message, ...]
    rubric: tuple[RubricItem, ...]
    tags: tuple[str, ...]  # "theme:emergency_referrals"


@register("benchmark", "healthbench")
class HealthBench(Written[Conversation]):
    metrics: ClassVar[tuple[str, ...]] = ("score", "truncated")
    judged: ClassVar[bool] = True
    folder: ClassVar[str] = "healthbench"  # under $MEDMODEL_DATA
    most: ClassVar[int] = 1024

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._judge = judge_of("healthbench", material)
        self._items, self.bad, _ = read_data("healthbench", material.data, FILES, _conversation)

    def items(self) -> Sequence[Conversation]:
        return self._items

    def prompt(self, item: Conversation) -> Sequence[Message]:
        return item.prompt

    def values(self, item: Conversation, reply: Reply) -> dict[str, float]:
        said = (*item.prompt, Message(role="assistant", content=reply.text))
        met = [self._judge.meets(said, f"[{part.points:g}] {part.criterion}") for part in item.rubric]
        scores = tag_scores(item, met)
        return {name: min(score, 0.0) for name, score in scores.items()} if reply.truncated else scores

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        found: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            for name, value in row.values.items():
                if name == "score" or ":" in name:
                    found[name].append(value)
        clipped = {name: min(max(sum(values) / len(values), 0.0), 1.0) for name, values in found.items()}
        tags = {
            name: {"clipped": round(clipped[name], 4), "n": len(found[name])} for name in sorted(clipped) if name != "score"
        }
        return {"clipped": clipped.get("score"), **tags, **super().detail(rows)}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        """Read by a fake judge that takes the rubric literally."""
        rubric = [
            {"criterion": 'Says "call an ambulance"', "points": 5, "tags": ["axis:completeness"]},
            {"criterion": 'Says "do not drive"', "points": 3, "tags": ["axis:accuracy"]},
            {"criterion": 'Gives no advice: "I can\'t help"', "points": -4, "tags": ["axis:completeness"]},
            {"criterion": 'Says all at once: "Yes, no and maybe"', "points": -2, "tags": ["axis:accuracy"]},
        ]
        row = {"prompt_id": "made-up", "prompt": [{"role": "user", "content": "My chest hurts."}], "rubrics": rubric}
        (folder / "made_up_oss_eval.jsonl").write_text(
            json.dumps({**row, "example_tags": ["theme:emergency"]}), encoding="utf-8"
        )
        return Material(data=folder, judge=LiteralJudge())

    def perfect(self, item: Conversation, prompt: str = "") -> str:
        return "Sit down, call an ambulance and do not drive."

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Points of what it says over the 8 that can be had; half of the oracle's reply says nothing yet."""
        points = {"oracle": 8, "refusal": -4, "all": -2}
        return {"score": points.get(fake, 0) / 8, "truncated": float(fake == "truncated")}


def tag_scores(item: Conversation, met: Sequence[bool]) -> dict[str, float]:
    """`score`, the same under the conversation's own tags, and one score for each tag of its rubric that has positive points."""
    parts = list(zip(item.rubric, met, strict=True))
    whole = _score(parts)
    assert whole is not None, "read without positive points"
    by_tag = {tag: _score([pair for pair in parts if tag in pair[0].tags]) for part in item.rubric for tag in part.tags}
    return {
        "score": whole,
        **dict.fromkeys(item.tags, whole),
        **{tag: score for tag, score in by_tag.items() if score is not None},
    }


def _score(parts: Sequence[tuple[RubricItem, bool]]) -> float | None:
    possible = sum(part.points for part, _ in parts if part.points > 0)
    return sum(part.points for part, met in parts if met) / possible if possible else None


def _conversation(number: int, row: Row) -> Conversation:
    rubric = tuple(RubricItem(criterion=part["criterion"], points=part["points"], tags=part["tags"]) for part in row["rubrics"])
    if not any(part.points > 0 for part in rubric):
        raise InputError("has no rubric item with positive points")
    return Conversation(
        id=row["prompt_id"],
        prompt=tuple(Message(role=turn["role"], content=turn["content"]) for turn in row["prompt"]),
        rubric=rubric,
        tags=row["example_tags"],
    )
