"""An index at size: time, passages a second and peak memory of a build, of an update and of opening it; lexical search.

    python tests/perf/index.py --passages 20000 100000 300000
    python tests/perf/index.py --dimensions 8                      # memory without the dense index, which is another file's
    python tests/perf/index.py --passages 1000000 --sentences      # some 8 GB of disk beside --folder

Texts are made up (made_up.py), ten passages of some 430 characters a document;
vectors are drawn at random, since embedding is measured elsewhere: what is timed is everything else. Each size runs in a
process of its own, as peak memory is a process's. CPU seconds count all threads: wall time means little on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from made_up import sentences

from medmodel.rag import lexical
from medmodel.rag.index import Index, build_index, update_index
from medmodel.rag.store import searchable, title
from medmodel.records import Document, Source

SECTIONS = 10  # passages a document
QUERIES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, nargs="+", default=[20_000, 60_000, 180_000])
    parser.add_argument("--sentences", action="store_true", help="store a vector a sentence too")
    parser.add_argument("--folder", type=Path, help="where to build (default: a temporary folder)")
    parser.add_argument("--dimensions", type=int, default=384, help="few: the memory of all but the dense index")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            measure(chosen.one, Path(folder), chosen.sentences, chosen.dimensions)
        return
    for passages in chosen.passages:
        command = [sys.executable, __file__, "--one", str(passages), "--dimensions", str(chosen.dimensions)]
        command += ["--sentences"] * chosen.sentences + (["--folder", str(chosen.folder)] if chosen.folder else [])
        subprocess.run(command, check=True)


def measure(passages: int, folder: Path, sentences: bool, dimensions: int) -> None:
    embed = partial(drawn, dimensions)
    report: dict[str, object] = {}
    with Timed(report, "build", passages):
        build_index(documents(passages), folder / "index", "drawn", sentence_vectors=sentences, embed=embed)
    report["build_peak_mb"] = peak_mb()
    with Timed(report, "open", passages):
        index = Index.open(folder / "index")
    passages = len(index.passages)  # some more than asked for: a section of long words is two
    with Timed(report, "lexical", passages):
        lexical.build(folder / "words", ((title(p), searchable(p)) for p in index.passages.values()))
    shutil.rmtree(folder / "words")
    took = sorted(search(index))
    report["lexical_ms"] = {"p50": round(took[QUERIES // 2], 2), "p95": round(took[QUERIES * 95 // 100], 2)}
    del index
    with Timed(report, "add one document", passages):
        update_index(folder / "index", add=[document(passages, sentences())], embed=embed)
    print(json.dumps({"passages": passages, **report, "peak_mb": peak_mb()}), flush=True)


class Timed:
    """Wall and CPU seconds of a block, and passages a second of wall time."""

    def __init__(self, report: dict[str, object], name: str, passages: int) -> None:
        self._report, self._name, self._passages = report, name, passages

    def __enter__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.monotonic() - self._wall, time.process_time() - self._cpu
        self._report[self._name] = {"s": round(wall, 1), "cpu_s": round(cpu, 1), "per_s": round(self._passages / wall)}


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def search(index: Index) -> Iterator[float]:
    """Milliseconds of a search for the words of a sentence that stands in some passages."""
    asked = random.Random(1).sample(sentences(), QUERIES)
    for question in asked:
        started = time.perf_counter()
        index.search_lexical(question, 100)
        yield 1000 * (time.perf_counter() - started)


def documents(passages: int) -> Iterator[Document]:
    said = sentences()
    for number in range(passages // SECTIONS):
        yield document(number, said)


def document(number: int, said: Sequence[str]) -> Document:
    draw = random.Random(number)
    title = draw.choice(said)
    parts = (f"## Part {at}\n\n{' '.join(draw.choices(said, k=3))} Number {number} of {at}.\n" for at in range(SECTIONS))
    source = Source(id=f"d{number}", title=f"Made-up {number}", licence="n/s", tier="none")
    return Document(id=f"d{number}/1", text=f"# {title}\n\n" + "\n".join(parts), source=source, domain="guideline")


def drawn(dimensions: int, texts: Sequence[str], name: str, progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), dimensions), dtype=np.float32)
    progress(len(texts))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
