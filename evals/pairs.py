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
    """Items joined by name, in the order of the first ones (whose ending may be ""). Raises InputError naming what has no twin."""
    by_id = {item.id: item for item in items}
    if len(by_id) < len(items):
        twice = next(item.id for item in items if by_id[item.id] is not item)
        raise InputError(f"item {twice} is written twice; give each its own id")
    found = []
    for item in items:
        ending, other = (second, first) if item.id.endswith(second) else (first, second)
        name = item.id.removesuffix(ending)
        if not item.id.endswith(ending) or name + other not in by_id:
            raise InputError(f"item {item.id} has no twin: write '{name}{first}' and '{name}{second}'")
        if ending == first:
            found.append(Pair(name, item, by_id[name + second]))
    return found
