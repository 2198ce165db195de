"""Drop near-duplicates: MinHash LSH proposes pairs, true Jaccard over word 5-grams decides, the preferred copy stays.

What is preferred does not depend on order or rank: the higher evidence tier, then the newer, the longer, the smaller id.
Only documents of one split are compared: a held-out text that repeats a training text is decontamination's business.
rensa computes MinHash and LSH (about 8,000 documents/s a core); beyond one node use datatrove's four MinHash stages.

Paper: Broder 1997, "On the resemblance and containment of documents".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep
from rensa import RMinHash, RMinHashLSH

from data_build.steps.tagging import drop, source_of
from medmodel.registry import register

PERMUTATIONS = 128
BANDS = 32  # of 4 rows: a pair at Jaccard 0.6 is proposed with probability 0.99, well below the threshold that decides
SHINGLE = 5  # words
TIERS = ("guideline", "review", "textbook", "local", "patient", "forum", "none")


@register("step", "dedup")
class Dedup(PipelineStep):
    """A global step: sees every document and tags each that is nearly the same as a preferred one."""

    name = "near duplicates"
    type = "medmodel"

    def __init__(self, threshold: float = 0.8) -> None:
        super().__init__()
        self.threshold = threshold

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        documents = list(data)
        live = sorted((document for document in documents if not document.metadata["drop"]), key=preference)
        sets = [shingles(document.text) for document in live]
        lsh = RMinHashLSH(threshold=0.5, num_perm=PERMUTATIONS, num_bands=BANDS)
        dropped: set[int] = set()
        for at, document in enumerate(live):
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
            sketch.update(sorted(sets[at]))
            for other in sorted(lsh.query(sketch)):
                same_split = live[other].metadata["document"]["split"] == document.metadata["document"]["split"]
                if other not in dropped and same_split and jaccard(sets[at], sets[other]) >= self.threshold:
                    drop(document, f"near duplicate of {live[other].id}")
                    dropped.add(at)
                    break
            lsh.insert(at, sketch)
        yield from documents


def preference(document: Any) -> tuple[int, int, int, str]:
    """Sort key: the first of two duplicates is kept."""
    source = source_of(document)
    return (TIERS.index(source["tier"]), -(source["year"] or 0), -len(document.text), document.id)


def shingles(text: str) -> set[str]:
    """Word 5-grams, lower case; a shorter text is one shingle."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
