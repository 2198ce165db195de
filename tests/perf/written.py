"""Written benchmarks and a judge on a real vLLM: what comes out, how much of it can be read, and how long it takes.

GSM8K (8 worked examples) and MedQA with reasoning, under inspect-ai; then the same model as a judge, with a grammar: the
made-up HealthBench and K-QA of the honesty kit, and 24 made-up labels. A small model's scores are near 0 and its agreement
says nothing; what is looked at is that every reply is read or counted, and that the grammar leaves no reply off format.

    python tests/perf/written.py MODEL DATA [--items 20]

DATA is the folder of all sets ($MEDMODEL_DATA). Six minutes on two busy cores for a model of 135M, one of them vLLM's start.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals import agreement, run
from evals.agreement import Label
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.healthbench import HealthBench
from evals.benchmarks.kqa import KQA
from evals.benchmarks.medqa import MedQA
from evals.generated import Written, reasoned
from evals.inspected import inspected
from evals.judges import KEY, open_judge
from evals.subjects import FOR_BENCHMARKS, synchronous
from evals.suite import Material, Subject
from medmodel.models.vllm_server import VllmServer
from medmodel.records import Message


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=20)
    given = parser.parse_args()
    with VllmServer(given.model, options=FOR_BENCHMARKS) as server, tempfile.TemporaryDirectory() as scratch:
        server.wait_ready()
        os.environ[KEY] = server.api_key
        folder = Path(scratch)
        with synchronous(server.engine()) as subject:
            show(GSM8K(Material(data=given.data / GSM8K.folder, shots=GSM8K.shots)), subject, folder, given.items)
            show(reasoned(MedQA)(Material(data=given.data / MedQA.folder, limit=given.items)), subject, folder, given.items)
            with open_judge(server.base_url) as judge:
                print(judge.identity("criterion"), flush=True)
                for plugin in (HealthBench, KQA):
                    show(plugin(replace(plugin.specimen(folder), judge=judge)), subject, folder, given.items)
                began = time.perf_counter()
                found = agreement.measure(labels(), judge)
                print(f"24 labels in {time.perf_counter() - began:.1f} s: {found.errors} without a verdict")
                print(found.model_dump_json(indent=1), agreement.may_gate(found))


def show(suite: Written[Any], subject: Subject, folder: Path, items: int) -> None:
    began = time.perf_counter()
    rows = run.measure(suite, subject, limit=items, ask=inspected(folder / "logs", type(suite).__name__, "model"))
    found = run.summarise(suite, rows)
    values = {name: round(metric.value, 4) for name, metric in found.metrics.items()}
    print(f"{type(suite).__name__}: {len(rows)} items in {time.perf_counter() - began:.1f} s: {values}", flush=True)
    print(f"  {dict(found.detail)}; {found.errors} errors {dict(found.reasons)}", flush=True)


def labels() -> Sequence[Label]:
    """Every second answer meets the criterion."""
    answers = ("Run far.", "Rest at home.")
    return [
        Label(
            id=str(at),
            conversation=(Message(role="user", content=f"What helps case {at}?"),),
            answer=answers[at % 2],
            criterion="tells the reader to rest",
            human=bool(at % 2),
        )
        for at in range(24)
    ]


if __name__ == "__main__":
    main()
