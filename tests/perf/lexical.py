"""The lexical index of a million passages: seconds of building it, its size, and milliseconds a search by words.

    python tests/perf/lexical.py --passages 100000
    python tests/perf/lexical.py --passages 1000000      # asked: 90 s

Passages are made up (made_up.py). Making them is timed apart and taken off. Asked are the questions of the clinical suites, of
some seven words each, and, as the dearest case, the 14 words of a made-up sentence, many of which half of the passages have.
Read CPU time on a busy machine. `--folder` keeps the index for another run.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from made_up import questions, sentences

from medmodel.rag.lexical import Lexical, build

QUESTIONS = 200
HITS = 200  # as the default profile asks for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the index is, or is to be built (default: a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "words"
        if not folder.exists():
            _build(folder, chosen.passages)
        measure(Lexical(folder))


def _build(folder: Path, passages: int) -> None:
    sentences()  # made once, before the clock starts
    started, worked = time.perf_counter(), time.process_time()
    characters = sum(len(heading) + len(text) for heading, text in made_up(passages))
    making, making_cpu = time.perf_counter() - started, time.process_time() - worked
    started, worked = time.perf_counter(), time.process_time()
    build(folder, made_up(passages))
    wall, cpu = time.perf_counter() - started - making, time.process_time() - worked - making_cpu
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    print(
        f"{passages} passages, {characters / 1e6:.0f} MB: {wall:.1f} s, {cpu:.1f} s of CPU, {size:.0f} MB of index", flush=True
    )


def measure(opened: Lexical) -> None:
    for what, asked in (("a question", questions()), ("14 frequent words", sentences())):
        took = [_ms(opened, question) for question in random.Random(1).sample(asked, QUESTIONS)]
        for clock, times in zip(("wall", "CPU"), zip(*took, strict=True), strict=True):
            half, slow = sorted(times)[QUESTIONS // 2], sorted(times)[QUESTIONS * 95 // 100]
            print(f"  {what}, {HITS} hits, {clock}: p50 {half:.2f} ms, p95 {slow:.2f} ms", flush=True)


def made_up(passages: int) -> Iterator[tuple[str, str]]:
    draw, said = random.Random(0), sentences()
    for number in range(passages):
        if number % 10 == 0:
            title = draw.choice(said)
        heading = f"{title} > Part {number % 10}"
        yield heading, f"{heading}\n{' '.join(draw.choices(said, k=3))}"


def _ms(opened: Lexical, question: str) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    opened.search(question, HITS)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


if __name__ == "__main__":
    main()
