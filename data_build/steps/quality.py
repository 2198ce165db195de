"""Tag documents that no reader would miss: `quality_rule` names the rules that fire, `quality` is the head's score.

The rules are those of Gopher (Rae et al. 2021, arXiv 2112.11446, table A1), C4 (Raffel et al. 2020, arXiv 1910.10683) and
FineWeb (Penedo et al. 2024, arXiv 2406.17557) as far as they hold in medicine; `quality.yaml` has their limits. What was
changed: no smallest number of words and no asking for function words, since a definition is short and a list has none;
headings, turn marks and short lines may repeat, as "Dose" does in a formulary; digits, units and bullets cost nothing; a
Chinese character is a word by itself, and word length is asked of words of letters alone. `head` is the folder of a
`quality_head` artifact.

One pass over the characters and one over hashes of words, compiled by numba (`tests/perf/quality.py`). Not covered: whether
what is said is true; spam in phrases that the file does not list.

    python -m data_build step quality --in documents.jsonl --out out.jsonl --report quality.json --set head=STORE/quality-…
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml
from datatrove.pipeline.base import PipelineStep
from numba import njit

from data_build import words
from data_build.head import Head
from data_build.steps.tagging import tag
from medmodel.registry import register

FILE = Path(__file__).with_name("quality.yaml")
RUN = 10  # words: Gopher's longest run; shorter ones repeat wherever a form is filled in
LONG = 60  # characters without a space: no drug or chemical name of the sources is as long
LONG_LINE = 20  # characters: shorter lines are headings and labels
LONGEST_PHRASE = 6  # words, or Chinese characters
_SYMBOL, _SPACE, _BREAK, _LETTER, _DIGIT, _CHARACTER, _POINT, _STOP, _DAMAGED = range(9)
LOOP = 12  # words in a row that equal the one up to `PERIOD` before: "yes yes yes", or a model that goes in circles
PERIOD = 4
_STOPS = ".?!,;:。？！，；：、．"
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


class Limits(NamedTuple):
    """What quality.yaml holds; the reasons stand there."""

    letters_least: float
    symbols_most: float
    damaged_most: float
    unbroken_most: float
    word_length_least: float
    word_length_most: float
    single_letters_most: float
    cut_off_lines_most: float
    repeated_lines_most: float
    repeated_words_most: float
    looped_most: float
    words_a_stop_most: float
    phrases_least: int
    phrase_words_most: int
    from_words: int
    from_lines: int


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


@register("step", "quality")
class Quality(PipelineStep):
    """Tags; the text stays as it is. `rules` off and a `head` given: only the score."""

    name = "quality"
    type = "medmodel"

    def __init__(self, rules: bool = True, head: Path | str | None = None) -> None:
        super().__init__()
        self.rules, self.head = rules, head

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        head = Head.load(self.head) if self.head else None
        for document in data:
            if self.rules and (fired := rules_of(document.text)):
                tag(document, "quality_rule", ", ".join(fired))
            if head and (score := head.score(document.text)) is not None:
                tag(document, "quality", round(score, 3))
            yield document


def rules_of(text: str) -> list[str]:
    """The names of the rules that fire."""
    return broken(measure(text), limits())


def broken(found: Measures, limit: Limits) -> list[str]:
    """The names of the rules that these measures break, in an order that never changes."""
    many_words, many_lines = found.words >= limit.from_words, found.lines >= limit.from_lines
    mostly_spelled = found.spelled >= limit.from_words and found.spelled > found.words / 2
    rules = {
        "few letters": found.letters < limit.letters_least,
        "symbols": found.symbols > limit.symbols_most,
        "damaged characters": found.damaged > limit.damaged_most,
        "unbroken characters": found.unbroken > limit.unbroken_most,
        "word length": mostly_spelled and not limit.word_length_least <= found.word_length <= limit.word_length_most,
        "single letters": mostly_spelled and found.single_letters > limit.single_letters_most,
        "cut-off lines": many_lines and found.cut_off_lines > limit.cut_off_lines_most,
        "repeated lines": found.repeated_lines > limit.repeated_lines_most,
        "repeated words": many_words and found.repeated_words > limit.repeated_words_most,
        "loop": found.words >= limit.from_words and found.looped > limit.looped_most,
        "neither sentence nor list": many_words and found.words_a_stop > limit.words_a_stop_most,
        "spam": _is_listed(found.spam, found.words, limit),
        "boilerplate": _is_listed(found.boilerplate, found.words, limit),
    }
    return [name for name, fires in rules.items() if fires]


def _is_listed(phrases: int, count: int, limit: Limits) -> bool:
    return phrases >= limit.phrases_least and count <= phrases * limit.phrase_words_most


def measure(text: str) -> Measures:
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    counts, hashes, lines, sizes = _measure(codes, _classes())
    by_class: list[int] = counts[:9].tolist()
    spelled, spelling, single, unbroken, line, cut_off = map(int, counts[9:])
    written = max(1, sum(by_class) - by_class[_SPACE] - by_class[_BREAK])
    spam, boilerplate = map(int, _phrases(hashes, *_listed()))
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


@cache
def limits() -> Limits:
    return Limits(**_file()["limits"])


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


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


@cache
def _listed() -> tuple[words.U32, words.U64, U8]:
    """The first words of all phrases, sorted; the hashes of the phrases, sorted; and of which list each is (0 or 1)."""
    firsts: set[int] = set()
    phrases: dict[int, int] = {}
    for number, name in enumerate(("spam", "boilerplate")):
        for phrase in _file()["phrases"][name]:
            hashes = words.words(str(phrase).lower())
            assert 2 <= len(hashes) <= LONGEST_PHRASE, f"{FILE.name}: '{phrase}' has not 2 to {LONGEST_PHRASE} words"
            firsts.add(int(hashes[0]))
            phrases[int(words.runs(hashes, len(hashes))[0])] = number
    keys = sorted(phrases)
    return (
        np.array(sorted(firsts), dtype=np.uint32),
        np.array(keys, dtype=np.uint64),
        np.array([phrases[key] for key in keys], dtype=np.uint8),
    )


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
