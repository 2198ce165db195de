"""Drop documents whose text, apart from case and white space, stands in another; the preferred copy stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data_build.sketch import Sketches
from data_build.steps.comparison import Comparison, Finding
from medmodel.registry import register


@register("step", "exact_dedup")
class ExactDedup(Comparison):
    """Finds all but the preferred copy of each text, held-out or not."""

    name = "exact duplicates"

    def compare(self, sketches: Sketches) -> Iterator[Finding]:
        texts = np.concatenate([shard.texts for shard in sketches.shards])
        kept: dict[bytes, int] = {}
        for number in sketches.order():
            first = kept.setdefault(texts[number].tobytes(), number)
            if first != number:
                yield Finding(number, "drop", f"exact duplicate of {sketches.ids[first]}")
