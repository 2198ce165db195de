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
from collections.abc import Sequence
from typing import Any, ClassVar

from evals.suite import Needs, Scored, Subject, Suite
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
        chosen = shares.index(max(shares))
        return Scored(
            id=item.id,
            cluster=item.cluster,
            values={
                "probability": shares[item.answer],
                "accuracy": float(chosen == item.answer),
                "chosen": float(chosen),
                "options": float(len(item.options)),
            },
        )

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return distribution(rows)


def option_shares(prompt: str, options: Sequence[str], subject: Subject) -> list[float]:
    """Softmax over the options of their log-probability per token after the prompt."""
    scores = []
    for option in options:
        likelihood = subject.likelihood(prompt, f" {prompts.one_line(option)}")
        scores.append(likelihood.logprob / max(likelihood.tokens, 1))
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    return [power / sum(powers) for power in powers]


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
