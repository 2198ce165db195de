"""Nearest vectors, in three kinds chosen by their number. All find by inner product of unit vectors, which is their cosine.

    flat     to 20,000: exact, 2 ms
    hnsw     to 4,000,000: a graph over float16 vectors (half the size of float32, the same recall)
    ivfpq    beyond: rotated and cut into 48 bytes a vector, the best of which are compared again with float16 vectors on disk

A build reads its vectors once, in blocks. It ends by asking for the neighbours of `ASKED` of its own vectors and writes the
share of the true ten that it finds (recall@10) to what it returns; the exact answer comes from the same float16 vectors.
Insertion into the graph uses one thread: with more, the same vectors give another graph each time.
`open` maps what faiss can map; the files must have been verified before, since `faiss.read_index` is unsafe on hostile ones.

    about = build(blocks, count, 384, folder);  scores, rows = open(folder, about).search(vectors, 10)
    python tests/perf/ann.py --count 100000
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from medmodel.errors import ArtifactError, InputError

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

FLAT = 20_000  # vectors at most: below, exact search costs less than embedding the question
HNSW = 4_000_000  # vectors at most: 4 GB of graph and vectors in memory
LINKS = 32  # of a vector in each layer of the graph (M)
BUILD_WIDTH = 128  # candidates kept while inserting (efConstruction)
SEARCH_WIDTH = 256  # candidates kept while searching (efSearch): recall@10 .990 at 100,000; 128 gave .979
CODE = 48  # bytes of a product-quantised vector
CELLS_PER_ROOT = 4  # cells = this times the square root of the vectors, faiss's own advice
PROBED = 1 / 32  # share of the cells that is searched
AGAIN = 40  # candidates compared again for each neighbour asked for
TRAINED = 64  # vectors a cell to learn from, out of all over the file
ASKED = 200  # vectors whose neighbours are asked for to measure recall@10
BLOCK = 32_768  # vectors inserted or compared at a time: 50 MB of 384 dimensions
FILE, EXACT = "vectors.faiss", "vectors.f16"


def build(blocks: Iterable[Vectors], count: int, dimensions: int, folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Index `count` unit vectors, in order; returns the kind, its parameters and recall@10, which `open` is to be given.

    Raises InputError when the blocks hold another number or length of vectors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = kind or ("flat" if count <= FLAT else "hnsw" if count <= HNSW else "ivfpq")
    index, parameters = _KINDS[kind](_even(blocks, count, dimensions), count, dimensions, folder)
    faiss.write_index(index, str(folder / FILE))
    about = {"kind": kind, "count": count, "dimensions": dimensions, "parameters": parameters}
    return {**about, "recall": 1.0 if kind == "flat" else _recall(folder, about)}


def open(folder: Path, about: dict[str, Any]) -> Searcher:
    """The index that `build` left in a folder. Raises ArtifactError when it is not what `about` says."""
    try:
        index = faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP if about["kind"] == "ivfpq" else 0)
    except RuntimeError:
        raise ArtifactError(f"{folder / FILE} is missing or no faiss index; build the index again") from None
    if (index.ntotal, index.d) != (about["count"], about["dimensions"]):
        raise ArtifactError(
            f"{folder / FILE} holds {index.ntotal} vectors of {index.d}, not {about['count']} of {about['dimensions']}; build it again"
        )
    return Searcher(index, about["kind"], about["parameters"], _exact(folder, about) if about["kind"] == "ivfpq" else None)


class Searcher:
    """An opened index. Safe to call from several threads."""

    def __init__(self, index: Any, kind: str, parameters: dict[str, Any], exact: npt.NDArray[np.float16] | None) -> None:
        self._index = index
        self._exact = exact
        self._parameters: Any = None
        if kind == "hnsw":
            self._parameters = faiss.SearchParametersHNSW(efSearch=parameters["efSearch"])  # type: ignore[attr-defined]  # faiss's own stubs lack it
        elif kind == "ivfpq":
            inside = faiss.SearchParametersIVF(nprobe=parameters["nprobe"])  # type: ignore[call-arg]
            self._parameters = faiss.SearchParametersPreTransform(index_params=inside)  # type: ignore[call-arg]
            self._again = parameters["again"]

    def search(self, vectors: Vectors, k: int) -> tuple[Vectors, Rows]:
        """(cosines, rows) of the `k` nearest to each vector, best first; row -1 where there are fewer."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if self._exact is None:
            return self._index.search(vectors, k, params=self._parameters)  # type: ignore[no-any-return]
        _, rows = self._index.search(vectors, k * self._again, params=self._parameters)
        found = [self._compared(vector, near[near >= 0], k) for vector, near in zip(vectors, rows, strict=True)]
        return np.stack([scores for scores, _ in found]), np.stack([near for _, near in found])

    def _compared(self, vector: Vectors, near: Rows, k: int) -> tuple[Vectors, Rows]:
        assert self._exact is not None
        near = np.sort(near)  # the file is read in order
        scores = self._exact[near].astype(np.float32) @ vector
        best = np.lexsort((near, -scores))[:k]
        missing = k - len(best)
        return np.pad(scores[best], (0, missing), constant_values=-np.inf), np.pad(near[best], (0, missing), constant_values=-1)


