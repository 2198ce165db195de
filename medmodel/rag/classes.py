"""Which drug belongs to which class: "a steroid" for dexamethasone is another name, not another drug.

drug_classes.yaml has the classes; names are those of `support_text.read`. A table of common members, not an ontology: a drug
that it lacks is kin to nothing.

    kin("dexamethasone", "corticosteroid")    # True
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from medmodel.rag.support_text import read


def kin(one: str, other: str) -> bool:
    """True where one of them is a class that the other belongs to."""
    return other in _members().get(one, ()) or one in _members().get(other, ())


@cache
def _members() -> dict[str, frozenset[str]]:
    table: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("drug_classes.yaml").read_text(encoding="utf-8"))
    found: dict[str, frozenset[str]] = {}
    for name, members in table.items():
        known = _named(name)
        found[known] = found.get(known, frozenset()) | frozenset(map(_named, members)) - {known}
    return found


def _named(words: str) -> str:
    """As a reading names it."""
    drugs = read(words).of("drug")
    return drugs[0].value if drugs else words.lower()
