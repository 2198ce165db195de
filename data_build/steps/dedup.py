"""Drop near-duplicates: MinHash LSH proposes pairs, true Jaccard over word 5-grams decides, the preferred copy stays.

What is preferred does not depend on order or rank: the higher evidence tier, then the newer, the longer, the smaller id.
Only documents of one split are compared: a held-out text that repeats a training text is decontamination's business.
A document that was dropped keeps no other out, so a chain of revisions loses those near the one that stays.

On one node: 1M passages in memory (`tests/perf/dedup.py`). Beyond it pairs are proposed by datatrove's MinHash stages
(`data_build/shuffle.py`); what follows is the same.

    python -m data_build step dedup --in documents.jsonl --out kept.jsonl --report dedup.json --set threshold=0.8
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_build import words
from data_build.shuffle import ALONE, read_clusters
from data_build.sketch import BANDS, Sketches
from data_build.steps.comparison import Comparison, Finding
from medmodel.registry import register


@register("step", "dedup")
class Dedup(Comparison):
    """Finds each document that is nearly the same as a preferred one."""

    name = "near duplicates"

    def __init__(self, threshold: float = 0.8, clusters: Path | None = None) -> None:
        self.threshold = threshold
        self.clusters = clusters  # what `find_clusters` made; None = bands in memory

    def compare(self, sketches: Sketches) -> Iterator[Finding]:
        if self.clusters:
            buckets = read_clusters(self.clusters, sketches)[np.newaxis]
        else:
            buckets = shared_buckets([shard.bands for shard in sketches.shards])
        kept: list[dict[int, list[int]]] = [{} for _ in buckets]  # band -> bucket -> places of documents that stay
        shingles = words.Store()  # of documents that stay and share a bucket
        heldout = sketches.meta["heldout"].tolist()
        number_of: list[int] = []  # of the documents that stay, in the order of preference
        for number in sketches.order():
            mine = [(band, bucket) for band, bucket in enumerate(buckets[:, number].tolist()) if bucket != ALONE]
            if not mine:
                continue
            candidates = {place for band, bucket in mine for place in kept[band].get(bucket, ())}
            own = sketches.shingles(number)
            likely = sorted(place for place in candidates if heldout[number_of[place]] == heldout[number])
            near = shingles.first_near(own, likely, self.threshold)
            if near >= 0:
                yield Finding(number, "drop", f"near duplicate of {sketches.ids[number_of[near]]}")
                continue
            place = shingles.add(own)
            number_of.append(number)
            for band, bucket in mine:
                kept[band].setdefault(bucket, []).append(place)


def shared_buckets(bands: Sequence[words.U32]) -> npt.NDArray[np.int32]:
    """(BANDS, documents): the number of the bucket a document shares with others in each band, `ALONE` when with none."""
    whole = np.concatenate(bands)
    buckets = np.full((BANDS, len(whole)), ALONE, dtype=np.int32)
    for band in range(BANDS):
        keys = np.ascontiguousarray(whole[:, band])
        order = np.argsort(keys, kind="stable")
        key = keys[order]
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        sizes = np.diff(np.r_[starts, len(key)])
        bucket = np.repeat(np.where(sizes > 1, np.arange(len(starts)), ALONE), sizes)
        buckets[band, order] = bucket
    return buckets
