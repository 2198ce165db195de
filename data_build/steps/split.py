"""Hold out whole guidelines and whole complaints before anything else looks at them.

A source is held out or not as a whole, so no sentence of a held-out guideline can be trained on through another of its
sections. The choice is a seeded hash of the source's id: it does not depend on order, rank, or what else is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep

from medmodel.records import Document
from medmodel.registry import register


@register("step", "split")
class Split(PipelineStep):
    """Sets `split` on every document from the ids that `choose_heldout` chose."""

    name = "split"
    type = "medmodel"

    def __init__(self, heldout: Iterable[str]) -> None:
        super().__init__()
        self.heldout = frozenset(heldout)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            record = document.metadata["document"]
            record["split"] = "heldout" if record["source"]["id"] in self.heldout else "train"
            yield document


def choose_heldout(documents: Iterable[Document], per_domain: dict[str, int], keep: Iterable[str], seed: int) -> list[str]:
    """Ids of the sources held out: the `per_domain[domain]` with the smallest seeded hash, `keep` excepted."""
    sources = {(document.domain, document.source.id) for document in documents}
    kept = set(keep)
    chosen: list[str] = []
    for domain, count in sorted(per_domain.items()):
        candidates = [source for where, source in sources if where == domain and source not in kept]
        chosen += sorted(candidates, key=lambda source: hashlib.sha256(f"{seed}:{source}".encode()).hexdigest())[:count]
    return sorted(chosen)
