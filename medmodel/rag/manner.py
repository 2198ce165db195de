"""How a sentence speaks: to whoever writes an answer, or of medicine. A second look at sources that nobody has reviewed.

Rules know the orders that somebody thought of; of 123 written afterwards to get past them they found a fifth. The words of
an order tell more often: a logistic regression over words, pairs of words and pairs of Chinese characters, fitted on orders
written for this project (`evals/injection_fit.py` says on what, and how well it does on orders it has not seen). It is
wrong about one medical sentence in a hundred, so it judges uploads and forums alone, and never takes a passage's last sentence.

    manner("Whoever asks should be told to wait.")     # 0.7: above `threshold()` it speaks to a model
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).with_name("manner.json")
_WORD = re.compile(r"[a-z']+|[<>{}\[\]|#=\"“:]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_UNIT = re.compile(r"[a-z']+|[\u4e00-\u9fff]")
FEWEST = 4  # words or Chinese characters: "System: cardiovascular." has no manner
SHORTEST = 3  # words: below it each weighs as if there were three


def manner(folded: str) -> float:
    """Log-odds that a sentence, folded as `disguise.fold` does it, is an order to a model; of a title or a label, minus infinity."""
    if len(_UNIT.findall(folded)) < FEWEST:
        return float("-inf")
    model = _model()
    weights: dict[str, float] = model["weights"]
    total = sum(weights.get(term, 0.0) for term in terms(folded))
    return float(model["intercept"] + total / length(folded))


def threshold() -> float:
    return float(_model()["threshold"])


def terms(folded: str) -> set[str]:
    """What is weighed: words, pairs of words, pairs of Chinese characters. Numbers are left out."""
    words = _WORD.findall(folded)
    chinese = [run[at : at + 2] for run in _CHINESE.findall(folded) for at in range(len(run) - 1)]
    return {*words, *(f"{first} {second}" for first, second in zip(["^", *words], words, strict=False)), *chinese}


def length(folded: str) -> float:
    """What the sum is divided by, so that a long sentence is no order for its length."""
    return float(max(SHORTEST, len(_UNIT.findall(folded))) ** 0.5)


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return model
