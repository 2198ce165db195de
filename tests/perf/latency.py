"""A question from its words to its hits, without a reranker: embedding, dense, lexical, fusion, and each of them alone.

    python tests/perf/latency.py --passages 20000
    python tests/perf/latency.py --passages 100000 --folder /tmp/at-100k     # 3 minutes to build, kept for another run
    python tests/perf/latency.py --passages 1000000 --folder /tmp/at-1m      # 25 minutes to build, 6 GB

Passages are made up (made_up.py: a question finds as many as in guidelines), vectors are made up (as in ann.py); questions are
those of the clinical suites, embedded for real, and the retriever is the product's. Every question is new: none is answered from what is kept. The first `WARM` are not counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import ann
import index as at_size
import numpy as np
import numpy.typing as npt
from made_up import questions

from medmodel.rag.embedder import embed
from medmodel.rag.index import Index, build_index
from medmodel.rag.profiles import open_retriever
from medmodel.rag.vectors import PROBE

QUESTIONS = 150
HITS = 200  # of each half: as the default profile asks for
WARM = 20
_numbers = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the index is, or is to be built (default: a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not folder.exists() or not any(folder.iterdir()):
            started, worked = time.perf_counter(), time.process_time()
            build_index(at_size.documents(chosen.passages), folder, sentence_vectors=False, embed=vectors)
            print(f"built in {time.perf_counter() - started:.0f} s, {time.process_time() - worked:.0f} s of CPU", flush=True)
        measure(Index.open(folder))


def measure(index: Index) -> None:
    product = open_retriever(index, 20)
    asked = questions()
    assert len(asked) >= 2 * QUESTIONS, f"{len(asked)} questions"
    embedded = iter(embed(asked[:QUESTIONS]))
    ways: dict[str, Callable[[str], object]] = {
        "embedding": lambda question: embed([question]),
        "dense": lambda question: index.search_vector(next(embedded), HITS),
        "lexical": lambda question: index.search_lexical(question, HITS),
    }
    took = {name: [_ms(way, question) for question in asked[:QUESTIONS]] for name, way in ways.items()}
    took["the product's"] = [_ms(product.invoke, question) for question in asked[QUESTIONS : 2 * QUESTIONS]]
    words = np.mean([len(question.split()) for question in asked])
    print(f"{len(index.passages)} passages, {QUESTIONS} questions of {words:.0f} words, dense {index.about['dense']}")
    for name, times in took.items():
        wall, cpu = np.quantile(np.array(times[WARM:]), [0.5, 0.95], axis=0).T
        print(f"  {name:15} p50 {wall[0]:6.2f} ms, p95 {wall[1]:6.2f} ms; of CPU {cpu[0]:6.2f} and {cpu[1]:6.2f}")


def vectors(texts: Sequence[str], name: str, progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
    """Vectors as ann.py makes them; the text by which an index knows its embedder gets its own."""
    progress(len(texts))
    return embed(texts) if list(texts) == [PROBE] else ann.block(next(_numbers), len(texts))


def _ms(work: Callable[[str], object], question: str) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    work(question)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


if __name__ == "__main__":
    main()
