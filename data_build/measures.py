"""What a text is like by count: letters, symbols, word length, lines and words that repeat, marks between phrases, listed phrases.

One pass over the characters and some over hashes of words, compiled by numba: 30 to 60 MB/s a core. What follows from the
measures is for the step `quality` to say.

    measure(text, phrases_of([["no prescription needed"], ["privacy policy"]]))
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from data_build import words

RUN = 10  # words: Gopher's longest run; shorter ones repeat wherever a form is filled in
LONG = 60  # characters without a space: a link or encoded data, hardly a name
LONG_LINE = 20  # characters: shorter lines are headings and labels
LONGEST_PHRASE = 6  # words, or Chinese characters
_SYMBOL, _SPACE, _BREAK, _LETTER, _DIGIT, _CHARACTER, _POINT, _STOP, _DAMAGED = range(9)
LOOP = 12  # words in a row that equal the one up to `PERIOD` before: "yes yes yes", or a model that goes in circles
PERIOD = 4
_STOPS = ".?!,;:。？！，；：、．"
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


class Measures(NamedTuple):
    """What the rules ask; shares are of the characters that are not white space, unless another is named."""

    words: int  # runs of letters and digits, and single Chinese characters
    spelled: int  # words of letters alone
    letters: float
    symbols: float  # neither letter, digit nor ordinary punctuation
    damaged: float  # what stands for a character that could not be read
    unbroken: float  # in runs of more than LONG
    word_length: float  # letters of the mean spelled word
    single_letters: float  # share of the spelled words
    lines: int  # that are not blank
    cut_off_lines: float  # share of the lines: those that end in three dots
    repeated_lines: float  # in long lines that stood before
    repeated_words: float  # share of the words: those in runs of RUN that stood before
    looped: float  # share of the words: those in loops
    words_a_stop: float  # words for each mark between phrases or end of a line
    spam: int  # different listed phrases
    boilerplate: int


class Phrases(NamedTuple):
    """Lists of phrases, as hashes."""

    firsts: words.U32  # first words, sorted
    keys: words.U64  # whole phrases, sorted
    lists: U8  # of which list each is


def measure(text: str, phrases: Phrases) -> Measures:
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    counts, hashes, lines, sizes = _measure(codes, _classes())
    by_class: list[int] = counts[:9].tolist()
    spelled, spelling, single, unbroken, line, cut_off = map(int, counts[9:])
    written = max(1, sum(by_class) - by_class[_SPACE] - by_class[_BREAK])
    spam, boilerplate = map(int, _phrases(hashes, *phrases))
    return Measures(
        words=len(hashes),
        spelled=spelled,
        letters=(by_class[_LETTER] + by_class[_CHARACTER]) / written,
        symbols=by_class[_SYMBOL] / written,
        damaged=by_class[_DAMAGED] / written,
        unbroken=unbroken / written,
        word_length=spelling / max(1, spelled),
        single_letters=single / max(1, spelled),
        lines=line,
        cut_off_lines=cut_off / max(1, line),
        repeated_lines=_repeated(lines, sizes) / written if len(lines) > 1 else 0.0,
        repeated_words=_covered(words.runs(hashes, RUN), RUN) / len(hashes) if len(hashes) > RUN else 0.0,
        looped=_looped(hashes) / max(1, len(hashes)),
        words_a_stop=len(hashes) / max(1, by_class[_STOP] + line),
        spam=spam,
        boilerplate=boilerplate,
    )


def phrases_of(lists: Sequence[Sequence[str]]) -> Phrases:
    """Two lists: of spam, and of boilerplate. Raises ValueError for a phrase of one word, or of more than LONGEST_PHRASE."""
    firsts: set[int] = set()
    phrases: dict[int, int] = {}
    for number, listed in enumerate(lists):
        for phrase in listed:
            hashes = words.words(phrase.lower())
            if not 2 <= len(hashes) <= LONGEST_PHRASE:
                raise ValueError(f"the phrase '{phrase}' has not 2 to {LONGEST_PHRASE} words")
            firsts.add(int(hashes[0]))
            phrases[int(words.runs(hashes, len(hashes))[0])] = number
    keys = sorted(phrases)
    return Phrases(
        np.array(sorted(firsts), dtype=np.uint32),
        np.array(keys, dtype=np.uint64),
        np.array([phrases[key] for key in keys], dtype=np.uint8),
    )


@cache
def _classes() -> U8:
    """For every code point what it is. Letters of any script, with their marks, make words; a Chinese or Japanese character is one."""
    classes = np.zeros(0x110000, dtype=np.uint8)
    for code in range(0x20000):  # no script in use lies beyond, but for Chinese characters
        character = chr(code)
        if character.isalpha() or unicodedata.category(character) in ("Mn", "Mc"):
            classes[code] = _LETTER
        elif character.isnumeric():
            classes[code] = _DIGIT
        elif character.isspace():
            classes[code] = _SPACE
        elif character in "°^`" or unicodedata.category(character)[0] == "P" or unicodedata.category(character) in ("Sm", "Sc"):
            classes[code] = _POINT  # punctuation, mathematics, currencies
    for first, last in ((0x3005, 0x3007), (0x3041, 0x30FF), words.CHINESE, (0xF900, 0xFAFF), (0x20000, 0x2FFFF)):
        classes[first : last + 1] = _CHARACTER
    classes[0xE000:0xF900] = classes[0xFFFD] = _DAMAGED  # private use: what a font's own symbols became
    classes[[ord(mark) for mark in _STOPS]] = _STOP
    classes[ord("\n")] = _BREAK
    return classes


@njit(cache=True)  # type: ignore[untyped-decorator]
def _measure(codes: words.U32, classes: U8) -> tuple[I64, words.U32, words.U64, I64]:
    """Counts: characters by class (9), spelled words, their letters, those of one letter, characters without a space, lines,
    lines cut off. Then a hash a word, equal to `words.words` but for marks; a hash and a size for every long line that is no heading."""
    counts = np.zeros(15, dtype=np.int64)
    hashes = np.empty(len(codes), dtype=np.uint32)
    lines = np.empty(len(codes) // LONG_LINE + 1, dtype=np.uint64)
    sizes = np.empty(len(codes) // LONG_LINE + 1, dtype=np.int64)
    found = kept = letters = digits = run = size = dots = 0
    value = line = np.uint64(14695981039346656037)  # FNV-1a, 64 bit
    heading = False
    for at in range(len(codes) + 1):
        code = codes[at] if at < len(codes) else np.uint32(10)
        kind = classes[code]
        counts[kind] += at < len(codes)
        if kind in (_LETTER, _DIGIT):
            value = (value ^ np.uint64(code)) * np.uint64(1099511628211)
            letters += kind == _LETTER
            digits += kind == _DIGIT
        elif letters + digits:
            hashes[found] = np.uint32((value ^ (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
            found += 1
            if not digits:
                counts[9] += 1
                counts[10] += letters
                counts[11] += letters == 1
            letters = digits = 0
            value = np.uint64(14695981039346656037)
        if kind == _CHARACTER:
            single = (np.uint64(14695981039346656037) ^ np.uint64(code)) * np.uint64(1099511628211)
            hashes[found] = np.uint32((single ^ (single >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
            found += 1
        elif kind == _STOP and at + 1 < len(codes) and classes[codes[at + 1]] == _DIGIT:
            counts[_STOP] -= 1  # 2.5 mg
            counts[_POINT] += 1
        if kind in (_SPACE, _BREAK, _CHARACTER) or (kind == _STOP and (code > 0x3000 or code == 44 or code == 59)):  # , ;
            if run > LONG:
                counts[12] += run
            run = 0
        else:
            run += 1
        if kind == _BREAK:
            if size:
                counts[13] += 1
                counts[14] += dots >= 3
            if size >= LONG_LINE and not heading:
                lines[kept] = line
                sizes[kept] = size
                kept += 1
            line = np.uint64(14695981039346656037)
            size = dots = 0
        elif kind != _SPACE:
            if not size:
                heading = code == np.uint32(35)  # "#"
            size += 1
            dots = dots + 1 if code == np.uint32(46) else 3 if code == np.uint32(0x2026) else 0
            line = (line ^ np.uint64(code)) * np.uint64(1099511628211)
    return counts, hashes[:found].copy(), lines[:kept].copy(), sizes[:kept].copy()


@njit(cache=True)  # type: ignore[untyped-decorator]
def _repeated(hashes: words.U64, weights: I64) -> int:
    """The weight of what stood before."""
    seen = {np.uint64(0)}
    total = 0
    for at in range(len(hashes)):
        if hashes[at] in seen:
            total += weights[at]
        seen.add(hashes[at])
    return total


@njit(cache=True)  # type: ignore[untyped-decorator]
def _covered(runs: words.U64, size: int) -> int:
    """How many words stand in runs that stood before: an open-addressed table, since numba's sets are ten times as slow."""
    slots = 16
    while slots < 2 * len(runs):
        slots *= 2
    table = np.zeros(slots, dtype=np.uint64)
    total = end = 0
    for at in range(len(runs)):
        value = runs[at] | np.uint64(1)  # 0 is an empty slot
        slot = np.int64((value ^ (value >> np.uint64(31))) & np.uint64(slots - 1))
        while table[slot] and table[slot] != value:
            slot = (slot + 1) & (slots - 1)
        if table[slot]:
            total += at + size - max(at, end)
            end = at + size
        table[slot] = value
    return total


