"""What belongs with what: a dose with its drug, and the two sides of "over", "than" or "before".

Not covered: who does what to whom in a claim that is in other words.

    swapped(read("Apixaban over warfarin is advised."), read("Warfarin over apixaban is advised."))     # contradicted: changed places
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from medmodel.rag import units
from medmodel.rag.support_certainty import spoken
from medmodel.rag.support_copies import in_order, sequence
from medmodel.rag.support_text import Reading
from medmodel.rag.support_verdict import Verdict

_THAN = re.compile(
    r"\b(?:over|than|versus|vs|followed|before|after|until|but|instead|whereas|while|caus(?:es?|ed|ing)|by|to|into|despite|without)\b",
    re.IGNORECASE,
)  # what stands on its sides may not change places


def partners(said: Reading, held: Reading) -> Verdict | None:
    """A dose stays with its drug: where the quote pairs them otherwise, they have changed partners."""
    if len({term.value for term in held.of("drug")}) < 2 or not held.quantities:
        return None
    mine, theirs = _pairs(said), _pairs(held)
    both = said.text + " " + held.text
    for words, quantity, drug in mine:
        if any(drug == other and units.same(quantity, found, both) for _, found, other in theirs):
            continue
        paired = {other for _, found, other in theirs if units.same(quantity, found, both)}
        doses = [found for _, found, other in theirs if other == drug and found.unit == quantity.unit]
        if paired and doses:
            return Verdict("contradicted", f"order: '{words.strip()}' belongs to {min(paired)} in the quote, not to {drug}")
    return None


def _pairs(reading: Reading) -> list[tuple[str, units.Quantity, str]]:
    drugs = reading.of("drug")
    found = []
    for quantity, at in reading.quantities:
        if not quantity.unit or quantity.unit in ("%", "month") or not drugs:
            continue
        before = [term for term in drugs if term.at < at]
        after = [term for term in drugs if term.at > at]
        of = after and after[0].at - at <= 3 and any(t.words.lower() == "of" for t in reading.tokens[at : after[0].at])
        chosen = after[0] if of or not before else before[-1]
        if not of and before and after and after[0].at - at == 1 and at - before[-1].at > 1:
            chosen = after[0]
        found.append((quantity.words, quantity, chosen.value))
    return found


def swapped(said: Reading, held: Reading) -> Verdict | None:
    """Two of a kind that changed places while the rest stayed: "A over B" and "B over A", "raised … low" and "low … raised"."""
    if words := _exchanged(said, held):
        return Verdict("contradicted", f"order: {words} have changed places")
    if {term.value for term in said.of("opposite")} != {term.value for term in held.of("opposite")}:
        return None  # "A is less than B" is "B is more than A"
    if in_order(said, held):
        return None
    theirs = list(_sides(held))
    for word, left, right in _sides(said):
        for other_word, other_left, other_right in theirs:
            if word != other_word:
                continue
            a, b = other_left - other_right, other_right - other_left
            straight = len(left & a) + len(right & b)
            crossed = len(left & b) + len(right & a)
            if left & b and right & a and crossed > 2 * straight:
                return Verdict("contradicted", "order: what is compared has changed sides")
    return None


def _exchanged(said: Reading, held: Reading) -> str:
    """Two stretches of at most six words that stand in each other's place, with something other than a list between."""
    longest = 16 if said.zh else 7
    a, b = sequence(said), sequence(held)
    if len(a) != len(b) or a == b or (spoken(said) - spoken(held)).total() > 1:
        return ""
    start = next(at for at in range(len(a)) if a[at] != b[at])
    end = next(at for at in range(1, len(a) + 1) if a[-at] != b[-at])
    mine, theirs = a[start : len(a) - end + 1], b[start : len(b) - end + 1]
    for first in range(1, min(longest, len(mine))):
        for second in range(1, min(longest, len(mine) - first + 1)):
            middle = theirs[first : len(theirs) - second]
            if not middle and not _joined_by(held, theirs, first):
                continue
            if mine == theirs[len(theirs) - second :] + middle + theirs[:first] and not _a_list(held, theirs):
                return f"'{theirs[0].removeprefix('~')}' and '{theirs[-1].removeprefix('~')}'"
    return ""


def _joined_by(reading: Reading, stretch: Sequence[str], first: int) -> bool:
    """Two neighbours with a word between them that gives them a direction: "A over B"."""
    content = [at for at, token in enumerate(reading.tokens) if not token.common]
    stems = [reading.tokens[at].stem for at in content]
    for at in range(len(stems) - len(stretch) + 1):
        if stems[at : at + len(stretch)] == list(stretch):
            between = reading.tokens[content[at + first - 1] + 1 : content[at + first]]
            return any(_THAN.fullmatch(token.words) for token in between)
    return False


def _a_list(reading: Reading, stretch: Sequence[str]) -> bool:
    """ "A, B and C": its members may be named in any order."""
    content = [at for at, token in enumerate(reading.tokens) if not token.common]
    stems = [reading.tokens[at].stem for at in content]
    for at in range(len(stems) - len(stretch) + 1):
        if stems[at : at + len(stretch)] == list(stretch):
            first, last = content[at], content[at + len(stretch) - 1]
            if not (_parted(reading, first) and _parted(reading, _before_last(content, last))):
                return False  # "buccal midazolam or rectal diazepam": adjectives of two things
            inside = reading.tokens[first : last + 1]
            joined = {token.words.lower() for token in inside if token.common}
            breaks = (
                len({token.clause for token in inside})
                - 1
                + sum(token.words.lower() in ("and", "or", "和", "与", "或") for token in inside)
            )
            return (
                joined <= {"and", "or", "the", "a", "an", "also", "和", "与", "或", "及", "e.g", "nor"}
                and breaks > 0
                and len(stretch) <= 3 * (breaks + 1)
            )
    return False


def _before_last(content: Sequence[int], last: int) -> int:
    """The content word before the last of a stretch."""
    return content[content.index(last) - 1]


def _parted(reading: Reading, at: int) -> bool:
    """Whether a mark or "and" stands before the next content word."""
    for token in reading.tokens[at + 1 :]:
        if token.clause != reading.tokens[at].clause or token.words.lower() in ("and", "or", "和", "与", "或", "及"):
            return True
        if not token.common:
            return False
    return False


def _sides(reading: Reading) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Each "than", "over", "before" with what stands to its left and its right."""
    for at, token in enumerate(reading.tokens):
        if _THAN.fullmatch(token.words) and token.kind == "word":
            left = [t.stem for t in reading.tokens[max(0, at - 6) : at] if not t.common]
            right = [t.stem for t in reading.tokens[at + 1 : at + 6] if not t.common]
            yield token.words.lower(), frozenset(left), frozenset(right)
