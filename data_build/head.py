"""The quality head: a linear model over hashed n-grams that scores how much a text reads like clinical reference text.

0 is noisy chat, 1 is guideline or reference. Features are words, pairs of words and four characters in a row, with every
digit as 0 and everything else a space: so neither layout nor numbers count. Of a conversation only what the assistant says
is scored, since a patient's words say nothing of the quality of an answer. The recipe stage `quality_head`
(`data_build.quality_head`) trains it; `quality.npz` holds numbers and nothing that runs.

Not covered: whether what is said is true; noise of another kind than it was shown. Two texts in the same words score the same.

    head = Head.load(artifact_folder)
    head.score("Give adrenaline 0.5 mg intramuscularly.")
"""

from __future__ import annotations

import re
from functools import cache
from math import exp
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from data_build import words
from medmodel.errors import InputError

BITS = 18  # 262,144 weights: 1 MB, which a core's cache holds
GRAM = 4  # characters
PRIOR = 30  # n-grams of no weight that every text is given: a text of three words says little, and stays near 0.5
SCALE = 100.0  # a text's features sum to this, so that weights of ordinary size decide
_SPACE, _LETTER, _DIGIT, _CHARACTER = range(4)
_MARK = re.compile(r"^\[(system|user|assistant)\]\n", re.MULTILINE)
F32 = npt.NDArray[np.float32]


class Head(NamedTuple):
    weights: F32  # by n-gram; without a constant, so that a text of which nothing is known has 0.5

    @classmethod
    def load(cls, path: Path | str) -> Head:
        """From quality.npz, or from the folder of a `quality_head` artifact. Raises InputError when there is none."""
        file = Path(path)
        file = file / "quality.npz" if file.is_dir() else file
        if not file.is_file():
            raise InputError(f"there is no quality head {file}: run the stage `quality_head`, or leave `head` out")
        with np.load(file, allow_pickle=False) as kept:
            return cls(kept["weights"].astype(np.float32))

    def save(self, file: Path) -> None:
        np.savez(file, weights=self.weights)

    def score(self, text: str) -> float | None:
        """0 to 1; None when there is no word to judge."""
        found = features(judged(text))
        if not len(found):
            return None
        margin = SCALE * _sum(self.weights, found) / (len(found) + PRIOR)
        return 1 / (1 + exp(-max(-30.0, min(30.0, margin))))


def judged(text: str) -> str:
    """What a score is about: the assistant's turns of a conversation, any other text as a whole."""
    if not text.startswith("["):
        return text
    parts = _MARK.split(text)
    said = [turn for role, turn in zip(parts[1::2], parts[2::2], strict=True) if role == "assistant"]
    return "\n".join(said) if said else text


def features(text: str) -> words.U32:
    """The numbers of a text's n-grams, as often as they stand there."""
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    found: words.U32 = _features(codes, _classes())
    return found


@cache
def _classes() -> npt.NDArray[np.uint8]:
    classes = np.zeros(0x110000, dtype=np.uint8)
    for code in range(0x20000):  # no script in use lies beyond, but for Chinese characters
        character = chr(code)
        classes[code] = _DIGIT if character.isdigit() else _LETTER if character.isalpha() else _SPACE
    for first, last in ((0x3041, 0x30FF), words.CHINESE, (0x20000, 0x2FFFF)):
        classes[first : last + 1] = _CHARACTER
    return classes


@njit(cache=True)  # type: ignore[untyped-decorator]
def _features(codes: words.U32, classes: npt.NDArray[np.uint8]) -> words.U32:
    """A Chinese character is a word. Four characters in a row run across words, with one space for all that separates them."""
    start, prime = np.uint64(14695981039346656037), np.uint64(1099511628211)  # FNV-1a, 64 bit
    mask = np.uint64((1 << BITS) - 1)
    found = np.empty(3 * len(codes) + 4, dtype=np.uint32)
    count = 0
    value = start
    before = np.uint64(0)  # the word before
    inside = False
    last = np.zeros(GRAM, dtype=np.uint64)
    seen = 0  # characters of the row so far
    for at in range(-1, len(codes) + 1):
        kind = classes[codes[at]] if 0 <= at < len(codes) else _SPACE
        ends_word = inside and kind in (_SPACE, _CHARACTER)
        for _ in range((1 if ends_word else 0) + (1 if kind == _CHARACTER else 0)):
            if not ends_word:
                value = (start ^ np.uint64(codes[at])) * prime
            found[count] = np.uint32((value ^ (value >> np.uint64(29))) & mask)
            count += 1
            if before:
                pair = (before ^ value * np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
                found[count] = np.uint32((pair ^ (pair >> np.uint64(29))) & mask)
                count += 1
            before = value
            value = start
            ends_word = inside = False
        if kind in (_LETTER, _DIGIT):
            inside = True
            value = (value ^ np.uint64(48 if kind == _DIGIT else codes[at])) * prime
        code = np.uint64(32 if kind == _SPACE else 48 if kind == _DIGIT else codes[at])
        if kind == _SPACE and last[GRAM - 1] == 32:
            continue
        for place in range(GRAM - 1):
            last[place] = last[place + 1]
        last[GRAM - 1] = code
        seen += 1
        if seen >= GRAM:
            gram = np.uint64(0x94D049BB133111EB)
            for place in range(GRAM):
                gram = (gram ^ last[place]) * prime
            found[count] = np.uint32((gram ^ (gram >> np.uint64(31))) & mask)
            count += 1
    return found[:count].copy()


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sum(weights: F32, found: words.U32) -> float:
    total = 0.0
    for feature in found:
        total += weights[feature]
    return total
