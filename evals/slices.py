"""One metric by what items have in common: the kind of harm, the type of prompt, the half they are in.

A mean over everything hides that all misses are of one kind; a slice of five hides that five is nothing, so each comes
with its n and Wilson's interval.

    rates(rows, "refused", "kind")  ->  {"fraud": {"rate": 0.5, "n": 4, "low": 0.15, "high": 0.85}, …}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals import stats
from evals.suite import Scored


def rates(rows: Sequence[Scored], metric: str, by: str) -> dict[str, dict[str, Any]]:
    """The rate in every slice, by the name under which rows show it (`Scored.shown`); rows without it are left out."""
    sliced: dict[str, list[float]] = {}
    for row in rows:
        if metric in row.values and by in row.shown:
            sliced.setdefault(row.shown[by], []).append(row.values[metric])
    found = {}
    for name, values in sorted(sliced.items()):
        low, high = stats.wilson(round(sum(values)), len(values))
        found[name] = {
            "rate": round(sum(values) / len(values), 3),
            "n": len(values),
            "low": round(low, 3),
            "high": round(high, 3),
        }
    return found
