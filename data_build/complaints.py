"""A complaint's differential as its document has it: one heading a diagnosis, its likelihood, and lists of what speaks for it.

    # Chest pain
    ## Invented dissection
    Likelihood of Invented dissection: must not miss.
    ### Key features
    - Tearing pain
    ### Red flags
    ### Recommended tests

`fitting` finds the diagnosis again from features alone, without being told: what an example says must come out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from medmodel.rag.support import content_words
from medmodel.records import Document

URGENT = "must not miss"
SAME = 0.6  # share of a feature's words that another must hold to be the same finding; that of the support check
_LIKELIHOOD = re.compile(r"^Likelihood of .*: ([^:]+)\.$")
_LISTS = {"key features": "features", "red flags": "red_flags", "recommended tests": "tests"}


class Diagnosis(NamedTuple):
    name: str
    likelihood: str
    features: tuple[str, ...]
    red_flags: tuple[str, ...]
    tests: tuple[str, ...]


def diagnoses(document: Document) -> list[Diagnosis]:
    """The diagnoses that have a key feature, in the document's order."""
    found: list[tuple[str, dict[str, list[str]], list[str]]] = []
    taking: list[str] | None = None
    for line in document.text.splitlines():
        if line.startswith("## "):
            found.append((line[3:].strip(), {name: [] for name in _LISTS.values()}, []))
            taking = None
        elif found and (name := _LISTS.get(line.lstrip("# ").strip().rstrip(":").lower())):
            taking = found[-1][1][name]
        elif found and (likelihood := _LIKELIHOOD.match(line)):
            found[-1][2].append(likelihood[1])
        elif line.startswith("#") or (line.strip() and not line.startswith("- ")):
            taking = None
        elif taking is not None and line.startswith("- "):
            taking.append(line[2:].strip().rstrip("."))
    return [
        Diagnosis(name, likelihood[0] if likelihood else "", *(tuple(lists[kind]) for kind in _LISTS.values()))
        for name, lists, likelihood in found
        if lists["features"]
    ]


def complaint(document: Document) -> str:
    """What the patient comes with, in lower case but for abbreviations: "acute kidney injury (AKI)"."""
    return " ".join(_lower(word) for word in document.source.title.removesuffix(" Differential Diagnosis").split())


def in_sentence(item: str) -> str:
    """An item of a list as it stands within a sentence."""
    first, space, rest = item.partition(" ")
    return _lower(first) + space + rest


def fitting(features: Iterable[str], among: Sequence[Diagnosis]) -> str:
    """The diagnosis that has most of these features, its red flags counted; "" when two have as many."""
    features = list(features)
    scores = [(sum(has(diagnosis, feature) for feature in features), diagnosis.name) for diagnosis in among]
    best = max((score for score, _ in scores), default=0)
    names = [name for score, name in scores if score == best]
    return names[0] if best and len(names) == 1 else ""


def has(diagnosis: Diagnosis, feature: str) -> bool:
    """Is this one of its features or red flags, in about the same words?"""
    words = _words(feature)
    return any(len(words & _words(other)) >= SAME * max(1, len(words)) for other in (*diagnosis.features, *diagnosis.red_flags))


@lru_cache(maxsize=10_000)
def _words(item: str) -> frozenset[str]:
    return frozenset(content_words(item))


def _lower(word: str) -> str:
    """A word in lower case, unless it is an abbreviation: "(AKI)", "NSAIDs"."""
    return word if word.upper() == word or any(letter.isupper() for letter in word.lstrip("(")[1:]) else word.lower()
