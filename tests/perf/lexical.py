"""The lexical index of a million passages: seconds of building it, its size, and milliseconds a search by its words.

    python tests/perf/lexical.py --passages 100000
    python tests/perf/lexical.py --passages 1000000      # asked: 90 s

Passages are four made-up sentences of 14 words each, some 440 characters, in the frequencies of words (as in index.py). Making
them is timed apart and taken off.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import index as at_size

from medmodel.rag.lexical import Lexical, build

QUESTIONS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    passages = parser.parse_args().passages
    said = at_size.lines()
    started, worked = time.perf_counter(), time.process_time()
    characters = sum(len(heading) + len(text) for heading, text in made_up(passages, said))
    making, making_cpu = time.perf_counter() - started, time.process_time() - worked
    with tempfile.TemporaryDirectory() as folder:
        started, worked = time.perf_counter(), time.process_time()
        build(Path(folder) / "words", made_up(passages, said))
        wall, cpu = time.perf_counter() - started - making, time.process_time() - worked - making_cpu
        size = sum(file.stat().st_size for file in (Path(folder) / "words").iterdir()) / 1e6
        print(f"{passages} passages, {characters / 1e6:.0f} MB: {wall:.1f} s, {cpu:.1f} s of CPU, {size:.0f} MB of index")
        opened = Lexical(Path(folder) / "words")
        took = [_ms(opened, question) for question in random.Random(1).sample(said, QUESTIONS)]
    for what, times in zip(("wall", "CPU"), zip(*took, strict=True), strict=True):
        half, slow = sorted(times)[QUESTIONS // 2], sorted(times)[QUESTIONS * 95 // 100]
        print(f"  search for 14 words, 100 hits, {what}: p50 {half:.2f} ms, p95 {slow:.2f} ms")


def made_up(passages: int, said: list[str]) -> Iterator[tuple[str, str]]:
    draw = random.Random(0)
    for number in range(passages):
        heading = f"Subject {number // 10} > Part {number % 10}"
        yield heading, f"{heading}\n{' '.join(draw.choices(said, k=4))}"


def _ms(opened: Lexical, question: str) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    opened.search(question, 100)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


if __name__ == "__main__":
    main()
