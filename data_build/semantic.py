"""Stage `semantic`: which documents say nearly the same in other words. It tags, and drops nothing.

Each training document's beginning is embedded (the embedder reads 160 tokens), and its nearest other document found by
exact inner product; documents at `near` or above are joined into clusters. Embedding is the cost, 40 to 60 documents a second
on two cores: so `limit` chooses documents by the hash of their id, and each shard of vectors that is done is kept after a
crash. Not covered: what a long document says after its beginning; Chinese, with the embedded embedder.

    documents -> semantic: {uses: semantic, needs: {documents: documents}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data_build.executor import whole_file
from medmodel.artifacts import write_records
from medmodel.job import Job
from medmodel.records import Document, Record

SHARD = 512  # documents: about ten seconds, which is what a crash costs
READ = 1200  # characters: 160 tokens are about 800, and the tokenizer need not see more
Vectors = npt.NDArray[np.float32]


class Near(Record):
    """A document's nearest other one. `cluster` is the smallest id of those joined by nearness; its own when there is none."""

    id: str
    nearest: str
    cosine: float
    cluster: str


class Neighbours(NamedTuple):
    """Of each vector, the nearest others, best first: shapes (n, k)."""

    numbers: npt.NDArray[np.int64]
    cosines: Vectors


def run(job: Job) -> dict[str, Any]:
    """Write semantic/ (Near records) and vectors/, in the same order; returns how many, and clusters by size."""
    from medmodel.rag.embedder import embed

    documents = [found for found in job.inputs["documents"].read("documents", Document) if found.split == "train"]
    chosen = choose(documents, job.config.limit)
    folder = job.out / "vectors"
    for start in range(0, len(chosen), SHARD):
        path = folder / f"{start // SHARD:05d}.npy"
        part = chosen[start : start + SHARD]
        if not _is_whole(path, len(part)):
            vectors = embed([found.text[:READ] for found in part], job.config.embedder)
            with whole_file(path) as out:
                np.save(out, vectors, allow_pickle=False)
        job.progress(start + len(part), len(chosen), "documents")
    records = near([found.id for found in chosen], load(job.out), job.config.near)
    write_records(job.out / "semantic", records)
    sizes: dict[str, int] = {}
    for record in records:
        sizes[record.cluster] = sizes.get(record.cluster, 0) + 1
    return {
        "documents": len(records),
        "left_out": len(documents) - len(chosen),
        "clusters": sum(size > 1 for size in sizes.values()),
        "in_clusters": sum(size for size in sizes.values() if size > 1),
        "largest_cluster": max(sizes.values(), default=0),
    }


def choose(documents: Sequence[Document], limit: int) -> list[Document]:
    """At most `limit` documents, sorted by id; the same ones in whatever order they come."""
    order = sorted(documents, key=lambda found: hashlib.sha256(found.id.encode()).digest())
    return sorted(order[:limit], key=lambda found: found.id)


def load(folder: Path) -> Vectors:
    """The vectors of all documents of an artifact of this stage, in the order of its records."""
    parts = [np.load(path, allow_pickle=False) for path in sorted((folder / "vectors").glob("*.npy"))]
    return np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)


def near(ids: Sequence[str], vectors: Vectors, threshold: float) -> list[Near]:
    """What is nearest to each, and the clusters that pairs at `threshold` or above join."""
    found = neighbours(vectors, min(16, max(1, len(ids) - 1)))
    cluster = list(range(len(ids)))

    def root(number: int) -> int:
        while cluster[number] != number:
            cluster[number] = cluster[cluster[number]]
            number = cluster[number]
        return number

    for one, other in np.argwhere(found.cosines >= threshold).tolist():
        first, second = sorted((root(one), root(int(found.numbers[one, other]))))
        cluster[second] = first
    return [
        Near(
            id=name,
            nearest=ids[int(found.numbers[number, 0])] if len(ids) > 1 else "",
            cosine=round(float(found.cosines[number, 0]), 4) if len(ids) > 1 else 0.0,
            cluster=ids[root(number)],
        )
        for number, name in enumerate(ids)
    ]


def neighbours(vectors: Vectors, count: int) -> Neighbours:
    """The `count` nearest others of each unit vector; at equal cosine the smaller number comes first."""
    import faiss

    total = len(vectors)
    if total < 2:
        return Neighbours(np.empty((total, 0), dtype=np.int64), np.empty((total, 0), dtype=np.float32))
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    cosines, numbers = index.search(vectors, min(total, count + 1))
    cosines = np.where(numbers == np.arange(total)[:, None], -2.0, cosines)  # itself goes last, and is cut off
    order = np.lexsort((numbers, -cosines.round(6)), axis=1)[:, : min(count, total - 1)]
    return Neighbours(np.take_along_axis(numbers, order, 1), np.take_along_axis(cosines, order, 1).astype(np.float32))


def _is_whole(path: Path, count: int) -> bool:
    return path.exists() and len(np.load(path, mmap_mode="r", allow_pickle=False)) == count
