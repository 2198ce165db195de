"""A fixed sub-sample of a suite: the items whose ids have the smallest digests, in the suite's own order.

The first items of a benchmark's file are often of one kind, and a random draw needs a seed to be remembered. An id's digest
is neither: the same items are asked of every model, and a larger sample holds the smaller one.
"""

from __future__ import annotations

import copy
import hashlib
from typing import Any, TypeVar

from evals.suite import Suite

S = TypeVar("S", bound=Suite[Any])


def sampled(whole: S, most: int) -> S:
    """The same suite, of which no more than `most` items are asked."""
    items = whole.items()
    chosen = {item.id for item in sorted(items, key=lambda item: hashlib.sha256(item.id.encode()).digest())[:most]}
    kept = [item for item in items if item.id in chosen]
    smaller = copy.copy(whole)
    smaller.items = lambda: kept  # type: ignore[method-assign]  # all else of the suite stays what it is
    return smaller
