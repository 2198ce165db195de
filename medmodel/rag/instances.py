"""Numbers that a quote does not write and that may yet follow from it: one case of a range, a limit said otherwise, a sum, a time.

A quote says "stones of 5 to 10 mm"; a claim speaks of "a 7 mm stone". That is no number of the quote, and none that it
speaks against. So it is no veto in a claim that is in other words, and a doubt for the scorer. What lies outside
the range, or on the wrong side of the limit, stays a veto. Not covered: clock times are not computed, nor divisions.

    plausible(quantity("7 mm"), 1, [], read("a 7 mm stone"), read("stones of 5 to 10 mm"))    # True
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from medmodel.rag import units, worked
from medmodel.rag.support_text import Reading

NEAR = 0.02  # share by which a rounded sum or product may differ
MONTH = 672  # hours of the four weeks that a month is called beside weeks
_REPEATED = frozenset("every each within 每 each".split())  # a period or a limit is no case of another one
_UNDER = frozenset("within under before by until 以内".split())
_OVER = frozenset("after from since past 超过".split())
_AGED = re.compile(r"\b(?:age[ds]?|adults?|women|men|people|patients|children|those)\b|岁", re.IGNORECASE)
_CLOCK = re.compile(r"\b\d{1,2}(?::\d\d)? ?(?:[ap]\.?m\b|o'clock)|\b\d{1,2}:\d\d\b|\b(?:noon|midnight)\b", re.IGNORECASE)


def plausible(one: units.Quantity, at: int, equal: Sequence[units.Quantity], said: Reading, held: Reading) -> bool:
    """Whether the quote leaves this number open. `equal`: the quote's numbers of the same value, which it limits otherwise."""
    if equal:
        return not all(_opposite(one, other) for other in equal) or _denied(said, held)
    before = said.tokens[at - 1].words.lower() if at else ""
    return (
        any(_holds(one, before, low, high, span) for low, high, span in _spans(one, held))
        or _both_ends(one, held)
        or _pressure(one, held)
        or _listed(one, held)
        or _computed(one, held)
        or bool(not one.unit and not one.comparator and _CLOCK.search(said.text))
    )


def ranges(reading: Reading) -> list[units.Quantity]:
    """Ranges whose ends each have their unit: "four days to a week"."""
    found = []
    for (one, at), (other, place) in pairwise(reading.quantities):
        between = [token.words.lower() for token in reading.tokens[at + 1 : place]]
        joined = between in (["to"], ["through"], ["至"], ["到"], []) or (
            between in (["and"], ["和"]) and at and reading.tokens[at - 1].words.lower() == "between"
        )
        if not joined or one.form or other.form or other.comparator:
            continue
        first = one._replace(low=one.low * MONTH, unit="h") if (one.unit, other.unit) == ("month", "h") else one
        if first.unit in ("", other.unit) and first.low < other.low:
            found.append(units.Quantity(first.low, other.low, one.comparator, other.unit, one.words, "–"))
    return found


def _opposite(one: units.Quantity, other: units.Quantity) -> bool:
    return bool(one.comparator and other.comparator and (one.comparator in "≥>") != (other.comparator in "≥>"))


def _denied(said: Reading, held: Reading) -> bool:
    """Both deny: "not within 30 minutes" is "not for at least 30 minutes"."""
    return all(any(term.value == "not" for term in reading.of("limit")) for reading in (said, held))


def _spans(one: units.Quantity, held: Reading) -> Iterator[tuple[float, float, units.Quantity]]:
    """What the quote leaves open: (lowest, highest, the quantity that says so). Two limits of one unit hold together."""
    limits: list[tuple[str, units.Quantity]] = []
    last, place = None, -9
    for found, at in held.quantities:
        before = held.tokens[at - 1].words.lower() if at else ""
        converted = last is not None and place == at - 1 and last.unit != found.unit  # "70 mg/dL (3.9 mmol/L)"
        sign = found.comparator or (
            "≥" if before in _OVER else "≤" if before in _UNDER else last.comparator if converted and last else ""
        )
        last, place = found, at
        if bool(found.unit) != bool(one.unit) and not (found.form or _AGED.search(_leading(held, at))):
            continue  # "a five-year-old" is no case of "a score of 12 or less"
        if found.form == "–":
            yield found.low, found.high, found
        elif sign and not found.form:
            limits.append(("over" if sign in "≥>" else "under", found))
    for side, found in limits:
        others = [limit.low for other, limit in limits if other != side and limit.unit == found.unit]
        if side == "over":
            yield found.low, min((low for low in others if low > found.low), default=float("inf")), found
        else:
            yield max((low for low in others if low < found.low), default=-float("inf")), found.low, found
    for found in ranges(held):
        yield found.low, found.high, found


def _leading(held: Reading, at: int) -> str:
    """The three words before a number."""
    return " ".join(token.words for token in held.tokens[max(0, at - 3) : at])


def _holds(one: units.Quantity, before: str, low: float, high: float, span: units.Quantity) -> bool:
    """A value within, or an end of the range under its own sign: "at least 10" of "10–14"."""
    value, scale = worked.alike(one, span)
    if value is None or one.form:
        return False
    scale = scale / span.low if span.low else 1.0
    low, high = low * scale, high * scale
    if one.comparator:
        end = low if one.comparator in "≥>" else high
        return bool(span.form) and abs(value - end) <= 1e-6 * abs(end)
    if before in _REPEATED:
        return bool(span.form) and before == "within" and abs(value - high) <= 1e-6 * abs(high)
    return low <= value <= high


def _both_ends(one: units.Quantity, held: Reading) -> bool:
    """ "From 93 to 97" where the quote has the one and the other apart."""
    return one.form == "–" and all(
        any(units.same(units.end(one, side), found) for found, _ in held.quantities) for side in (0, 1)
    )


def _pressure(one: units.Quantity, held: Reading) -> bool:
    """A blood pressure whose both values meet the quote's limit."""
    return any(
        one.form == found.form == "/" and not one.comparator and found.comparator
        and all((mine >= limit) if found.comparator in "≥>" else (mine <= limit) for mine, limit in ((one.low, found.low), (one.high, found.high)))
        for found, _ in held.quantities
    )  # fmt: skip


def _listed(one: units.Quantity, held: Reading) -> bool:
    """ "Four doses" of what is given on days 0, 3, 7 and 14; "four drugs" that the quote names."""
    counts = {len(held.quantities), len({term.value for term in held.of("drug")})}
    return one.unit in ("", "次") and not one.comparator and one.low in counts and 3 <= one.low <= 12


def _computed(one: units.Quantity, held: Reading) -> bool:
    """The sum of two numbers of one unit, or a dose by so many days or times."""
    if one.form:
        return False
    values = [found for found, _ in held.quantities if not found.form]
    sums = [a.low + b.low for at, a in enumerate(values) for b in values[at + 1 :] if a.unit == b.unit == one.unit]
    counts = [
        found.low / 24 if found.unit == "h" else found.low
        for found in values
        if found.unit in ("h", "", "×", "次", "u", "piece")
    ]
    products = [
        a.low * count for a in values for count in counts if a.unit == one.unit and a.unit not in ("", "h", "%") and count > 1
    ]
    return any(abs(one.low - value) <= NEAR * abs(value) for value in (*sums, *products))
