"""Hold out whole guidelines and whole complaints before anything else looks at them.

A source is held out or not as a whole, so no sentence of a held-out guideline can be trained on through another of its
sections. The choice is a seeded hash of the source's id: it does not depend on order, rank, or what else is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep

from medmodel.errors import InputError, UnknownName
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


def choose_heldout(
    sources: Collection[tuple[str, str]], per_domain: dict[str, int], keep: Iterable[str], seed: int, always: Iterable[str] = ()
) -> list[str]:
    """Ids of the sources held out: `always`, then those with the smallest seeded hash up to `per_domain[domain]`, but `keep`.

    `sources`: (domain, id) of each. An unknown id is an error: a slip in `always` would train on what must not be read.
    """
    known = {source for _, source in sources}
    kept, fixed = set(keep), set(always)
    for names, where in ((fixed, "documents.always_heldout"), (kept, "documents.always_train")):
        for name in sorted(names - known):
            raise UnknownName("source", name, known, where)
    for name in sorted(fixed & kept):
        raise InputError(f"documents: '{name}' is in always_train and in always_heldout: leave it out of one")
    chosen = list(fixed)
    for domain, count in sorted(per_domain.items()):
        there = {source for where, source in sources if where == domain}
        candidates = sorted(there - kept - fixed, key=lambda source: hashlib.sha256(f"{seed}:{source}".encode()).hexdigest())
        chosen += candidates[: max(0, count - len(there & fixed))]
    return sorted(chosen)
