"""Questions at hand that must not be trained on, and the texts that repeat one of them.

`load(paths)` reads files or folders (also .gz): JSON lines, JSON at any depth, or CSV. Whatever record has a field for a
question is one; in a CSV file without such a heading it is the first column. Options and answers are not looked at.

A text repeats a question when
- 13 words in a row stand in both (21 characters of Chinese), or
- 90 % of the question's words stand in one stretch of the text in the same order: a question with some words changed; or
- a line of the text is the question: those too short for the other two.
In a text that is itself exam items the first does not count, since stock phrases are longer. Not covered: paraphrases.

Sources: 13 words, GPT-3 (arXiv 2005.14165); 90 % is the share that a word or two changed in twenty leave.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from data_build import blake, words
from medmodel.errors import InputError
from medmodel.records import Record

FIELDS = ("question", "Question", "qtext", "stem")
EXACT, EXACT_CHINESE = 13, 21  # words, characters
SHARE = 0.9
ANCHOR = 5  # words: with one word of twenty changed, 11 of 16 anchors stay
CANDIDATE = 0.25  # of a question's anchors: with fewer, 90 % of its words cannot well be there
STOCK = 20  # questions that share an anchor: more, and it says nothing ("which of the following is")
SHORTEST_LINE = 4  # words or characters: "What is pneumonia?" is anybody's question
SHORTEST_FUZZY = 8  # words or characters; what is shorter is looked for as a line
LONGEST_LINE = 100  # characters: seven words and a number before them


class Question(Record):
    """One question of a benchmark, which is named by the file or folder it came from."""

    id: str
    benchmark: str
    text: str


class Match(NamedTuple):
    benchmark: str
    id: str
    share: float  # of the question's words
    kind: str  # "13 words in a row", ...

    @property
    def reason(self) -> str:
        return f"repeats {self.benchmark}: {self.kind}"


class Known(NamedTuple):
    """Questions, their words, and where their anchors stand: those with hash `keys[k]` are `owners[first[k]:first[k + 1]]`."""

    questions: list[Question]
    words: list[words.U32]
    anchors: list[int]  # how many different ones each question has, without stock phrases
    lines: Mapping[bytes, int]  # a short question's words -> its number
    bits: npt.NDArray[np.uint8]  # how keys begin
    keys: words.U64
    first: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]


def repeated(text: str, known: Known, *, exam: bool = False) -> Match | None:
    """The question that the text repeats most of; None when there is none. `exam`: the text is exam items itself."""
    lower = text.lower()
    found = words.words(lower, plain=True)
    matches = [match for match in _candidates(found, known, exam) if match]
    for line in lower.split("\n"):
        if 0 < len(line) <= LONGEST_LINE and (number := known.lines.get(words.words(line, plain=True).tobytes())) is not None:
            question = known.questions[number]
            matches.append(Match(question.benchmark, question.id, 1.0, "a line is a question of it"))
    return max(matches, key=lambda match: (match.share, match.benchmark, match.id), default=None)


@lru_cache(maxsize=2)
def load(paths: tuple[str, ...]) -> Known | None:
    """Every question in these files and folders; None when none are named. Raises InputError for one that holds no question."""
    questions: list[Question] = []
    for path in map(Path, paths):
        before = len(questions)
        questions += read(path)
        if len(questions) == before:
            raise InputError(f"protected.cases: {path} holds no question: a record needs one of {', '.join(FIELDS)}")
    return index(questions) if questions else None


def read(path: Path) -> Iterator[Question]:
    """Questions of a file, or of every file in a folder. Raises InputError when there is no such path."""
    if not path.exists():
        raise InputError(f"protected.cases: there is no {path}")
    kinds = (".json", ".jsonl", ".csv")
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        kind = Path(file.name.removesuffix(".gz")).suffix
        if file.is_file() and kind in kinds:
            with (
                gzip.open(file, "rt", encoding="utf-8-sig")
                if file.suffix == ".gz"
                else open(file, encoding="utf-8-sig") as told
            ):
                for number, text in enumerate(_texts(told, kind, file)):
                    yield Question(id=f"{file.name}:{number}", benchmark=path.name.partition(".")[0], text=text)


def index(questions: Sequence[Question]) -> Known:
    found = [words.words(question.text.lower(), plain=True) for question in questions]
    anchors = [
        words.distinct(words.runs(each, ANCHOR)) if len(each) >= SHORTEST_FUZZY else words.runs(each[:0], 1) for each in found
    ]
    lines = {each.tobytes(): number for number, each in enumerate(found) if SHORTEST_LINE <= len(each) < SHORTEST_FUZZY}
    owners = np.repeat(np.arange(len(questions)), [len(each) for each in anchors])
    grams = np.concatenate([*anchors, np.empty(0, dtype=np.uint64)])
    _, back, often = np.unique(grams, return_inverse=True, return_counts=True)
    rare = often[back] <= STOCK
    grams, owners = grams[rare], owners[rare]
    order = np.argsort(grams, kind="stable")
    keys, first = np.unique(grams[order], return_index=True)
    each_has = np.bincount(owners, minlength=len(questions)).tolist()
    return Known(
        list(questions), found, each_has, lines, blake.bit_map(keys), keys, np.append(first, len(grams)), owners[order]
    )


def _texts(told: Iterable[str], kind: str, file: Path) -> Iterator[str]:
    try:
        if kind == ".csv":
            rows = list(csv.reader(told))
            column = next((at for at, name in enumerate(rows[0]) if name in FIELDS), None) if rows else None
            yield from (row[column or 0] for row in rows[0 if column is None else 1 :] if row)
        elif kind == ".jsonl":
            for line in told:
                if line.strip():
                    yield from _within(json.loads(line))
        else:
            whole = "".join(told)
            try:
                yield from _within(json.loads(whole))
            except json.JSONDecodeError:  # JSON lines by another name
                for line in whole.splitlines():
                    yield from _within(json.loads(line))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError(f"protected.cases: {file} is not what its name says ({kind})") from None


def _within(value: Any) -> Iterator[str]:
    """The question of a record, or of every record in it."""
    if isinstance(value, dict):
        for name in FIELDS:
            if isinstance(value.get(name), str):
                yield value[name]
                return
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(each)


def _candidates(found: words.U32, known: Known, exam: bool) -> Iterator[Match | None]:
    """Questions enough of whose anchors stand in the text, compared word by word."""
    if len(found) < ANCHOR or not len(known.keys):
        return
    grams = words.runs(found, ANCHOR)
    begin = (grams >> np.uint64(64 - blake.FILTER)).astype(np.int64)
    likely = np.flatnonzero((known.bits[begin >> 3] >> (begin & 7).astype(np.uint8)) & 1)
    at = np.minimum(np.searchsorted(known.keys, grams[likely]), len(known.keys) - 1)
    same_key = known.keys[at] == grams[likely]
    places, at = likely[same_key], at[same_key]
    where: dict[int, list[int]] = {}
    distinct: Counter[int] = Counter()
    seen: set[int] = set()
    for place, key in zip(places.tolist(), at.tolist(), strict=True):
        for owner in known.owners[known.first[key] : known.first[key + 1]].tolist():
            where.setdefault(owner, []).append(place)
            distinct[owner] += key not in seen
        seen.add(key)
    for owner, hits in sorted(where.items()):
        own = known.words[owner]
        question = known.questions[owner]
        exact = EXACT_CHINESE if words.CHINESE[0] <= max(map(ord, question.text), default=0) else EXACT
        if not exam:
            run = max(int(_stretch(place, own, found)) for place in _starts(hits))
            if run >= exact:
                yield Match(question.benchmark, question.id, min(1.0, run / len(own)), f"{run} words in a row")
        if distinct[owner] >= CANDIDATE * known.anchors[owner]:
            start = max(0, _densest(hits, len(own)) - len(own) // 2)  # the words before the first anchor may be changed ones
            same = int(_common(own, found[start : start + 2 * len(own)])) / len(own)
            if same >= SHARE:
                yield Match(question.benchmark, question.id, same, f"{same:.0%} of a question's words")


def _starts(hits: Sequence[int]) -> Iterator[int]:
    """The first of each row of neighbours."""
    yield hits[0]
    yield from (place for before, place in pairwise(hits) if place != before + 1)


def _densest(hits: Sequence[int], length: int) -> int:
    """Where the stretch of so many words begins that holds the most hits."""
    places = np.array(hits)
    return int(places[np.argmax(np.searchsorted(places, places + length) - np.arange(len(places)))])


@njit(cache=True)  # type: ignore[untyped-decorator]
def _common(one: words.U32, other: words.U32) -> Any:
    """The length of the longest common subsequence."""
    row = np.zeros(len(other) + 1, dtype=np.int64)
    for word in one:
        diagonal = 0
        for at in range(len(other)):
            above = row[at + 1]
            row[at + 1] = diagonal + 1 if word == other[at] else max(above, row[at])
            diagonal = above
    return row[len(other)]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _stretch(place: int, own: words.U32, found: words.U32) -> Any:
    """How many words round `place` stand in a row in the question too."""
    best = 0
    for start in range(len(own)):
        if own[start] != found[place]:
            continue
        back = 0
        while back < min(start, place) and own[start - back - 1] == found[place - back - 1]:
            back += 1
        ahead = 1
        while ahead < min(len(own) - start, len(found) - place) and own[start + ahead] == found[place + ahead]:
            ahead += 1
        best = max(best, back + ahead)
    return best
