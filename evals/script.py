"""Is a text written in the script of its language, or are two mixed?

In English every Chinese character is foreign. In Chinese a Latin word is foreign unless clinicians write it so:
abbreviations and codes (two capitals, or a digit), units, and drug names of the product's own list. Not covered: other
scripts, and an English sentence made of nothing but drug names.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from medmodel.rag import support

MOST_FOREIGN = 0.05  # share of words: one stray term in twenty is a name, more is another language
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_UNITS = frozenset(
    "mg g kg µg ug mcg ml l dl mmol mol umol nmol mol iu u min h s d hg mmhg cm mm m bid tid qd qid prn iv im po sc ph kcal".split()
)


def mixed(text: str, language: Literal["en", "zh"]) -> bool:
    return foreign(text, language) > MOST_FOREIGN


def foreign(text: str, language: Literal["en", "zh"]) -> float:
    """Share of a text's words in the other script; a Chinese word counts two characters."""
    chinese = len(_CHINESE.findall(text)) / 2
    latin = _LATIN.findall(text)
    if language == "en":
        return chinese / (chinese + len(latin)) if chinese else 0.0
    strange = sum(not _accepted(word) for word in latin)
    return strange / (strange + chinese) if strange else 0.0


def _accepted(word: str) -> bool:
    capitals = sum(letter.isupper() for letter in word)
    return (
        len(word) == 1 or capitals > 1 or any(letter.isdigit() for letter in word) or word.lower() in _UNITS or _is_drug(word)
    )


@cache
def _is_drug(word: str) -> bool:
    return any(term.kind == "drug" for term in support.terms(word))
