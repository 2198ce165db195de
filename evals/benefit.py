"""What passages before a question fix and mislead, and what asking only where they are near would make of it.

Read from the rows of a closed-book benchmark that was run with `--retrieval`: every item was asked without passages, and with
them. `fixed` items were wrong without and right with them, `misled` the other way round. `routed` takes the answer with
passages where `medmodel.rag.benefit.worth_it` says so. `auc` is how well nearness tells fixed items from misled ones: .5 is a coin.

    python -m evals benefit rows.jsonl
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals import stats
from evals.suite import Scored
from medmodel.errors import InputError
from medmodel.rag.benefit import NEAR, worth_it

SEED = 17


def benefit(path: Path) -> dict[str, Any]:
    """The counts. Raises InputError when the rows are of a run without passages."""
    rows = [row for row in _rows(path) if "nearness" in row.values and "retrieval" in row.values]
    if not rows:
        raise InputError(f"{path} has no row of an item asked with and without passages: run a benchmark with --retrieval")
    fixed = [row for row in rows if row.values["fixed"]]
    misled = [row for row in rows if row.values["misled"]]
    asked = [row for row in rows if worth_it(row.values["nearness"])]
    return {
        "n": len(rows),
        "near": NEAR,
        "closed": _mean([row.values["accuracy"] for row in rows]),
        "with_passages": _mean([row.values["retrieval"] for row in rows]),
        "routed": _mean([_routed(row) for row in rows]),
        "fixed": len(fixed),
        "misled": len(misled),
        "retrieved": len(asked),
        "fixed_when_routed": sum(row in asked for row in fixed),
        "misled_when_routed": sum(row in asked for row in misled),
        "auc": _auc([row.values["nearness"] for row in fixed], [row.values["nearness"] for row in misled]),
        "routed_minus_closed": _difference(rows, "accuracy"),
        "routed_minus_always": _difference(rows, "retrieval"),
    }


def _rows(path: Path) -> list[Scored]:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        return [Scored.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValidationError as fault:
        raise InputError(f"{path} is no file of rows as --rows writes them: {fault.error_count()} faults") from None


def _routed(row: Scored) -> float:
    return row.values["retrieval" if worth_it(row.values["nearness"]) else "accuracy"]


def _difference(rows: Sequence[Scored], baseline: str) -> dict[str, Any]:
    found = stats.paired_difference([stats.Pair(_routed(row), row.values[baseline], row.cluster) for row in rows], SEED)
    return {"value": found.difference, "interval": found.interval}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _auc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The chance that one of the first is above one of the second; None without both."""
    pairs = [(one > other) + (one == other) / 2 for one in higher for other in lower]
    return sum(pairs) / len(pairs) if pairs else None
