"""Numbers of a claim that follow from the quote's: the dose of one patient, and a value that meets a limit.

A quote says "0.9 mg/kg, at most 90 mg"; a claim says that a patient of 60 kg gets 54 mg. A quote says "below 30 mL/min"; a
claim speaks of someone with 24 mL/min. Both follow, by one multiplication or one comparison. Not covered: sums over days,
shares of shares, body surface, any number that the quote itself would have to be asked for twice.

    follows(quantity("54 mg"), read("Give 54 mg at 60 kg."), read("Give 0.9 mg/kg."))    # True
"""

from __future__ import annotations

import re

from medmodel.rag import units
from medmodel.rag.support_text import Reading

KG = 1_000_000  # mg, the first unit of the scale of masses
HOURS = 730.5  # of a month of 365.25 / 12 days
NEAR = 0.02  # share by which a rounded dose may differ
_KILOS = re.compile(r"kg|kilo|公斤|千克", re.IGNORECASE)
_SOMEONE = re.compile(r"\b(?:an?|someone|somebody|his|her|at|of|with|is)\b|的|者|孩子|病人|患者", re.IGNORECASE)


def follows(one: units.Quantity, said: Reading, held: Reading) -> bool:
    """Whether the quote's numbers yield this one of the claim's."""
    weights = [found for found, _ in said.quantities if found.unit == "mg" and _KILOS.search(found.words)]
    doses = [found for found, _ in held.quantities if _per_kilo(found)]
    if weights and doses:
        if one in weights:
            return any(_doses(other, weight, doses, held) for weight in weights for other, _ in said.quantities)
        if any(_doses(one, weight, doses, held) for weight in weights):
            return True
    return _meets(one, said, held)


def _per_kilo(found: units.Quantity) -> bool:
    return "/mg" in found.unit and bool(_KILOS.search(found.words))


def _doses(one: units.Quantity, weight: units.Quantity, doses: list[units.Quantity], held: Reading) -> bool:
    """A dose per kilogram times this weight, up to the highest dose of the quote, or the quote's share of that."""
    shares = [1.0, *(found.low / 100 for found, _ in held.quantities if found.unit == "%")]
    for dose in doses:
        unit = dose.unit.replace("/mg", "", 1)
        if one.unit not in (unit, unit.split("/")[0]):
            continue
        caps = [found.high for found, _ in held.quantities if found.unit == one.unit]
        for share in shares:
            low, high = (min([value * weight.low, *caps]) * share for value in (dose.low, dose.high))
            if abs(one.low - low) <= NEAR * low and abs(one.high - high) <= NEAR * high:
                return True
    return False


def _meets(one: units.Quantity, said: Reading, held: Reading) -> bool:
    """One person's value within the quote's limit. Not where the limit is stated beside it, or where the quote has another
    value of the kind that the claim leaves out: then it may be that one, changed."""
    if one.comparator or one.form or not _SOMEONE.search(said.text):
        return False
    for other, _ in held.quantities:
        if not other.comparator or other.form:
            continue
        value, limit = alike(one, other)
        if value is None or not _within(value, limit, other.comparator):
            continue
        both = said.text + " " + held.text
        stated = any(units.same(other, mine, both) for mine, _ in said.quantities)
        rival = any(
            not found.comparator and found.unit == other.unit and not any(units.same(found, mine, both) for mine, _ in said.quantities)
            for found, _ in held.quantities
        )  # fmt: skip
        if not stated and not rival:
            return True
    return False


def alike(one: units.Quantity, other: units.Quantity) -> tuple[float | None, float]:
    """Both on one scale; None where they have none."""
    if one.unit == other.unit:
        return one.low, other.low
    if {one.unit, other.unit} == {"h", "month"}:
        return (one.low, other.low * HOURS) if one.unit == "h" else (one.low * HOURS, other.low)
    if not one.unit or not other.unit:
        return units.bare(one).low, units.bare(other).low
    return None, 0.0


def _within(value: float, limit: float, comparator: str) -> bool:
    return {"≥": value >= limit, ">": value > limit, "≤": value <= limit, "<": value < limit}[comparator]
