"""The numbers of a claim against those of its quote: each must stand there, in any unit and any words, and be limited alike.

`numbers` is a veto. What the quote does not write, but may hold as one case, a sum or another way to limit (`instances.py`),
passes it in a claim that is in other words; `unsure` then tells the scorer (feature "doubt_number"). In a copy it is a
veto. Not covered: numbers that need knowledge ("an INR in range").

    numbers(read("Give 5 mg daily."), read("Give 2 mg daily."))     # contradicted: "number: '5 mg' is not in the quote"
"""

from __future__ import annotations

import re

from medmodel.rag import entailment, instances, units, worked
from medmodel.rag.support_text import EVERY, PERIODS, Reading
from medmodel.rag.support_verdict import Verdict

_ALWAYS_WRITTEN = frozenset(("mg", "mL", "u", "piece", "mmol", "mEq", "%", "h", "×"))  # doses, times and shares
_CALLED_LIMIT = re.compile(r"max|upper|limit|up to|within|until|cut-?off|target|goal|no more|ceiling|cap\b|exceed|the most\b|最大|最多|最长|上限|不超过", re.IGNORECASE)  # fmt: skip
_CALLED_FLOOR = re.compile(
    r"min(?:imum|imal)|threshold|cut-?off|score of|starting|\bfrom\b|once|reach|turn|gone on|lasts?\b|target|goal|最小|至少|达到",
    re.IGNORECASE,
)
_TIMED = re.compile(r"\btimes\b", re.IGNORECASE)
_DOSES = re.compile(r"\b(?:doses|injections|courses|occasions|episodes|sessions|infusions)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:before|prior to|within|until|by|first)\b|之前|前|内", re.IGNORECASE)
_FROM = re.compile(r"\b(?:after|following|from|since)\b|之后|后", re.IGNORECASE)
_AGES = re.compile(
    r"\b(?:age[ds]?|old(?:er)?|young(?:er)?|years?|birthday|child(?:ren)?|adults?|men|women|people|person|patients?)\b|岁",
    re.IGNORECASE,
)


def numbers(said: Reading, held: Reading) -> Verdict | None:
    """The first number of the claim that its quote speaks against, or leaves no room for."""
    both = said.text + " " + held.text
    free = not entailment.copied(said, held)
    for one, at in said.quantities:
        equal = [other for other, _ in held.quantities if units.same(one, other, both) or _unit_left_out(one, other, both)]
        if _before(said, at) == "after" and any(
            _before(held, place) == "within" for other, place in held.quantities if other in equal
        ):
            return Verdict("contradicted", f"number: after '{one.words.strip()}', where the quote says within")
        if any(_after_within(said, at, held, place) for other, place in held.quantities if other in equal):
            return Verdict("contradicted", f"number: after '{one.words.strip()}', where the quote says within")
        if any(_comparators_agree(one, other, said, held, free) for other in equal) or (
            not equal and _said_apart(one, said, held, both)
        ):
            continue
        if _before(said, at) in EVERY and any(
            (one.unit, one.low) in PERIODS.get(term.value, ()) for term in held.of("frequency")
        ):
            continue  # "every seven days" for "weekly"
        if free and instances.plausible(one, at, equal, said, held):
            continue  # `unsure` doubts it
        if equal:
            opposite = all(one.comparator and other.comparator and (one.comparator in "≥>") != (other.comparator in "≥>") for other in equal)  # fmt: skip
            return Verdict(
                "contradicted" if opposite else "not_found", f"number: '{one.words.strip()}' is not how the quote limits it"
            )
        if (
            one.unit in ("", "次")
            and one.low == 1
            and not one.comparator
            and said.tokens[at].words.lower() in ("one", "一次", "1次")
            and _before(said, at) not in ("only", "just", "than")
        ):
            continue  # "one of them"
        if free and any(
            _calendar(one, other) and _comparators_agree(one, other, said, held, free) for other, _ in held.quantities
        ):
            continue
        if free and (worked.follows(one, said, held) or _counted(one, at, said, held)):
            continue
        rivals = [
            other for other, _ in held.quantities
            if other.unit == one.unit and not any(units.same(other, mine, both) for mine, _ in said.quantities)
        ]  # fmt: skip
        return Verdict("contradicted" if rivals else "not_found", f"number: '{one.words.strip()}' is not in the quote")
    return None if free else _repeated(said, held, both)


def _repeated(said: Reading, held: Reading, both: str) -> Verdict | None:
    """A copy that has one number of the quote in another's place: "within 24 hours" twice for "24 hours" and "2 hours"."""
    if len(said.quantities) != len(held.quantities):
        return None
    for (one, _), (other, _) in zip(said.quantities, held.quantities, strict=True):
        mine, theirs = (sum(units.same(one, found, both) for found, _ in reading.quantities) for reading in (said, held))
        if mine > theirs and one.unit == other.unit and not units.same(one, other, both):
            return Verdict("contradicted", f"number: '{one.words.strip()}' where the quote has '{other.words.strip()}'")
    return None


