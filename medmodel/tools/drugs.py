"""Drugs by any of their names, as the tables know them: generic, brand, Chinese. `drugs.yaml` has them.

    find_drug("Augmentin").name        "amoxicillin-clavulanate"
    named_in("Can she take Viagra with 硝酸甘油?")

A name that is misspelt is not guessed: the tables then say that they do not know it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

TABLE = Path(__file__).with_name("drugs.yaml")


class Drug(NamedTuple):
    name: str
    names: tuple[str, ...]  # itself first
    classes: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What a table may call it: the drug, or a class of it."""
        return (self.name, *self.classes)


class Mention(NamedTuple):
    drug: Drug
    start: int
    text: str


def find_drug(name: str) -> Drug | None:
    known = _by_name().get(_key(name))
    return known or classes().get(name.strip().lower().rstrip("s"))


def named_in(text: str) -> list[Mention]:
    """Every drug that a text names, once each, in its order; a longer name goes before one within it."""
    found: dict[str, Mention] = {}
    for hit in _pattern().finditer(text):
        drug = _by_name()[_key(hit[0])]
        found.setdefault(drug.name, Mention(drug, hit.start(), hit[0]))
    return list(found.values())


@cache
def drugs() -> tuple[Drug, ...]:
    rows = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return tuple(Drug(name, (name, *row.get("also", ())), tuple(row.get("classes", ()))) for name, row in rows.items())


@cache
def classes() -> dict[str, Drug]:
    """A class, asked for as if it were a drug: "NSAID", "ACE inhibitor"."""
    names = {kind for drug in drugs() for kind in drug.classes}
    return {name.lower(): Drug(name, (name,), ()) for name in names}


@cache
def _by_name() -> dict[str, Drug]:
    return {_key(name): drug for drug in drugs() for name in drug.names}


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted((name for drug in drugs() for name in drug.names), key=len, reverse=True)
    return re.compile("|".join(_written(name) for name in names))


def _written(name: str) -> str:
    if not name.isascii():
        return re.escape(name)
    return rf"(?<![A-Za-z0-9])(?i:{re.escape(name)})(?![A-Za-z0-9])"


def _key(name: str) -> str:
    return re.sub(r"[\s_/-]+", " ", name.strip().lower())
