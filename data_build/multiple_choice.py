"""A multiple-choice question as text: the stem, an empty line, one option a line; the answer ends in "Answer: B".

    Which drug lowers potassium?

    A. Spironolactone
    B. Furosemide

What reads the text back is strict, so that an option lost on the way (cut as a repeated line, say) is noticed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

LETTERS = "ABCDEFGHIJ"
_OPTION = re.compile(r"([A-J])\.(?: (.*))?")
# the letter at the very end: "Answer: (C)", "So the answer is B.", "Answer: (C) Furosemide"; not "Answer: (B) or (C)"
_ANSWER = re.compile(
    r"(?i:\banswer(?: is)?:?\s*(?:option\s*)?)\(?([A-J])\)?\.?\s*\Z|^Answer: \(([A-J])\) (?!.*\([A-J]\))(?!or\b|and\b).*\Z",
    re.MULTILINE,
)
# "option B", "(C)", "statement D", "A is false", "making C", "B. ...": words that name another option after a shuffle
_NAMED = re.compile(
    r"\b(?i:options?|choices?|statements?|answers?|making|therefore|hence|thus|both|so),?\s+(?:is\s+)?\(?[A-J]\b|\([A-J]\)|"
    r"\b[A-HJ](?:\s+(?:is|are|was|seems?|states?|does|would|can|and|or)|,)\s|^\(?[A-J][.):]\s",
    re.MULTILINE,
)

# "None of the above", "Both A and C", "All these": an option that speaks of the others
_OTHERS = re.compile(
    r"(?i:\b(?:above|below)\b|^(?:all|none|both|any)(?: of)?(?: these| those)?\.?$)|\b[A-F](?:,| and| or| &) ?[A-F]\b"
)


class Question(NamedTuple):
    stem: str
    options: tuple[str, ...]


def write(question: Question) -> str:
    listed = (f"{letter}. {' '.join(option.split())}" for letter, option in zip(LETTERS, question.options, strict=False))
    return "\n".join((question.stem.strip(), "", *listed))


def read(text: str) -> Question | None:
    """The question again; None when the text does not end in options A, B, ... without a gap."""
    lines = text.strip().split("\n")
    options: list[str] = []
    letters = ""
    while lines and (option := _OPTION.fullmatch(lines[-1].strip())):
        letters = option[1] + letters
        options.insert(0, option[2] or "")
        lines.pop()
        if option[1] == "A":
            break
    stem = "\n".join(lines).strip()
    return Question(stem, tuple(options)) if stem and len(letters) > 1 and LETTERS.startswith(letters) else None


def answer_of(text: str) -> str:
    """The letter that the text ends on; "" when it commits itself to none."""
    found = _ANSWER.search(text)
    return found[1] or found[2] if found else ""


def rationale_of(text: str) -> str:
    """What is said before the answer."""
    return _ANSWER.sub("", text).strip()


def names_options(rationale: str) -> bool:
    """Whether the rationale speaks of options by letter, so that their order must stay."""
    return bool(_NAMED.search(rationale))


def refer_to_others(options: Sequence[str]) -> bool:
    """Whether an option means others by their place."""
    return any(_OTHERS.search(option) for option in options)


def shuffled(options: Sequence[str], seed: str) -> tuple[str, ...]:
    """The options in an order that depends on the seed alone."""
    order = list(options)
    random.Random(seed).shuffle(order)  # a string's seed is its SHA-512, the same in every process
    return tuple(order)
