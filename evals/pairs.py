"""Two written items that are one case: `<name>.en` and `<name>.zh`, or `<name>` and `<name>.twin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from evals.questions import Written
from medmodel.errors import InputError


@dataclass(frozen=True)
class Pair(Generic[Written]):
    id: str  # "<group>/<name>"
    first: Written
    second: Written


def pairs(items: Sequence[Written], first: str, second: str) -> list[Pair[Written]]:
    """Items joined by name, in the order of the first ones ("" is no ending). Raises InputError naming what has no twin."""
    by_id = {item.id: item for item in items}
    if len(by_id) < len(items):
        twice = next(item.id for item in items if sum(other.id == item.id for other in items) > 1)
        raise InputError(f"item {twice} is written twice; give each its own id")
    found = []
    for item in items:
        if item.id.endswith(second):
            name, other = item.id.removesuffix(second), item.id.removesuffix(second) + first
        else:
            name = item.id.removesuffix(first) if first else item.id
            other = name + second
            if name + first == item.id and other in by_id:
                found.append(Pair(name, item, by_id[other]))
        if other not in by_id:
            raise InputError(f"item {item.id} has no twin: write an item '{other}' beside it")
    return found
