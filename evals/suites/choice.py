"""Multiple choice by the likelihood of each option's text, from held-out guidelines and complaints.

By letter a small model answers "A" to everything, so what is scored is the option's text: log-probability per token,
softmax over the options, and of that the right option's share (`probability`). It moves smoothly, where accuracy on 30
items is mostly chance; `accuracy` is shown. Length normalisation and its bias: arXiv 2405.14782, section 3.
A model that picks one position in more than 90 % of the items is called degenerate, whatever it scores.

    medmodel run demo --until gate
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel import prompts
from medmodel.records import ChoiceItem
from medmodel.registry import register

DEGENERATE = 0.9  # share of items answered by one position; the options are shuffled, so 1 / options is expected


@register("suite", "choice")
class Choice(Suite[ChoiceItem]):
    needs: ClassVar[Needs] = "model"
    metrics: ClassVar[tuple[str, ...]] = ("probability", "accuracy")

    def items(self) -> Sequence[ChoiceItem]:
        return self.material.choices

    def score(self, item: ChoiceItem, subject: Subject) -> Scored:
        shares = option_shares(prompts.choice_prompt(item.question), item.options, subject)
        chosen = best(shares)
        values = {"probability": shares[item.answer], "accuracy": float(chosen == item.answer), "options": float(len(shares))}
        if chosen is not None:
            values["chosen"] = float(chosen)
        return Scored(id=item.id, cluster=item.cluster, values=values)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return distribution(rows)

    @classmethod
    def degenerate(cls, rows: Sequence[Scored]) -> Sequence[str]:
        return cls.metrics if distribution(rows)["degenerate"] else ()

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        options = ("rest at home", "ice", "heat twice a day", "salt")
        return Material(
            choices=[
                ChoiceItem(
                    id=f"made-up-{at}",
                    question=f"Which of these is number {at}?",
                    options=options,
                    answer=at % 4,
                    cluster=f"{at}",
                )
                for at in range(20)
            ]
        )

    def perfect(self, item: ChoiceItem, prompt: str = "") -> str:
        return f" {prompts.one_line(item.options[item.answer])}"

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Who knows nothing gives every option its chance; and who cannot tell them apart has not chosen the right one."""
        if fake in ("empty", "refusal", "all", "truncated"):
            return {"probability": 0.25, "accuracy": 0.0}
        known: dict[str, Mapping[str, Expected]] = {
            "oracle": {"probability": (0.98, 1.0), "accuracy": 1.0},
            "constant": {"probability": (0.25, 0.26), "accuracy": 0.25},
            "hedge": {"probability": (0.24, 0.26), "accuracy": 0.0},
            "random": {"probability": (0.1, 0.45), "accuracy": (0.0, 0.6)},
        }
        return known[fake]


def option_shares(prompt: str, options: Sequence[str], subject: Subject) -> list[float]:
    """Softmax over the options of their log-probability per token after the prompt."""
    scores = []
    for option in options:
        likelihood = subject.likelihood(prompt, f" {prompts.one_line(option)}")
        scores.append(likelihood.logprob / max(likelihood.tokens, 1))
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    return [power / sum(powers) for power in powers]


def best(scores: Sequence[float]) -> int | None:
    """The one highest score's position. None when several share it: who cannot tell options apart has chosen none."""
    highest = max(scores)
    at = [position for position, score in enumerate(scores) if highest - score < 1e-9]
    return at[0] if len(at) == 1 else None


def distribution(rows: Sequence[Scored], chosen: str = "chosen") -> dict[str, Any]:
    """How often each position was chosen, what chance would score, and whether one position has nearly all."""
    scored = [row for row in rows if chosen in row.values]
    counts = Counter(int(row.values[chosen]) for row in scored)
    most = max(counts.values(), default=0)
    return {
        "positions": {chr(ord("A") + position): count for position, count in sorted(counts.items())},
        "chance": sum(1 / row.values["options"] for row in scored) / len(scored) if scored else None,
        "degenerate": bool(scored) and most / len(scored) > DEGENERATE,
    }
