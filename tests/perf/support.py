"""Verdicts a second of the support check: pairs that the rules decide, pairs that the scorer is asked about. Run by hand.

Processor time of one thread, so that other work on the machine does not count. Quotes are read once, claims are new each
time, as in an answer; `again` asks what was just asked.

    python tests/perf/support.py DOCUMENTS       # a documents artifact: store/documents-…
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from evals.support import make
from medmodel.artifacts import open_artifact
from medmodel.rag import entailment
from medmodel.rag.support import judged, verdict
from medmodel.rag.support_text import read
from medmodel.records import Document
from medmodel.train.entailment_pairs import Pair


def main(documents: Path) -> None:
    given = make(list(open_artifact(documents).read("documents", Document)), 350)
    load = entailment.packaged
    started = time.process_time()
    asked = [judged(pair.claim, pair.quote, load).score is not None for pair in given]
    print(f"{len(given)} pairs, everything new, tables and word vectors loaded: {time.process_time() - started:.1f} s")
    for name, chosen in (
        ("decided by rule", [pair for pair, by in zip(given, asked, strict=True) if not by]),
        ("scorer asked", [pair for pair, by in zip(given, asked, strict=True) if by]),
    ):
        print(f"{name}: {1000 * _seconds(chosen) / len(chosen):.2f} ms of processor time a pair ({len(chosen)} pairs)")
    for pair in given:
        verdict(pair.claim, pair.quote)
    started = time.process_time()
    for pair in given:
        verdict(pair.claim, pair.quote)
    print(f"again: {1000 * (time.process_time() - started) / len(given):.4f} ms")


def _seconds(chosen: list[Pair]) -> float:
    """With quotes read before, and claims not."""
    read.cache_clear()
    for pair in chosen:
        read(pair.quote)
    started = time.process_time()
    for pair in chosen:
        judged(pair.claim, pair.quote, entailment.packaged)
    return time.process_time() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
