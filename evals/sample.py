"""A fixed sub-sample of a suite: the items whose ids have the smallest digests, in the suite's own order.

The first items of a benchmark's file are often of one kind, and a random draw needs a seed to be remembered. An id's digest
is neither: the same items are asked of every model, and a larger sample holds the smaller one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from evals.suite import Scored, Subject, Suite


class Sampled(Suite[Any]):
    """A suite of which no more than `most` items are asked."""

    def __init__(self, whole: Suite[Any], most: int) -> None:
        super().__init__(whole.material)
        self.whole = whole
        self.most = most
        self.needs = whole.needs  # type: ignore[misc]
        self.metrics = whole.metrics  # type: ignore[misc]

    def items(self) -> Sequence[Any]:
        items = self.whole.items()
        chosen = {item.id for item in sorted(items, key=lambda item: hashlib.sha256(item.id.encode()).digest())[: self.most]}
        return [item for item in items if item.id in chosen]

    def score(self, item: Any, subject: Subject) -> Scored:
        return self.whole.score(item, subject)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return self.whole.detail(rows)
