"""The dense index: seconds of building it, its size, and recall@10 and milliseconds a search by how widely it searches.

    python tests/perf/ann.py --count 100000                 # 2 minutes
    python tests/perf/ann.py --count 1000000                # 12 minutes of one core and 3 GB
    python tests/perf/ann.py --count 1000000 --kind ivfpq   # what 10 million would get
    python tests/perf/ann.py --count 1000000 --folder F     # kept in F, and only searched by another run

Vectors are made up: sums of two of 20,000 directions and noise, which leaves them neighbours as texts have them. Questions are
drawn the same way and are not among the vectors; what is exact is told by float32 inner products.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from medmodel.rag import ann

DIMENSIONS = 384
BLOCK = 2048  # as many as an index embeds at a time: latency.py has the same vectors
ASKED = 300
WIDTHS = {"flat": (0,), "hnsw": (64, 128, 192, 256, 384, 512), "ivfpq": (16, 32, 64, 128, 256)}
FIELD = {"hnsw": "efSearch", "ivfpq": "nprobe"}
ABOUT = "about.json"  # beside the index: what `ann.open` needs
Vectors = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--kind", choices=list(WIDTHS))
    parser.add_argument("--folder", type=Path, help="where the index is, or is to be built (default: a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not (folder / ABOUT).exists():
            _build(folder, chosen.count, chosen.kind)
        measure(folder, json.loads((folder / ABOUT).read_text(encoding="utf-8")))


def _build(folder: Path, count: int, kind: str | None) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    about = ann.build(blocks(count), count, DIMENSIONS, folder, kind)
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"built in {wall:.0f} s, {cpu:.0f} s of CPU, {memory:.0f} MB of memory at most", flush=True)


def measure(folder: Path, about: dict[str, Any]) -> None:
    asked = block(-1, ASKED)
    best = faiss.ResultHeap(ASKED, 10, keep_max=True)
    for start, vectors in zip(range(0, about["count"], BLOCK), blocks(about["count"]), strict=True):
        scores, rows = faiss.knn(asked, vectors, 10, faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, rows + start)
    best.finalize()
    print(f"{about}\n{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.0f} MB", flush=True)
    for width in WIDTHS[about["kind"]]:
        parameters = {**about["parameters"], **({FIELD[about["kind"]]: width} if width else {})}
        searcher = ann.open(folder, {**about, "parameters": parameters})
        searcher.search(asked, 10)  # what a first search reads from the disk
        took, found = [], 0
        for vector, true in zip(asked, best.I, strict=True):
            started, worked = time.perf_counter(), time.process_time()
            rows = searcher.search(vector[None], 10)[1][0]
            took.append((1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)))
            found += len(set(rows) & set(true))
        (middle, slow), (middle_cpu, slow_cpu) = np.quantile(took, [0.5, 0.95], axis=0).T
        print(
            f"  {width:4d} recall@10 {found / ASKED / 10:.4f}, p50 {middle:.2f} ms, p95 {slow:.2f} ms;"
            f" of CPU {middle_cpu:.2f} and {slow_cpu:.2f}",
            flush=True,
        )


def blocks(count: int) -> Iterator[Vectors]:
    for number, start in enumerate(range(0, count, BLOCK)):
        yield block(number, min(BLOCK, count - start))


def block(number: int, count: int) -> Vectors:
    draw, base = np.random.default_rng(number + 1), _directions()
    share = draw.uniform(0.5, 1, (count, 1)).astype(np.float32)
    made = share * base[draw.integers(0, len(base), count)] + (1 - share) * base[draw.integers(0, len(base), count)]
    made += 0.3 * draw.standard_normal(made.shape, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def _directions() -> Vectors:
    return np.random.default_rng(0).standard_normal((20_000, DIMENSIONS), dtype=np.float32)


if __name__ == "__main__":
    main()
