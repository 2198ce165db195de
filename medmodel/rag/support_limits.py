"""What a claim denies or restricts against what its quote does: "not", "only", "unless", "but not".

A "not" is known by the words within its reach. Not covered: what a sentence denies without any such word ("leave it alone").

    limits(read("Give it."), read("Do not give it."))     # contradicted: "limit: the claim leaves out 'not'"
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from medmodel.rag import entailment
from medmodel.rag.support_text import Reading, Term, denied, light_names
from medmodel.rag.support_verdict import Verdict

SCOPE = 5  # words on either side of a "not" that say what it denies
_SPARED = re.compile(r"\bbut not\b|, not (?:in|for|with|when|if|during|to)\b|但不", re.IGNORECASE)  # an exception


def limits(said: Reading, held: Reading) -> Verdict | None:
    """Every "not" has its fellow over the same words; two in one place cancel out, and "insufficient" may be one of them."""
    claim = [(term, _scope(term, said)) for term in _negations(said, held)]
    quote = [(term, _scope(term, held)) for term in _negations(held, said)]
    free = not entailment.copied(said, held)  # in other words, what is denied once may be denied twice
    if (
        free
        and any(term.value == "only" for term in said.of("limit"))
        and any(term.value == "unless" for term in held.of("limit"))
    ):
        return None  # "not … unless" is "only … if"
    left, lone = list(quote), []
    said_too = {term.words.lower() for term, _ in quote}
    for term, scope in sorted(claim, key=lambda one: one[0].words.lower() not in said_too):
        best = max(left, key=lambda other: (other[0].words == term.words) + _alike(scope, other[1]), default=None)
        if best is not None and (_alike(scope, best[1]) > 0.15 or (free and len(claim) == len(quote))):
            left.remove(best)
        else:
            lone.append((term, scope))
    missed = [
        (term, scope)
        for term, scope in left
        if scope and len(scope & said.stems) >= 0.5 * len(scope) and not _clause_gone(term, held, said)
    ]
    hard = [term for term, _ in lone if term.value == "not" and not (free and _prevents(term, held))]
    if hard and len(lone) % 2 and (len(claim) - len(quote)) % 2 and not (free and quote):
        return Verdict("contradicted", f"limit: the quote has no '{hard[0].words}' there")
    if hard and left and not free:
        return Verdict("contradicted", f"limit: '{hard[0].words}' denies something else in the quote")
    gone = [term for term, _ in missed if term.value == "not" and not (free and _prevents(term, said))]
    if gone and len(missed) % 2 and not lone and not (free and claim):
        return Verdict("contradicted", f"limit: the claim leaves out '{gone[0].words}'")
    if len(claim) < len(quote) and (spared := _SPARED.search(held.text)) and not _SPARED.search(said.text):
        return Verdict("not_found", f"limit: the claim leaves out '{spared[0]}'")
    for value in ("only", "unless"):
        kept = [term for term in held.of("limit") if term.value == value]
        if kept and not any(term.value in ("only", "unless") for term in said.of("limit")):
            scope = _scope(kept[0], held)
            if len(claim) <= len(quote) and len(scope & said.stems) >= 0.4 * len(scope):
                return Verdict("not_found", f"limit: the claim leaves out '{kept[0].words}'")
    return None


def _clause_gone(term: Term, held: Reading, said: Reading) -> bool:
    """ "And must not be frozen" without any of its words: the claim drops the clause, not its "not"."""
    clause = held.tokens[term.at].clause
    content = {token.stem for token in held.tokens if token.clause == clause and not token.common} - light_names()
    content -= {held.tokens[term.at].stem}
    opening = next(token for token in held.tokens if token.clause == clause).words.lower()
    return bool(content) and not content & said.stems and opening in ("and", "并")


def _negations(one: Reading, other: Reading) -> Iterator[Term]:
    """Each "not" of a sentence, and each word that denies one of the other's by its prefix ("untreated")."""
    last = -9
    for term in one.of("limit"):
        near = 9 if term.words.lower() == "nor" else 0  # "neither … nor …" are one
        label = term.words == "Contraindication"  # "Contraindication: asthma (absolute contraindication)"
        if term.value in ("not", "hardly") and term.at > last + near and not label:
            yield term
            last = term.at
    for at, token in enumerate(one.tokens):
        if token.kind == "word" and (rest := denied(token.words, other.written)) and rest not in one.written:
            yield Term("limit", "not", token.words, at)


def _prevents(term: Term, other: Reading) -> bool:
    """What one sentence avoids, the other may prevent; what is not given, withheld."""
    values = {one.value for one in other.of("opposite")}
    return "stop" in values or (term.words.lower().startswith(("avoid", "避免")) and "prevent" in values)


def _scope(term: Term, reading: Reading) -> frozenset[str]:
    """The content within reach of a "not", in its clause if that has any."""
    near = range(max(0, term.at - SCOPE), min(len(reading.tokens), term.at + SCOPE + 1))
    here = reading.tokens[term.at].clause
    found = [t for t in (reading.tokens[at] for at in near if at != term.at) if not t.common and t.stem not in light_names()]
    inside = frozenset(token.stem for token in found if token.clause == here)
    return inside if len(inside) > 1 else frozenset(token.stem for token in found)


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
