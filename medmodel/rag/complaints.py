"""Which lists of diagnoses a case is about: by what it complains of, and by what retrieval finds for it.

A list is a reference whose title is "<complaint> Differential Diagnosis". A complaint is told by the words that `complaints.yaml`
has for it, which know what patients and notes call it and miss the odd way of saying it; so a case's clauses are also compared
with a dozen ways of telling each complaint, by the packaged embedder. What is told first counts most: it is what the patient
came with. English; of Chinese, the words of the table and what the tables have in English.
Not covered: complaints without a list; a complaint that is only implied (a limp in a child is pain in a joint).

    lists("a pounding headache since noon, and a fever", search)      # ["differential_headache/diagnoses", …], what was found
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from medmodel.rag.embedder import embed
from medmodel.rag.support import content_words
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese
from medmodel.records import Passage

LISTS = 2  # read: of a case with two complaints, either may hold what it has
# Chance of a list that is read: of the first two authors' cases, .1 gives a list to more than half of those that have none, and .3
# loses every tenth list.
LEAST = 0.2
MANY = 8  # passages found, above which more say no more
CLAUSES = 60  # of a case, compared with what the table has of a complaint
ASKED = 2_000  # characters of a case in a search
HEADINGS = "differential diagnosis key features red flags"  # what such a list has in its headings
STEM = 5  # letters: "stiff neck" meets "neck stiffness"
_TITLE = re.compile(r"\s*\b[Dd]ifferential [Dd]iagnosis\b.*$")
_CLAUSE = re.compile(r"[.!?,;:\n]|。| - |\band\b|\bbut\b|\bthen\b")

Search = Callable[[str], Sequence[Passage]]


class Clues(NamedTuple):
    """What speaks for a list being the one for a case."""

    told: float  # 1 where its complaint is told first, 1/2 second, 0 not at all
    early: float  # 1 where retrieval finds it first, 1/2 second, 0 not at all
    many: float  # share of MANY passages that retrieval finds of it
    like: float  # mean cosine of the two clauses that are most like ways of telling its complaint
    most: float  # the same in standard deviations from all complaints' mean


# Between what logistic regression (`python -m evals.differential … --fit`) gives on either of two authors' cases, with a table that
# had seen the cases (then what is told counts more) and one that had not: a new author's are somewhere between (docs/evidence.md).
WEIGHTS, INTERCEPT = Clues(told=4.2, early=1.5, many=2.0, like=0.5, most=0.7), -6.0


class _Complaint(NamedTuple):
    told: re.Pattern[str]
    like: tuple[str, ...]  # ways of telling it


def lists(has: str, search: Search) -> tuple[list[str], Sequence[Passage]]:
    """The documents that are most likely the lists for what a case has, the likeliest first, and what was found for the case."""
    seen, found = clues(has, search)
    chances = {document: chance(of) for document, of in seen.items()}
    likely = [document for document in sorted(chances, key=lambda one: -chances[one]) if chances[document] >= LEAST]
    return likely[:LISTS], found


def chance(of: Clues) -> float:
    return 1 / (1 + math.exp(-INTERCEPT - sum(weight * clue for weight, clue in zip(WEIGHTS, of, strict=True))))


def clues(has: str, search: Search) -> tuple[dict[str, Clues], Sequence[Passage]]:
    """What speaks for each list that is found by the case or by a complaint's name, and what is found for the case."""
    tells = told_in(has)
    found = search(f"{has[:ASKED]} {HEADINGS}")
    named = [passage for complaint in list(tells)[:LISTS] for passage in search(f"{complaint} {HEADINGS}")]
    titles = {
        passage.document_id: _TITLE.sub("", passage.heading[0])
        for passage in (*found, *named)
        if passage.heading and _TITLE.search(passage.heading[0])
    }
    number = Counter(passage.document_id for passage in found)
    first = {passage.document_id: place for place, passage in reversed(list(enumerate(found)))}
    told_at = {document: at for document, title in titles.items() if (at := _told_at(title, has, tells)) is not None}
    order = sorted(told_at, key=lambda document: (told_at[document], first.get(document, len(found))))
    likeness = _likeness(has)
    mean, spread = float(np.mean(list(likeness.values()))), float(np.std(list(likeness.values())))
    seen = {}
    for document, title in titles.items():
        like = max((likeness[complaint] for complaint in _table() if _named(complaint, title)), default=mean)
        seen[document] = Clues(
            told=1 / (1 + order.index(document)) if document in told_at else 0.0,
            early=1 / (1 + first[document]) if document in first else 0.0,
            many=min(number[document], MANY) / MANY,
            like=like,
            most=(like - mean) / max(spread, 1e-6),
        )
    return seen, found


def _likeness(has: str) -> dict[str, float]:
    """Of each complaint of the table: the mean cosine of the two clauses that are most like a way of telling it."""
    said = [part.strip() for part in _CLAUSE.split(in_english(has)) if stems(part)][:CLAUSES]
    if not said:
        return dict.fromkeys(_table(), 0.0)
    cosines = _ways()[1] @ embed(said).T
    return {complaint: float(np.sort(cosines[rows].max(0))[::-1][:2].mean()) for complaint, rows in _ways()[0].items()}


@cache
def _ways() -> tuple[dict[str, slice], npt.NDArray[np.float32]]:
    """The ways of telling all complaints as vectors, and which rows are whose."""
    rows: dict[str, slice] = {}
    ways: list[str] = []
    for complaint, entry in _table().items():
        rows[complaint] = slice(len(ways), len(ways) + len(entry.like))
        ways += entry.like
    return rows, embed(ways)


def _named(complaint: str, title: str) -> bool:
    """Whether a list's title names a complaint of the table."""
    return any(stems(complaint) <= stems(name) for name in re.split(r"[/()]", title))


def _told_at(title: str, has: str, tells: Mapping[str, int]) -> int | None:
    """Where a case tells the complaint of a list; None where it does not. `tells` has where it tells those of the table; one that
    the table does not know is told by the words of one of its names within a clause."""
    if any(_named(complaint, title) for complaint in _table()):
        return min((at for complaint, at in tells.items() if _named(complaint, title)), default=None)
    names = [name for name in map(stems, re.split(r"[/()]", title)) if name]
    said = (clause for clause in _CLAUSE.split(has) if any(name <= stems(clause) for name in names))
    return next((has.find(clause) for clause in said), None)


def told_in(has: str) -> dict[str, int]:
    """The complaints of the table that a case tells, and where, the first first."""
    found = {complaint: at.start() for complaint, entry in _table().items() if (at := entry.told.search(has))}
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


def in_english(text: str) -> str:
    """As far as the tables have it."""
    return bridged(text).english if chinese(text) else text


@cache
def _table() -> dict[str, _Complaint]:
    table = yaml.safe_load(Path(__file__).with_name("complaints.yaml").read_text(encoding="utf-8"))
    return {complaint: _Complaint(_either(entry["told"]), tuple(entry["like"])) for complaint, entry in table.items()}


def _either(patterns: Sequence[str]) -> re.Pattern[str]:
    """Any of these; those without Chinese begin at a word, so that "week" is no "wee" and a long word is tried once."""
    return re.compile("|".join(one if chinese(one) else rf"\b(?:{one})" for one in patterns), re.IGNORECASE)


def stems(text: str) -> set[str]:
    return {word[:STEM] for word in content_words(text) - {"acute", "abnormal", "patient", "history"} if len(word) > 2}
