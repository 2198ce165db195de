"""What the rules read: a question without the noise of typing, as words with their places, and as one flat line.

Unicode forms, case, white space, apostrophes, American and British spelling, number words, traditional characters and one
typing error in a longer word must not lose an emergency, so they are settled here, once, before any rule looks. A word is
kept with its stem ("vomiting", "vomited" -> "vomit"); `fillers` (the, of, very) are kept for negation and skipped by phrases.

    read("Crushing  CHEST-pain,\nhe can't breathe").words  ->  crushing chest pain , he cannot breathe

Bounded: of more than LONGEST characters the beginning and the end are read. The API takes 8,000, so nothing of a question
is lost there. Not covered: two errors in one word, errors in words of fewer than five letters, homophones in Chinese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

LONGEST = 9_000  # characters read: more than the API takes for a question
TAIL = 3_000  # of them from the end of a longer text, where questions stand
SHORTEST = 5  # letters of a word in which a typing error is forgiven: below it one edit makes another word too often

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_BULLET = re.compile(r"\n(?:[-*•‣–]|\d{1,2}[.)]) ")  # an item of a list is a sentence of its own
_CJK = "\u3400-\u9fff"
_SPACED = re.compile(rf"(?<=[{_CJK}，。；：！？、]) | (?=[{_CJK}，。；：！？、])")
_CANNOT = re.compile(r"\b(?:can ?not|can'?t|could ?n'?t|could not|(?:is |was |are |am )?(?:unable|not able) to)\b")
_NOT = re.compile(r"\b(?:wo|is|are|was|were|do|does|did|has|have|had|would|should|ai)n'?t\b")
_TOKEN = re.compile(rf"\d+(?:\.\d+)?|[a-z]+|[{_CJK}]+|[^\sa-z\d{_CJK}]")
_ENDS = frozenset(".?!;。？！；\n")
_WIDE = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "−": "-", "·": "."})


class Word(NamedTuple):
    text: str
    stem: str
    start: int  # in Text.flat
    end: int
    sentence: int
    filler: bool


class Text(NamedTuple):
    flat: str  # the whole as one line of lower case
    words: tuple[Word, ...]  # English words, numbers and marks, in order
    chinese: bool


def read(text: str) -> Text:
    """The text as the rules read it; the same for every way of typing it."""
    flat = _flat(text)
    words: list[Word] = []
    sentence = 0
    skipped = fillers()
    for match in _TOKEN.finditer(flat):
        token = match[0]
        if token in _ENDS:
            sentence += 1
        words.append(Word(token, stem(token), match.start(), match.end(), sentence, token in skipped))
    return Text(flat, tuple(words), bool(re.search(f"[{_CJK}]", flat)))


@cache
def stem(word: str) -> str:
    """A word without its ending and without the spelling that America and Britain differ in; the same for rule and text."""
    known = _tables().irregular.get(word)
    if known:
        return known
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return word
    word = word.replace("ae", "e").replace("oe", "e").replace("z", "s").replace("ph", "f")
    if len(word) > 5:
        word = re.sub(r"our$|or$", "or", word)
        word = re.sub(r"tre(s?)$", r"ter\1", word)
    if len(word) > 6:
        word = re.sub(r"(?:ness|ion)$", "", word)
    word = re.sub(r"ies$|y$", "i", word)
    if not word.endswith(("ss", "us", "is")):
        word = re.sub(r"s$", "", word)
    shorter = re.sub(r"(?:ing|(?<!e)ed|ly)$", "", word)
    word = shorter if len(shorter) >= 3 and re.search("[aeiouy]", shorter) else word
    word = re.sub(r"e$", "", word) if len(word) > 3 else word
    return re.sub(r"([bdfgklmnprt])\1$", r"\1", word) if len(word) > 4 else word


def fillers() -> frozenset[str]:
    """Words that phrases skip."""
    return _tables().fillers


class Speller:
    """The words of a vocabulary that a mistyped word may stand for, by symmetric deletion."""

    def __init__(self, vocabulary: Mapping[str, str]) -> None:
        self._stems = dict(vocabulary)  # a form -> its stem
        self._near: dict[str, list[str]] = {}
        for form in self._stems:
            for shorter in {form, *_deletions(form)}:
                self._near.setdefault(shorter, []).append(form)
        self._common = _tables().common

    def stems_of(self, word: str) -> set[str]:
        """Stems of every word of the vocabulary that is one typing error away; none for a word that is common itself."""
        if len(word) < SHORTEST or not word.isalpha() or not word.isascii() or word in self._common:
            return set()
        near = {form for shorter in (word, *_deletions(word)) for form in self._near.get(shorter, ())}
        return {self._stems[form] for form in near if _one_edit(word, form)}


def _deletions(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _one_edit(word: str, form: str) -> bool:
    """A letter too many, too few, wrong or swapped with the next. Of five letters the first one must be right."""
    if word == form or abs(len(word) - len(form)) > 1 or min(len(word), len(form)) < SHORTEST - 1:
        return False
    if len(form) <= SHORTEST and word[0] != form[0]:
        return False
    start = next(
        (at for at, (one, other) in enumerate(zip(word, form, strict=False)) if one != other), min(len(word), len(form))
    )
    if len(word) > len(form):
        return word[start + 1 :] == form[start:]
    if len(word) < len(form):
        return word[start:] == form[start + 1 :]
    if len(form) <= SHORTEST and sorted(word) != sorted(form):  # another letter in a word of five makes another word
        return False
    swapped = word[start : start + 2] == form[start : start + 2][::-1]
    return word[start + 1 :] == form[start + 1 :] or (swapped and word[start + 2 :] == form[start + 2 :])


def _flat(text: str) -> str:
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - TAIL]} . {text[-TAIL:]}"
    tables = _tables()
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)[:LONGEST]).translate(_WIDE).lower()
    text = re.sub(r" ?\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", text.translate(tables.simplified)))  # runs first: linear
    text = _SPACED.sub("", _BULLET.sub(" . ", text).replace("\n", " ")).strip()
    text = _CANNOT.sub("cannot", text)
    text = _NOT.sub("not", text)
    text = re.sub(r"'s\b|s'(?=\s)", "", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = tables.numbers.sub(lambda match: tables.values[match[0]], text)
    return tables.numerals.sub(lambda match: str(_chinese_number(match[0])), text)


_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}


def _chinese_number(written: str) -> int:
    """一 … 九十九: what ages, days and tablets are written in."""
    tens, ten, ones = written.partition("十")
    if not ten:
        return _DIGITS[written[-1]]
    return (_DIGITS[tens[-1]] if tens else 1) * 10 + (_DIGITS[ones[0]] if ones else 0)


class _Tables(NamedTuple):
    fillers: frozenset[str]
    irregular: dict[str, str]
    common: frozenset[str]
    simplified: dict[int, str]
    numbers: re.Pattern[str]
    values: dict[str, str]
    numerals: re.Pattern[str]


@cache
def _tables() -> _Tables:
    raw = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    traditional, simplified = "".join(raw["traditional"]).replace(" ", ""), "".join(raw["simplified"]).replace(" ", "")
    return _Tables(
        fillers=frozenset(raw["fillers"].split()),
        irregular={form: word for word, forms in raw["irregular"].items() for form in forms.split()},
        common=frozenset(raw["common"].split()),
        simplified=dict(zip(map(ord, traditional), simplified, strict=True)),
        numbers=re.compile(rf"\b(?:{'|'.join(sorted(raw['numbers'], key=len, reverse=True))})\b"),
        values={word: str(value) for word, value in raw["numbers"].items()},
        numerals=re.compile(
            r"[一二两三四五六七八九]?十[一二三四五六七八九]?(?=[个多来]?[月周天岁片粒颗分小度次瓶盒])|[一二两三四五六七八九](?=个月|周|天|岁|片|粒|颗|分钟|小时|度|次)"
        ),
    )
