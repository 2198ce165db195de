"""Dense vectors on disk and their search: exact inner product by faiss (`IndexFlatIP`).

about = build(blocks, count, dimensions, folder);  open(folder, about).search(vectors, k)
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
FILE = "vectors.faiss"


def build(vectors: Iterable[Vectors], count: int, dimensions: int, folder: Path) -> dict[str, Any]:
    """Index blocks of unit vectors, in order; returns what `open` needs to know, and the recall against exact search."""
    folder.mkdir(parents=True, exist_ok=True)
    index = faiss.IndexFlatIP(dimensions)
    for block in vectors:
        index.add(np.ascontiguousarray(block, dtype=np.float32))
    faiss.write_index(index, str(folder / FILE))
    return {"kind": "flat", "recall": 1.0, "parameters": {}}


class Searcher:
    def __init__(self, index: Any) -> None:
        self._index = index

    def search(self, vectors: Vectors, k: int) -> tuple[Vectors, npt.NDArray[np.int64]]:
        """(cosines, rows) of the `k` nearest to each vector, best first; row -1 where there are fewer."""
        scores, rows = self._index.search(vectors, k)
        return scores, rows


def open(folder: Path, about: dict[str, Any]) -> Searcher:
    """An index whose files have been verified: `faiss.read_index` is unsafe on hostile ones."""
    return Searcher(faiss.read_index(str(folder / FILE)))
