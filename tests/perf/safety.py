"""What the rules before the model cost: processor time of a question and of the worst texts, red flags and refusal together.

    PYTHONPATH=. python tests/perf/safety.py [questions.jsonl]

Bounds to hold: a question in a few milliseconds, any text in 200 ms. Takes about half a minute. A file of questions
(`text` a line) is timed too; without one the questions of the suite red_flags are.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from evals.questions import read_questions
from medmodel.safety import red_flags, refusal

SIZE = 100_000  # characters
WORST = {
    "one word": "a" * SIZE,
    "findings": ("chest pain " * SIZE)[:SIZE],
    "Chinese findings": "胸痛" * (SIZE // 2),
    "negations": ("no pain, " * SIZE)[:SIZE],
    "numbers": ("12 34 56.7 / " * SIZE)[:SIZE],
    "marks": "?!,.;" * (SIZE // 5),
    "line ends": "\n" * SIZE,
    "emoji": "😀" * SIZE,
    "requests": ("how can i prescribe without " * SIZE)[:SIZE],
    "both languages": ("He has chest pain, no fever; 血压80/50 头痛 " * SIZE)[:SIZE],
}


def main() -> None:
    started = time.process_time()
    spent("warm-up")
    print(f"rules read in {1000 * (time.process_time() - started):.0f} ms")
    questions = [json.loads(line)["text"] for line in Path(sys.argv[1]).read_text("utf-8").splitlines()] if sys.argv[1:] else []
    report("questions", questions or [question.text for question in read_questions("red_flags")])
    for name, text in WORST.items():
        print(f"{name:<18} {spent(text):6.1f} ms")


def report(name: str, texts: Sequence[str]) -> None:
    times = sorted(spent(text) for text in texts)
    print(f"{name}: n {len(times)}, median {times[len(times) // 2]:.2f} ms, p95 {times[int(len(times) * 0.95)]:.2f} ms")


def spent(text: str) -> float:
    """Processor milliseconds: what another process does at the time does not count."""
    started = time.process_time()
    red_flags(text)
    refusal(text)
    return 1000 * (time.process_time() - started)


if __name__ == "__main__":
    main()
