"""How a question speaks: of somebody in trouble now, or about a subject. What rules cannot list, the words of a whole text tell.

Rules name findings, and nobody can name all of them in the words that people type. A logistic regression over the findings of
findings.yaml (affirmed, denied or past), the other words and their parts, fitted on questions written for this project
(evals/red_flags_fit.py says on what, and how well it does on questions it has not seen), weighs the whole text instead:

    manner(…)  ->  Heard(score=2.1, start=0, end=7)     log-odds; and the word that says most, to show

red_flags.yaml compares the score as it compares a reading: above `manner >= …` a text raises the general flag although no rule
names it, and far below it a lone finding is a subject ("button batteries - which toys are safest?"). It never silences two
findings together, nor a reading. Not covered: why it is an emergency. It costs half a millisecond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from medmodel.safety.text import Text

WEIGHTS = Path(__file__).with_name("manner.json")
PARTS = (3, 4)  # letters of a part of a word: a mistyped or unknown word has most of its parts right
PARTS_ZH = (1, 2, 3)  # characters
_LATIN = re.compile(r"[a-z]+")
_CHINESE = re.compile("[\u3400-\u9fff，？]+")


class Heard(NamedTuple):
    score: float
    start: int  # of the word that says most for an emergency; both 0 when none does
    end: int


def manner(text: Text, findings: Iterable[str]) -> Heard:
    """Log-odds that somebody is in danger; `findings` are named as `terms` takes them."""
    model = _model()
    weights: dict[str, float] = model["weights"]
    known = terms(text, findings) & weights.keys()
    score = float(model["intercept"]) + sum(weights[term] for term in known) / max(1, len(known)) ** 0.5
    return Heard(score, *_loudest(text, weights))


def terms(text: Text, findings: Iterable[str]) -> set[str]:
    """What is weighed. A finding is "f:fever", "denied:fever" or "past:fever"; a number of any size is "0"."""
    said = {f"w:{'0' if word.text[0].isdigit() else word.stem}" for word in text.words if not _CHINESE.match(word.text)}
    return {*findings, *said, *_parts(text.flat)}


def _parts(flat: str) -> Iterator[str]:
    for word in set(_LATIN.findall(flat)):
        bounded = f" {word} "
        for length in PARTS:
            for at in range(len(bounded) - length + 1):
                yield f"c:{bounded[at : at + length]}"
    for run in _CHINESE.findall(flat):
        bounded = f"^{run}$"
        for length in PARTS_ZH:
            for at in range(len(bounded) - length + 1):
                yield f"z:{bounded[at : at + length]}"


def _loudest(text: Text, weights: dict[str, float]) -> tuple[int, int]:
    words = [(weights.get(f"w:{word.stem}", 0.0), word.start, word.end) for word in text.words if not word.filler]
    pairs = [
        (weights.get(f"z:{run[0][at : at + 2]}", 0.0), run.start() + at, run.start() + at + 2)
        for run in _CHINESE.finditer(text.flat)
        for at in range(len(run[0]) - 1)
    ]
    weight, start, end = max([*words, *pairs], default=(0.0, 0, 0))
    return (start, end) if weight > 0 else (0, 0)


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return model
