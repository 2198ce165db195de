"""Near-duplicates beyond one node's memory: candidates from datatrove's MinHash stages, run by the recipe's executor.

datatrove writes signatures by bucket (a task a shard), merges the sorted signatures of each bucket (a task a bucket) and
joins pairs into clusters (one task). Its shingles are ours here, so both ways see the same words in English and Chinese. Its
fourth stage, which keeps any one of a cluster, is left out: `steps/dedup.py` compares within clusters by true Jaccard and
keeps the preferred copy, as it does within the buckets of one node.

    documents: {uses: documents, near_by: shuffle, executor: {kind: slurm, workers: 200, options: {…}}}

Sketches of all documents are still opened by one process for the other comparisons, but for their words: 200 bytes a document.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig

from data_build import words
from data_build.executor import ReadShard, run_phase
from data_build.sketch import BANDS, ROWS, SEED, SHINGLE, Sketches
from medmodel.stages.documents import Executor

ALONE = -1
_PAIR = struct.Struct("<II")  # the document's place in its shard, its cluster


class Signatures(MinhashDedupSignature):  # type: ignore[misc]
    """datatrove's signatures over our shingles."""

    def get_shingles(self, text: str) -> npt.NDArray[np.uint64]:
        return words.runs(words.words(text.lower()), SHINGLE).reshape(-1, 1)


def find_clusters(folder: Path, tasks: int, work: Path, launch: Executor) -> Path:
    """Compare the documents of the shards in `folder`; returns where the clusters are. Resumes at the stage it was in."""
    config = MinhashConfig(n_grams=SHINGLE, num_buckets=BANDS, hashes_per_bucket=ROWS, seed=SEED)
    signatures, pairs, clusters = (str(work / name) for name in ("signatures", "pairs", "clusters"))
    stages: tuple[tuple[list[Any], int], ...] = (
        ([ReadShard(folder), Signatures(signatures, config)], tasks),
        ([MinhashDedupBuckets(signatures, pairs, config=config)], BANDS),
        ([MinhashDedupCluster(pairs, clusters, config, save_cluster_id=True)], 1),
    )
    for number, (pipeline, count) in enumerate(stages):
        run_phase(pipeline, count, work / f"logs{number}", launch)
    return work / "clusters"


def read_clusters(folder: Path, sketches: Sketches) -> npt.NDArray[np.int32]:
    """(documents,): the number of the cluster a document is in, `ALONE` when in none."""
    found = np.full(len(sketches), ALONE, dtype=np.int32)
    for shard, start in enumerate(sketches.starts[:-1].tolist()):
        path = folder / f"{shard:06d}.clusters"
        if path.exists():  # a shard without duplicates has none
            for at, cluster in _PAIR.iter_unpack(path.read_bytes()):
                found[start + at] = cluster
    return found