@njit(cache=True)  # type: ignore[untyped-decorator]
def _looped(hashes: words.U32) -> int:
    """How many words stand in loops: each the same as the one a period before."""
    total = end = 0
    for period in range(1, PERIOD + 1):
        run = 0
        for at in range(period, len(hashes) + 1):
            if at < len(hashes) and hashes[at] == hashes[at - period]:
                run += 1
                continue
            if run >= LOOP:
                total += max(0, at - max(end, at - run))
                end = max(end, at)
            run = 0
    return total


@njit(cache=True)  # type: ignore[untyped-decorator]
def _phrases(hashes: words.U32, firsts: words.U32, keys: words.U64, lists: U8) -> I64:
    """Of each list, how many different phrases stand there."""
    seen = np.zeros(len(keys), dtype=np.uint8)
    found = np.zeros(2, dtype=np.int64)
    for at in range(len(hashes)):
        place = np.searchsorted(firsts, hashes[at])
        if place == len(firsts) or firsts[place] != hashes[at]:
            continue
        value = np.uint64(0x9E3779B97F4A7C15)  # as `words.runs` hashes them
        for word in range(at, min(len(hashes), at + LONGEST_PHRASE)):
            value = (value ^ np.uint64(hashes[word])) * np.uint64(0xBF58476D1CE4E5B9)
            value ^= value >> np.uint64(29)
            key = np.searchsorted(keys, value)
            if key < len(keys) and keys[key] == value and not seen[key]:
                seen[key] = 1
                found[lists[key]] += 1
    return found
