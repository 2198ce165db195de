"""Tag the language of a text: `language` is en, zh, mixed or other; `language_en` and `language_zh` are shares.

By script first: what counts is letters, and a Chinese character says about as much as three of them. Latin letters are
English unless function words of other languages stand there, so a table or a list of drugs, which has no function words,
is English, too. Kana take as many Chinese characters with them: Japanese is other, a Chinese text that quotes it stays Chinese.
Latin words of up to three letters (mg, CT, bid), single Greek letters and what marks the turns of a conversation say
nothing; a text without letters (7 × 8 = 56) has the language that its record states. `decide.py` drops, when the recipe
names languages. One pass compiled by numba (`tests/perf/quality.py`).

Not covered: which other language it is; traditional and simplified Chinese apart; a short text in another language of
Latin letters without a function word, which passes as English.

    python -m data_build step language --in documents.jsonl --out out.jsonl --report language.json
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from datatrove.pipeline.base import PipelineStep
from numba import njit

from data_build import words
from data_build.steps.tagging import tag
from medmodel.registry import register

Language = Literal["en", "zh", "mixed", "other"]
MIXED = 0.2  # from this share on, the smaller of English and Chinese is no mere drug names and abbreviations
FOREIGN = 3  # function words of other languages before they count, two of them different: names hold one or two

# None is a word, a name or an abbreviation in English or Latin: so no "die", "et" (al.), "de" (novo), "des", "il" (IL-6), "con"
_ENGLISH = (
    "the and of to is with are that this be from by was not have has which can should may you your when if it will or their at"
)
_OTHERS = """
    und nicht eine einer einem für wird werden sind oder durch auf sich auch als bei
    les une dans est avec sont ce cette qui que aux leur plus être été chez ou
    los una las por más como pero también está según entre ser sus puede pacientes
    che della gli sono anche questo nella degli è più viene può
    não uma são é pelo pela também mais dos seu
    het een zijn niet voor ook wordt worden naar deze bij
    nie się jest oraz przez że jako które och att inte är för som det og ikke på til af efter
    je jsou nebo být při și este sunt că pentru ja ei että ovat sekä és egy hogy nem vagy ve bir için olarak
    yang dan dengan untuk pada dari adalah tidak và của là không các được cho
"""
_NOTHING, _LATIN, _HAN, _KANA, _OTHER, _GREEK, _SYLLABLE = range(7)
_MARK = re.compile(r"^\[(?:system|user|assistant)\]\n", re.MULTILINE)


class Found(NamedTuple):
    """`en` and `zh`: shares of what is written, by weight of letters."""

    language: Language
    en: float
    zh: float


@register("step", "language")
class LanguageStep(PipelineStep):
    """Tags the language of each document; the text stays as it is."""

    name = "language"
    type = "medmodel"
    tags = ("language",)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            found = language_of(document.text, document.metadata["document"]["language"])
            tag(document, "language", found.language)
            tag(document, "language_en", found.en)
            tag(document, "language_zh", found.zh)
            yield document


def language_of(text: str, stated: str = "en") -> Found:
    """The language of a text; `stated` decides when it has no letters."""
    if text.startswith("["):
        text = _MARK.sub("", text)
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    latin, short, han, kana, other, english, foreign, kinds = _count(codes, _scripts(), *_function_words()).tolist()
    if foreign < FOREIGN or kinds < 2:
        foreign = 0
    japanese = min(han, kana)
    en = latin * english / (english + foreign) if foreign else latin
    zh = 3 * (han - japanese)
    other += 3 * japanese + 2 * kana + latin - en
    total = en + zh + other
    if not total:
        known: Language = "en" if short or stated == "en" else "zh" if stated == "zh" else "other"
        return Found(known, float(known == "en"), float(known == "zh"))
    if other >= total / 2:
        language: Language = "other"
    elif min(en, zh) >= MIXED * total:
        language = "mixed"
    else:
        language = "en" if en >= zh else "zh"
    return Found(language, round(en / total, 2), round(zh / total, 2))


@cache
def _scripts() -> npt.NDArray[np.uint8]:
    """For every code point: what its letters say. No script in use lies beyond U+2FFFF."""
    scripts = np.zeros(0x110000, dtype=np.uint8)
    for code in range(0x20000):
        if chr(code).isalpha():
            scripts[code] = _OTHER
    for first, last in ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A)):
        scripts[first : last + 1] = np.where(scripts[first : last + 1], _LATIN, _NOTHING)
    for first, last in ((0x3005, 0x3007), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF)):
        scripts[first : last + 1] = _HAN
    for first, last in ((0x3041, 0x30FF), (0xFF66, 0xFF9D)):
        scripts[first : last + 1] = _KANA
    scripts[0xAC00:0xD7A4] = _SYLLABLE
    for first, last in ((0x370, 0x3FF), (0x1F00, 0x1FFF)):
        scripts[first : last + 1] = np.where(scripts[first : last + 1], _GREEK, _NOTHING)
    scripts[[0xAA, 0xB5, 0xBA, 0x2126, 0x212A, 0x212B]] = _NOTHING  # ª, µ, º, Ω, K, Å are units
    scripts[0x1D400:0x1D800] = _NOTHING  # mathematical letters
    return scripts


@cache
def _function_words() -> tuple[words.U32, npt.NDArray[np.int16]]:
    """An open-addressed table: the hashes, and beside each 1 for English, 2 and more for a word of another language."""
    keys = np.zeros(4096, dtype=np.uint32)
    kinds = np.zeros(4096, dtype=np.int16)
    listed = [(word, 1) for word in _ENGLISH.split()]
    listed += [(word, 2 + number) for number, word in enumerate(dict.fromkeys(_OTHERS.split()))]
    for word, kind in listed:
        key = words.words(word)[0]
        at = int(key) & 4095
        while kinds[at]:
            at = (at + 1) & 4095
        keys[at], kinds[at] = key, kind
    return keys, kinds


@njit(cache=True)  # type: ignore[untyped-decorator]
def _count(
    codes: words.U32, scripts: npt.NDArray[np.uint8], keys: words.U32, kinds: npt.NDArray[np.int16]
) -> npt.NDArray[np.int64]:
    """Letters of Latin words, of short ones, Chinese characters, kana, letters of other scripts; function words of English,
    of other languages, and how many different ones of these."""
    found = np.zeros(8, dtype=np.int64)
    seen = np.zeros(1024, dtype=np.uint8)
    script = 0
    length = 0
    value = np.uint64(0)
    for at in range(len(codes) + 1):
        kind = scripts[codes[at]] if at < len(codes) else _NOTHING
        if kind == script and kind:
            length += 1
            if kind == _LATIN:
                value = (value ^ np.uint64(codes[at])) * np.uint64(1099511628211)
            continue
        if script == _LATIN:
            key = np.uint32((value ^ (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
            slot = np.int64(key) & 4095
            while kinds[slot] and keys[slot] != key:
                slot = (slot + 1) & 4095
            word = kinds[slot]
            found[0 if length > 3 or word else 1] += length
            if word == 1:
                found[5] += 1
            elif word:
                found[6] += 1
                found[7] += 1 - seen[word]
                seen[word] = 1
        elif script == _HAN:
            found[2] += length
        elif script == _KANA:
            found[3] += length
        elif script == _OTHER or (script == _GREEK and length > 2):
            found[4] += length
        elif script == _SYLLABLE:
            found[4] += 2 * length
        script = kind
        length = 1
        value = (np.uint64(14695981039346656037) ^ np.uint64(codes[at] if at < len(codes) else 0)) * np.uint64(1099511628211)
    return found
