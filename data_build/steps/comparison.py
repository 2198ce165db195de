"""A step that must see all documents at once: it compares their sketches, and says what it found of which.

    @register("step", "mine")
    class Mine(Comparison):
        name = "mine"

        def compare(self, sketches):
            yield Finding(number, "drop", "a reason")

A finding `drop` proposes to leave a document out; `quarantined` holds it out of training; `cut` names its lines that
stand elsewhere. A later comparison does not see what an earlier one proposed to drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from data_build.sketch import Sketches
from data_build.steps.tagging import cut_lines, drop


class Finding(NamedTuple):
    document: int  # its number in the sketches
    kind: Literal["drop", "quarantined", "cut"]
    value: str


class Comparison:
    """The base of all: a subclass overrides `compare`."""

    name = ""
    tags: tuple[str, ...] = ()  # the beginnings of what it writes into attributes

    def compare(self, sketches: Sketches) -> Iterator[Finding]:
        """Findings in any order. Raises nothing that quotes a document."""
        raise NotImplementedError

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """Over documents in memory: for a file of them, and for tests."""
        carriers = list(data)
        for found in compare([self], Sketches.of(carriers)):
            apply(carriers[found.document], found.kind, found.value)
        yield from carriers


def compare(comparisons: Iterable[Comparison], sketches: Sketches) -> Iterator[Finding]:
    """One comparison after the other; what one drops the next does not see."""
    for comparison in comparisons:
        findings = list(comparison.compare(sketches))
        for found in findings:
            if found.kind == "drop":
                sketches.meta["dropped"][found.document] = True
        yield from findings


def apply(carrier: Any, kind: str, value: str) -> None:
    """Tag a document with what was found of it."""
    if kind == "drop":
        drop(carrier, value)
    elif kind == "quarantined":
        record = carrier.metadata["document"]
        record["split"] = "heldout"
        record["attributes"]["quarantined"] = value
    else:
        cut_lines(carrier, [int(number) for number in value.split(",")])
