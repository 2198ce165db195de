"""Cut paragraphs that stand in many documents: a publisher's standing text teaches nothing after its first reading.

A line of 80 characters or more that stands in `copies` documents or more stays in the preferred one, and in every
held-out document; elsewhere it is cut. Fewer copies are how texts quote each other, and stay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data_build.sketch import Sketches
from data_build.steps.comparison import Comparison, Finding
from medmodel.registry import register


@register("step", "paragraph_dedup")
class ParagraphDedup(Comparison):
    """Finds lines to cut; `copies`: documents from which on a line is standing text."""

    name = "repeated paragraphs"
    tags = ("lines_cut",)

    def __init__(self, copies: int = 5) -> None:
        self.copies = copies

    def compare(self, sketches: Sketches) -> Iterator[Finding]:
        found = np.concatenate(
            [
                shard.paragraphs + np.array([start, 0, 0], dtype=np.uint64)
                for shard, start in zip(sketches.shards, sketches.starts[:-1], strict=True)
            ]
        )
        found = found[~sketches.meta["dropped"][found[:, 0].astype(np.int64)]]
        place = np.empty(len(sketches), dtype=np.int64)  # how preferred a document is
        order = sketches.order()
        place[order] = np.arange(len(order))
        found = found[np.lexsort((place[found[:, 0].astype(np.int64)], found[:, 2]))]
        if not len(found):
            return
        starts = np.flatnonzero(np.r_[True, found[1:, 2] != found[:-1, 2]])
        cut: dict[int, set[int]] = {}
        for start, end in zip(starts, np.r_[starts[1:], len(found)], strict=True):
            holders = found[start:end]
            if end - start < self.copies or len(np.unique(holders[:, 0])) < self.copies:
                continue
            for document, line in holders[1:, :2].tolist():
                if not sketches.meta["heldout"][document]:
                    cut.setdefault(document, set()).add(line)
        for document, lines in sorted(cut.items()):
            yield Finding(document, "cut", ",".join(str(line) for line in sorted(lines)))
