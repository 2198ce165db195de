"""How long `import medmodel` and `from medmodel import Client` take, beside what they stand on. Run by hand.

Each statement runs in fresh processes, in turn, so that a busy moment falls on all of them; the median and the
interquartile range are shown, less the time of an empty Python. Goals: `import medmodel` within 50 ms, `Client` within
1.2 times `import httpx, pydantic`. Not covered: the first import after an install, which compiles bytecode.

    .venv/bin/python tests/perf/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATEMENTS = ("pass", "import medmodel", "import httpx, pydantic", "from medmodel import Client")
ROUNDS = 15


def main() -> None:
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(ROUNDS + 1):  # the first round warms the file cache and is dropped
        for statement in STATEMENTS:
            times[statement].append(seconds(statement))
    empty = statistics.median(times["pass"][1:])
    medians = {}
    for statement in STATEMENTS[1:]:
        low, medians[statement], high = statistics.quantiles([value - empty for value in times[statement][1:]], n=4)
        print(f"{statement:28} {medians[statement] * 1000:6.1f} ms  ({low * 1000:.1f} to {high * 1000:.1f}, n={ROUNDS})")
    ratio = medians["from medmodel import Client"] / medians["import httpx, pydantic"]
    print(f"Client is {ratio:.2f} times httpx and pydantic")


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