def unsure(said: Reading, held: Reading) -> Verdict | None:
    """A number of a free claim that is not the quote's, and may follow from it: the scorer's."""
    if entailment.copied(said, held):
        return None
    both = said.text + " " + held.text
    for one, at in said.quantities:
        equal = [other for other, _ in held.quantities if units.same(one, other, both) or _unit_left_out(one, other, both)]
        if any(_comparators_agree(one, other, said, held, True) for other in equal) or (
            not equal and _said_apart(one, said, held, both)
        ):
            continue
        if _before(said, at) in EVERY and any(
            (one.unit, one.low) in PERIODS.get(term.value, ()) for term in held.of("frequency")
        ):
            continue
        if (equal or not worked.follows(one, said, held)) and instances.plausible(one, at, equal, said, held):
            return Verdict("not_found", f"number: '{one.words.strip()}' is not in the quote as it is said")
    return None


def _said_apart(one: units.Quantity, said: Reading, held: Reading, both: str) -> bool:
    """One end of a range that the other sentence writes in one: "four days to a week" for "4–7 days"."""
    mine, theirs = (
        [*(found for found, _ in reading.quantities if found.form == "–"), *instances.ranges(reading)]
        for reading in (said, held)
    )
    ends = [(span, units.end(span, side)) for span in mine for side in (0, 1)]
    own = [span for span, end in ends if one is span or units.same(one, end) or _calendar(one, end)]
    return any(units.same(span, other, both) or _calendar(span, other) for span in own for other in theirs)


def _after_within(said: Reading, at: int, held: Reading, place: int) -> bool:
    """48小时后 is not 48小时内."""
    mine, theirs = (reading.tokens[where + 1 : where + 3] for reading, where in ((said, at), (held, place)))
    sides = [
        {
            "后"
            if any(t.words.startswith("后") for t in tokens[:2])
            else "内"
            if any(t.words in ("内", "之内") for t in tokens[:2])
            else ""
        }
        for tokens in (mine, theirs)
    ]
    return sides == [{"后"}, {"内"}] and "内" not in "".join(token.words for token in mine)


def _unit_left_out(one: units.Quantity, other: units.Quantity, both: str) -> bool:
    """ "Under 130/80", "aged 75", "an eGFR of 30": one of the two has its number alone. A dose has its unit, and a share its "%"."""
    unit = one.unit or other.unit
    if unit == "×" and _TIMED.search((one if one.unit else other).words) and _DOSES.search(both):
        return one.low == other.low  # "five times" for "five doses"
    if bool(one.unit) == bool(other.unit) or unit in _ALWAYS_WRITTEN or "/mg" in unit:
        return False
    if "month" in (one.unit, other.unit) and not _AGES.search(both):
        return False
    mine, theirs = units.bare(one), units.bare(other)
    return (mine.low, mine.high, mine.form) == (theirs.low, theirs.high, theirs.form)


def _calendar(one: units.Quantity, other: units.Quantity) -> bool:
    """Four weeks or 30 days for a month, up to three of them."""
    if {one.unit, other.unit} != {"h", "month"} or one.form != other.form:
        return False
    calendar, clock = (one, other) if one.unit == "month" else (other, one)
    return all(
        months <= 3 and hours in (months * 28 * 24, months * 30 * 24, months * 13 / 3 * 168)
        for months, hours in ((calendar.low, clock.low), (calendar.high, clock.high))
    )


def _counted(one: units.Quantity, at: int, said: Reading, held: Reading) -> bool:
    """A small count in words that the quote says without a number: "two antiplatelets" for "dual"."""
    words = said.tokens[at].words.strip().lower()
    return words in ("two", "both", "three") and not any(not other.unit for other, _ in held.quantities)


def _before(reading: Reading, at: int) -> str:
    return reading.tokens[at - 1].words.lower() if at else ""


def _comparators_agree(one: units.Quantity, other: units.Quantity, said: Reading, held: Reading, free: bool) -> bool:
    """A claim may name a limit that the quote calls one ("maximum dose: 8 mg"), and else must limit as the quote does."""
    if one.comparator == other.comparator:
        return True
    if ("以" in one.words + other.words or free) and one.comparator and other.comparator:
        return (one.comparator in "≥>") == (other.comparator in "≥>")  # 130以下 is said of "<" and of "≤"
    time = one.unit in ("h", "month")
    bare, sign = (held, one.comparator) if one.comparator else (said, other.comparator)
    if time and not (one.comparator and other.comparator):  # "beyond 6 hours" is after them, "< 32 weeks" before, "up to" for
        words = {"≤": _UNTIL, "<": _UNTIL, "≥": _FROM, ">": _FROM}[sign]
        if words.search(bare.text) or (sign == "≤" and bare is said):
            return True
    if free and time and re.match(r"(?:over|in|within)\b", one.words.strip(), re.IGNORECASE) and not other.comparator:
        return True  # infused "over 10 minutes"
    if free and not one.comparator and sign in "≥≤":
        return True  # who scores 2 has a score of 2 or more
    if not other.comparator:
        called = _CALLED_LIMIT if one.comparator in "≤<" else _CALLED_FLOOR
        return one.comparator in "≤≥" and bool(called.search(held.text))
    if free and bool((_CALLED_LIMIT if sign in "≤<" else _CALLED_FLOOR).search(said.text)):
        return True
    return not one.comparator and other.words.lower().startswith(("over", "under"))  # "balanced fluids over 0.9 % saline"