def _even(blocks: Iterable[Vectors], count: int, dimensions: int) -> Iterator[Vectors]:
    """The vectors in blocks of `BLOCK`: faiss inserts a block's upper layers first, so its graph depends on where they end."""
    held = np.empty((min(BLOCK, count), dimensions), dtype=np.float32)
    filled = given = 0
    for block in blocks:
        if block.ndim != 2 or block.shape[1] != dimensions:
            raise InputError(f"vectors of shape {block.shape[1:]} were given to an index of {dimensions} dimensions")
        given += len(block)
        while len(block) and given <= count:
            taken = block[: len(held) - filled]
            held[filled : filled + len(taken)] = taken
            filled, block = filled + len(taken), block[len(taken) :]
            if filled == len(held):
                yield held
                filled = 0
    if given != count:
        raise InputError(f"{given} vectors were given to an index of {count}")
    if filled:
        yield held[:filled]


def _flat(blocks: Iterator[Vectors], count: int, dimensions: int, folder: Path) -> tuple[Any, dict[str, Any]]:
    index = faiss.IndexFlatIP(dimensions)
    for block in blocks:
        index.add(block)
    return index, {}


def _hnsw(blocks: Iterator[Vectors], count: int, dimensions: int, folder: Path) -> tuple[Any, dict[str, Any]]:
    half: Any = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexHNSWSQ(dimensions, half, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_WIDTH
    with _threads(1):
        for block in blocks:
            if not index.is_trained:
                index.train(block)  # of float16 there is nothing to learn, but faiss asks for it
            index.add(block)
    return index, {"M": LINKS, "efConstruction": BUILD_WIDTH, "efSearch": SEARCH_WIDTH, "storage": "float16"}


def _ivfpq(blocks: Iterator[Vectors], count: int, dimensions: int, folder: Path) -> tuple[Any, dict[str, Any]]:
    exact = np.memmap(folder / EXACT, dtype=np.float16, mode="w+", shape=(count, dimensions))
    filled = 0
    for block in blocks:
        exact[filled : filled + len(block)] = block
        filled += len(block)
    exact.flush()
    cells = max(1, int(CELLS_PER_ROOT * count**0.5))
    code = max(part for part in range(1, min(CODE, dimensions // 8) + 1) if dimensions % part == 0)
    index = faiss.index_factory(dimensions, f"OPQ{code},IVF{cells},PQ{code}", faiss.METRIC_INNER_PRODUCT)
    learnt = np.unique(np.linspace(0, count - 1, min(count, TRAINED * cells)).astype(np.int64))
    index.train(exact[learnt].astype(np.float32))
    for start in range(0, count, BLOCK):
        index.add(exact[start : start + BLOCK].astype(np.float32))
    probed = max(1, int(cells * PROBED))
    return index, {"cells": cells, "bytes": code, "nprobe": probed, "again": AGAIN}


_KINDS = {"flat": _flat, "hnsw": _hnsw, "ivfpq": _ivfpq}


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _exact(folder: Path, about: dict[str, Any]) -> npt.NDArray[np.float16]:
    shape = (about["count"], about["dimensions"])
    if not (folder / EXACT).exists() or (folder / EXACT).stat().st_size != 2 * shape[0] * shape[1]:
        raise ArtifactError(f"{folder / EXACT} is missing or of another size than {shape[0]} vectors take; build it again")
    return np.memmap(folder / EXACT, dtype=np.float16, mode="r", shape=shape)


def _recall(folder: Path, about: dict[str, Any]) -> float:
    """Share of the ten nearest others of some of the vectors that the search finds."""
    searcher = open(folder, about)
    count, k = about["count"], min(11, about["count"])  # the nearest of all is the vector itself

    def read(start: int, end: int) -> Vectors:
        if searcher._exact is not None:
            return searcher._exact[start:end].astype(np.float32)
        return searcher._index.reconstruct_n(start, end - start)  # type: ignore[no-any-return]

    asked = np.concatenate([read(at, at + 1) for at in np.unique(np.linspace(0, count - 1, ASKED).astype(np.int64)).tolist()])
    best = faiss.ResultHeap(len(asked), k, keep_max=True)
    for start in range(0, count, BLOCK):
        scores, rows = faiss.knn(asked, read(start, min(count, start + BLOCK)), k, faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, rows + start)
    best.finalize()
    found = searcher.search(asked, k)[1]
    return round(
        float(np.mean([len(set(near[1:]) & set(true[1:])) / (k - 1) for near, true in zip(found, best.I, strict=True)])), 4
    )
