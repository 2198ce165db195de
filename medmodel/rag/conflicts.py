"""Sources that answer one question differently: found among the sentences shown, and put side by side, never blended.

Two sentences of different sources conflict when they are about one thing (their vectors are near, they share words, and
they name the same drugs, patients and routes) and then differ in a quantity of one unit, with nothing in common, or in
direction: one advises a drug that the other advises against. The newer source stands first.

A pointer for the reader, not a judgement: which of them holds for a patient is not said. Not covered: differences told in
other words, of a drug against another, between more than two sides at once, and sources that were not found.

    conflicts(shown)     # (Conflict(kind="quantity", sides=(Citation, Citation), differs=("<130/80 mmhg", "<140/90 mmhg")),)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from medmodel import prompts
from medmodel.rag.citations import cite
from medmodel.rag.nearest import sentence_vectors
from medmodel.rag.support import content_words, terms
from medmodel.rag.support_text import Term
from medmodel.records import Citation, Conflict, Passage

ONE_SUBJECT = 0.7  # cosine of two sentences under their headings: below it most pairs read were about different things
SHARED = 0.34  # share of the shorter one's content words, numbers aside, that the other has
SAME = ("drug", "qualifier", "grade")  # kinds of terms in which both must agree before a difference counts
_AGAINST = re.compile(
    r"\b(?:not|never|no longer|against|avoid(?:ed)?|contraindicated|withh[eo]ld|discouraged)\b|Class III\b|不推荐|不建议|不应|避免|禁用|禁忌",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\b(?:recommend(?:ed|s)?|suggest(?:ed|s)?|indicated|preferred|first[- ]line|should|reasonable|offer|give)\b|推荐|建议|首选|应当",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[≥≤<>]?-?[\d.,^⁰¹²³⁴-⁹]+(?:[–/:]-?[\d.,]+)?\s*")
_DIGIT = re.compile(r"\d")


class Said(NamedTuple):
    """One shown sentence, with what it is compared by."""

    citation: Citation
    terms: tuple[Term, ...]
    words: frozenset[str]


def conflicts(shown: Sequence[Passage]) -> tuple[Conflict, ...]:
    """Every pair of shown sentences of different sources that differ on one subject."""
    if len({passage.source.id for passage in shown}) < 2:
        return ()
    said = [_said(passage, at, number) for number, (passage, at) in enumerate(prompts.numbered(shown), 1)]
    vectors = sentence_vectors(shown)
    found = []
    for one, other in combinations(range(len(said)), 2):
        if said[one].citation.source.id == said[other].citation.source.id:
            continue
        if float(vectors[one] @ vectors[other]) >= ONE_SUBJECT and (conflict := compare(said[one], said[other])):
            found.append(conflict)
    return tuple(found)


def compare(one: Said, other: Said) -> Conflict | None:
    """The conflict of two sentences about one subject, or None."""
    common = one.words & other.words
    if len(common) < 2 or len(common) < SHARED * min(len(one.words), len(other.words)):
        return None
    if any(_values(one, kind) != _values(other, kind) for kind in SAME):
        return None
    newest, older = sorted((one, other), key=lambda said: -(said.citation.source.year or 0))
    sides = (newest.citation, older.citation)
    if differs := _quantities(newest, older):
        return Conflict(kind="quantity", differs=differs, sides=sides)
    if differs := _directions(newest, older):
        return Conflict(kind="direction", differs=differs, sides=sides)
    return None


def _said(passage: Passage, at: int, number: int) -> Said:
    sentence = prompts.one_line(passage.sentence(at))
    words = frozenset(word for word in content_words(sentence) if not _DIGIT.search(word))
    return Said(cite(passage, at, number), tuple(terms(sentence)), words)


def _quantities(one: Said, other: Said) -> tuple[str, str] | None:
    """What each says in a unit that both use, when they have no value in common."""
    mine, theirs = _by_unit(one), _by_unit(other)
    for unit in mine:
        if unit and unit in theirs and not _bare(mine[unit]) & _bare(theirs[unit]):
            return "; ".join(sorted(mine[unit])), "; ".join(sorted(theirs[unit]))
    return None


def _bare(values: set[str]) -> set[str]:
    """Without comparators: "≥20" and ">20" are no two opinions, nor are "<90" and "≥90" of a criterion turned round."""
    return {value.lstrip("≥≤<>") for value in values}


def _by_unit(said: Said) -> dict[str, set[str]]:
    """Quantities by unit: {"mg": {"5 mg", "≥10 mg"}}."""
    found: dict[str, set[str]] = {}
    for term in said.terms:
        if term.kind == "number":
            found.setdefault(_NUMBER.sub("", term.value), set()).add(term.value)
    return found


def _directions(one: Said, other: Said) -> tuple[str, str] | None:
    """One advises what the other advises against, about a drug that both name."""
    if not _values(one, "drug"):
        return None
    mine, theirs = _advice(one.citation.quote), _advice(other.citation.quote)
    return (mine, theirs) if mine and theirs and mine != theirs else None


def _advice(sentence: str) -> str:
    """ "for", "against", or nothing when it advises neither."""
    return "against" if _AGAINST.search(sentence) else "for" if _FOR.search(sentence) else ""


def _values(said: Said, kind: str) -> set[str]:
    return {term.value for term in said.terms if term.kind == kind}
