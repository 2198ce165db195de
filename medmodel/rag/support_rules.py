"""The rules of the support check: each finds one way in which a quote does not support a claim, or nothing.

A rule compares two readings (`support_text.py`) and returns a verdict that is final, or None. `RULES` is their order: the
first that finds something gives the reason. What a rule is about stands before the colon of its reason.

    RULES[0](read("Give 5 mg daily."), read("Give 2 mg daily."))     # contradicted: "number: '5 mg' is not in the quote"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from medmodel.rag.support_certainty import certainty, universal
from medmodel.rag.support_copies import conditions, lengthened
from medmodel.rag.support_limits import limits
from medmodel.rag.support_numbers import numbers, unsure
from medmodel.rag.support_order import partners, swapped
from medmodel.rag.support_terms import axes, codes, kinds, prefixes, replaced
from medmodel.rag.support_text import Reading
from medmodel.rag.support_verdict import Verdict

RULES: Sequence[Callable[[Reading, Reading], Verdict | None]] = (
    numbers, unsure, kinds, replaced, partners, swapped, limits, axes, prefixes, certainty, universal, codes, conditions, lengthened,
)  # fmt: skip
ORDER = (partners, swapped)  # hold in the quote's own words too, whatever their order
DOUBTS = (
    unsure,
    partners,
    swapped,
    limits,
    axes,
    prefixes,
    certainty,
    universal,
    codes,
)  # no veto of what is said in other words: the scorer weighs them
