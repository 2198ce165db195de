"""How long until the evidence is shown: from the question to the `evidence` event, on the real product, without a model.

The aim is 300 ms, warm. Wall time on a quiet machine, and the process's CPU time, which others do not disturb (one thread:
set OMP_NUM_THREADS=1, else waiting threads count). Twice: the passages found were not met before, and are encoded piece by
piece; and met before. A minute.

    MEDMODEL_STORE=store OMP_NUM_THREADS=1 python tests/perf/first_evidence.py [--index DIR] [--cases DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
from answers import newest

from medmodel.artifacts import read_records
from medmodel.records import Case
from medmodel.serve.product import Product, open_product


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--index", type=Path, help="default: the newest `index` of the store")
    parser.add_argument("--cases", type=Path, help="default: `cases` of the newest `examples` of the store")
    chosen = parser.parse_args()
    cases = list(read_records(chosen.cases or newest("examples") / "cases", Case))
    with open_product(index=chosen.index or newest("index"), engine="none") as product:
        asyncio.run(measure(product, cases[:1]))  # loads what is loaded once
        for name in ("passages not met before", "passages met before"):
            wall, cpu = asyncio.run(measure(product, cases[1:]))
            print(
                f"{name}: n {len(wall)}, to the evidence {np.median(wall):.0f} ms, p95 {np.quantile(wall, 0.95):.0f} ms; "
                f"CPU {np.median(cpu):.0f} ms, p95 {np.quantile(cpu, 0.95):.0f} ms"
            )


async def measure(product: Product, cases: list[Case]) -> tuple[list[float], list[float]]:
    """Milliseconds of wall and of CPU time to the evidence of each case."""
    wall, cpu = [], []
    for case in cases:
        began, worked = time.perf_counter(), time.process_time()
        seen: list[tuple[float, float]] = []

        def on_event(name: str, payload: Any, seen: list[tuple[float, float]] = seen) -> None:
            if name == "evidence":
                seen.append((time.perf_counter(), time.process_time()))

        await product.answer(case.question, on_event=on_event)
        wall.append((seen[0][0] - began) * 1000)
        cpu.append((seen[0][1] - worked) * 1000)
    return wall, cpu


if __name__ == "__main__":
    main()
