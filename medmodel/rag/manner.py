"""How a sentence speaks: to whoever writes an answer, or of medicine. A second look at sources that nobody has reviewed.

Rules know the orders that somebody thought of; of 123 written afterwards to get past them they found a fifth. The words of
an order tell more often: a logistic regression over words, pairs of words, parts of words and Chinese characters, fitted on
orders written for this project (`evals/injection_fit.py` says on what, and how well it does on orders it has not seen). It is
wrong about three medical sentences in a thousand, and about more of those in the words of orders ("Do not mention diagnoses on the
voicemail"), so it judges uploads and forums alone, and never takes all that is left of a passage. What tells an order from a
protocol is its neighbours: a protocol is imperative throughout, an order stands among sentences of medicine. So a sentence is
judged by its manner less a part of the mean of those beside it: where one in ten of the clean look-alikes is touched, that finds
66, 59 and 77 of a hundred orders of three rounds of items, each fitted without, where the manner alone finds 61, 53 and 66. It also
lets a sentence go that a soft rule of injection.yaml found by chance.

    manner("whoever asks should be told to wait.")     # above `threshold()` it speaks to a model
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
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
USUAL = -4.7  # what stands for neighbours where a sentence has none of its script: it then passes about as it would by itself
PART = 4  # letters of a part of a word
PARTS_ZH = (1, 2, 3)  # characters


@lru_cache(maxsize=16384)  # the same passages come again with the next question
def manner(folded: str) -> float:
    """Log-odds that a sentence, folded as `disguise.fold` does it, is an order to a model; of a title or a label, minus infinity."""
    return score(_model(), folded) if _has_manner(folded) else float("-inf")


def manner_among(folded: Sequence[str]) -> list[float]:
    """The same of each sentence of a passage, beside the others: a protocol is imperative throughout, an order alone is."""
    return _among([manner(one) for one in folded], folded)


def score(model: dict[str, Any], folded: str) -> float:
    """The sum over the root of how many terms are known: a long sentence is no order for its length."""
    weights: dict[str, float] = model["weights"]
    known = [weights[term] for term in terms(folded) if term in weights]
    return float(model["intercept"] + sum(known) / max(1, len(known)) ** 0.5)


def score_among(model: dict[str, Any], folded: Sequence[str]) -> list[float]:
    """Each sentence's score less OTHERS of the mean of those beside it that are of its script: an order is unlike its passage."""
    return _among([score(model, one) if _has_manner(one) else float("-inf") for one in folded], folded)


def _among(scores: Sequence[float], folded: Sequence[str]) -> list[float]:
    chinese = [bool(_CHINESE.search(one)) for one in folded]
    found: list[float] = []
    for at, own in enumerate(scores):
        others = [
            max(other, LEAST)
            for beside, other in enumerate(scores)
            if beside != at and chinese[beside] == chinese[at] and other > float("-inf")
        ]
        found.append(own - OTHERS * (sum(others) / len(others) if others else USUAL))
    return found


def threshold() -> float:
    """Of a sentence by itself."""
    return float(_model()["threshold"])


def threshold_among() -> float:
    """Of a sentence among others: of `manner_among`."""
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


def _has_manner(folded: str) -> bool:
    return len(_UNIT.findall(folded)) >= FEWEST


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return model
