"""What an answer to a case says, by rule from its complaint: the diagnosis that fits, all that must not be missed, tests.

Every name and every item stands so in the document, which is how it can be checked.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

from data_build.candidates import Quote
from data_build.complaints import URGENT, Diagnosis
from medmodel.records import Document

SHOWN_FEATURES = 3  # of a case: fewer fit several diagnoses, more say it outright
OTHERS = 3  # diagnoses to consider beside it


def cases(diagnosis: Diagnosis, choose: random.Random) -> Iterator[tuple[str, ...]]:
    """Choices of the diagnosis' features, in a seeded order."""
    choices = list(itertools.combinations(diagnosis.features, min(SHOWN_FEATURES, len(diagnosis.features))))
    choose.shuffle(choices)
    yield from choices


def described(features: Sequence[str]) -> str:
    return "; ".join(features)


def answer(right: Diagnosis, among: Sequence[Diagnosis]) -> str:
    """The differential, the same for every case of a diagnosis."""
    urgent = [diagnosis.name for diagnosis in among if diagnosis.likelihood == URGENT and diagnosis is not right]
    others = [diagnosis.name for diagnosis in among if diagnosis.likelihood != URGENT and diagnosis is not right][:OTHERS]
    lines = [f"Fits best: {right.name}{' (must not be missed)' if right.likelihood == URGENT else ''}."]
    if urgent:
        lines.append(f"Must not be missed: {'; '.join(urgent)}.")
    if others:
        lines.append(f"Also consider: {'; '.join(others)}.")
    if right.red_flags:
        lines.append(f"Red flags: {described(right.red_flags)}.")
    if right.tests:
        lines.append(f"Test first: {'; '.join(right.tests)}.")
    return "\n".join(lines)


def quotes(document: Document, right: Diagnosis, features: Sequence[str]) -> tuple[Quote, ...]:
    """What such an example says in the document's words."""
    return tuple(Quote(document.id, item) for item in (right.name, *features, *right.red_flags, *right.tests))
