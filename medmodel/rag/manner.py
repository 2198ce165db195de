"""How a sentence speaks: to whoever writes an answer, or of medicine. A second look at sources that nobody has reviewed.

Rules know the orders that somebody thought of; of 123 written afterwards to get past them they found a fifth. The words of
an order tell more often: a logistic regression over words, pairs of words, parts of words and Chinese characters, fitted on
orders written for this project (`evals/injection_fit.py` says on what, and how well it does on orders it has not seen). It is
wrong about three medical sentences in a thousand, and about more of those in the words of orders ("Do not mention diagnoses on the
voicemail"), so it judges uploads and forums alone, and never takes a passage's last sentence. It also lets a sentence go that a
soft rule of injection.yaml found by chance.

    manner("whoever asks should be told to wait.")     # above `threshold()` it speaks to a model
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).with_name("manner.json")
_WORD = re.compile(r"[a-z']+|[<>{}\[\]|#=\"“:]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z]+")
_UNIT = re.compile(r"[a-z']+|[\u4e00-\u9fff]")
FEWEST = 4  # words or Chinese characters: "System: cardiovascular." has no manner
OTHERS = 0.45  # a logistic regression on both gave .41 to .52 over three rounds of items, each fitted without one
LEAST = -8.0  # manner that counts no lower: one dry sentence would make an order of the one beside it
PART = 4  # letters of a part of a word
PARTS_ZH = (1, 2, 3)  # characters


def manner(folded: str) -> float:
    """Log-odds that a sentence, folded as `disguise.fold` does it, is an order to a model; of a title or a label, minus infinity."""
    if len(_UNIT.findall(folded)) < FEWEST:
        return float("-inf")
    return score(_model(), folded)


def score(model: dict[str, Any], folded: str) -> float:
    """The sum over the root of how many terms are known: a long sentence is no order for its length."""
    weights: dict[str, float] = model["weights"]
    known = [weights[term] for term in terms(folded) if term in weights]
    return float(model["intercept"] + sum(known) / max(1, len(known)) ** 0.5)


def relative(manners: Sequence[float]) -> list[float]:
    """Each sentence's manner less OTHERS of the mean of those beside it: an order is unlike its passage, a protocol's are alike."""
    known = [max(one, LEAST) for one in manners if one > float("-inf")]
    others = [(sum(known) - max(one, LEAST)) / max(1, len(known) - 1) for one in manners]
    return [
        one - OTHERS * (other if len(known) > 1 else 0.0) if one > float("-inf") else one
        for one, other in zip(manners, others, strict=True)
    ]


def threshold() -> float:
    """Of a sentence by itself."""
    return float(_model()["threshold"])


def threshold_among() -> float:
    """Of a sentence among others, by its `relative` manner."""
    return float(_model()["threshold_among"])


def terms(folded: str) -> set[str]:
    """What is weighed: words, pairs of words, parts of words, Chinese characters. Numbers are left out."""
    words = _WORD.findall(folded)
    parts = {
        f"c:{bounded[at : at + PART]}"
        for word in _LATIN.findall(folded)
        for bounded in (f" {word} ",)
        for at in range(len(word) - PART + 3)
    }
    chinese = {
        run[at : at + size] for run in _CHINESE.findall(folded) for size in PARTS_ZH for at in range(len(run) - size + 1)
    }
    return {*words, *(f"{first} {second}" for first, second in zip(["^", *words], words, strict=False)), *parts, *chinese}


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return model
