"""Drugs, codes, grades, how often, opposites and qualifiers of a claim against those of its quote.

Each must stand in the quote, under any name of it; of an opposite or a qualifier the quote may not have the other one. Not
covered: a term that no table has.

    kinds(read("Give ramipril."), read("Give losartan."))     # contradicted: "drug: 'ramipril' is not in the quote"
"""

from __future__ import annotations

import re

from medmodel.rag import classes, entailment
from medmodel.rag.support_text import EVERY, PERIODS, Reading, Term, denied, stem, turned
from medmodel.rag.support_verdict import Verdict


def kinds(said: Reading, held: Reading) -> Verdict | None:
    """Drugs, codes, grades and how often: each must stand in the quote."""
    free = not entailment.copied(said, held)
    for kind in ("drug", "grade", "frequency") if free else ("drug", "code", "grade", "frequency"):
        known, own = {term.value for term in held.of(kind)}, {term.value for term in said.of(kind)}
        for term in said.of(kind):
            if term.value in known or (kind != "drug" and term.value in held.stems):
                continue
            if kind == "frequency" and _as_quantity(term.value, held):
                continue
            if kind == "code" and term.words.lower().replace("-", "") in re.sub(r"[\s-]", "", held.text.lower()):
                continue
            if kind == "grade" and any(
                re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", held.text.lower()) for name in _either_numeral(term.value)
            ):
                continue
            if kind == "drug" and any(classes.kin(term.value, other) for other in known):
                continue
            if free and kind != "drug" and not known - own and not (kind == "frequency" and _otherwise_often(term.value, held)):
                continue  # another name of something that the quote describes: the scorer's
            return Verdict("contradicted" if known - own else "not_found", f"{kind}: '{term.words}' is not in the quote")
    return None


def _either_numeral(grade: str) -> list[str]:
    """The last word of a grade, in Roman and in Arabic: "type 2" is "type II"."""
    last = grade.split()[-1]
    turned = [
        b
        for pair in enumerate("i ii iii iv v vi".split(), 1)
        for a, b in (map(str, pair), map(str, reversed(pair)))
        if a == last
    ]
    return [last, *turned]


def codes(said: Reading, held: Reading) -> Verdict | None:
    """A score or test in another's place, where the rest is said in other words."""
    known = {term.value for term in held.of("code")}
    own = {term.value for term in said.of("code")}
    for term in said.of("code"):
        if known - own and term.value not in known and term.value not in held.stems:
            return Verdict("not_found", f"code: '{term.words}' is not in the quote")
    return None


def _as_quantity(value: str, held: Reading) -> bool:
    """Every day is every 24 hours."""
    return any((found.unit, found.low) in PERIODS.get(value, ()) for found, _ in held.quantities)


def _otherwise_often(value: str, held: Reading) -> bool:
    """The quote says "every 6 hours" where the claim says how often a day."""
    units_of = {unit for unit, _ in PERIODS.get(value, ())}
    return any(at and held.tokens[at - 1].words.lower() in EVERY and found.unit in units_of for found, at in held.quantities)


def axes(said: Reading, held: Reading) -> Verdict | None:
    """Opposites and qualifiers: never the one where the quote has the other; a qualifier of the claim must be in the quote."""
    for kind in ("qualifier", "opposite"):
        for axis in dict.fromkeys(term.axis for term in said.of(kind)):
            mine = [term for term in said.of(kind) if term.axis == axis]
            theirs = {term.value for term in held.of(kind) if term.axis == axis}
            for term in mine:
                token = said.tokens[term.at]
                whole = len(token.words) > len(term.words) and token.stem in held.stems  # "oral" of "oral anticoagulant"
                if term.value in theirs or whole or _stands_there(term, held) or _no_side(term, said):
                    continue
                missing = theirs - {other.value for other in mine}
                if missing and (kind == "opposite" or axis not in ("kind",)):
                    if kind == "opposite" and axis == "course" and "stop" not in (term.value, *missing):
                        continue  # to start and to continue are no opposites
                    return Verdict("contradicted", f"{kind}: '{term.words}' where the quote has '{_word_of(missing, held)}'")
                if term.value in ("renal", "hepatic") and {"renal": "~kidney", "hepatic": "~liver"}[term.value] in held.stems:
                    continue
                if kind == "qualifier" and axis in ("population", "route", "severity", "acuity", "side"):
                    return Verdict("not_found", f"{kind}: '{term.words}' is not in the quote")
    return None


def _no_side(term: Term, said: Reading) -> bool:
    """ "Left out", "left alone", "right at the end": no side of the body."""
    following = said.tokens[term.at + 1] if term.at + 1 < len(said.tokens) else None
    return term.words.lower() in ("left", "right") and (
        following is None or following.common or following.words.lower() in ("alone", "untreated", "away")
    )


def _stands_there(term: Term, held: Reading) -> bool:
    return bool(re.search(rf"(?<![a-z]){re.escape(term.words.lower())}", held.text.lower()))


def _word_of(values: set[str], held: Reading) -> str:
    return next((term.words for term in held.terms if term.value in values), min(values))


def replaced(said: Reading, held: Reading) -> Verdict | None:
    """In what is otherwise copied: a few words in the place of others may not have another value of their kind."""
    if not entailment.copied(said, held):
        return None
    matcher = entailment.matcher(said, held)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "replace" or max(end - start, other_end - other_start) > 4:
            continue
        mine = [term for term in said.terms if start <= term.at < end]
        theirs = [term for term in held.terms if other_start <= term.at < other_end]
        for term in mine:
            rivals = [other for other in theirs if (other.kind, other.axis) == (term.kind, term.axis)]
            if term.kind not in ("limit", "number") and rivals and all(other.value != term.value for other in rivals):
                return Verdict("contradicted", f"{term.kind}: '{term.words}' where the quote has '{rivals[0].words}'")
    return None


def prefixes(said: Reading, held: Reading) -> Verdict | None:
    """No word is one of the quote's with its prefix turned: "hyperkalemia", "hypokalemia"."""
    lost = [word for word in held.words if stem(word) not in said.written]
    for token in said.tokens:
        new = token.kind == "word" and token.stem not in held.stems
        if new and any(turned(token.words, other) and not _denies(token.words, other) for other in lost):
            return Verdict("contradicted", f"opposite: '{token.words}' turns a word of the quote")
    return None


def _denies(one: str, other: str) -> bool:
    return bool(denied(one, [stem(other)]) or denied(other, [stem(one)]))
