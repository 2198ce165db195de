"""The whole flow over real text, without identifiers: MB a second of CPU, growth over three sizes, two processes against one.

    MEDMODEL_DATA=... python tests/perf/flow.py             # on a quiet machine: wall-clock times are compared; two minutes
    MEDMODEL_DATA=... python tests/perf/flow.py --profile   # where the time goes

Text: every document of the folders below, written as JSON lines beforehand, so that what is timed is the flow from reading
lines to the report, with all steps of the recipe `small` but `phi`: published tests, languages and quality rules included.
Sizes are every fourth document, every second, and all. Each run is a process of its own, as a stage is; what it imports is
not in the times, what it loads and compiles is. Of each size the better of two runs, one process and two by turns.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from data_build import flow
from medmodel import registry
from medmodel.job import Job
from medmodel.recipe import load_recipe
from medmodel.records import Document
from medmodel.stages.documents import Documents

FOLDERS = (
    "medquad nigeria-stg openstax-anatomy-md openstax-microbiology-md openstax-psychology-md medalpaca huatuo cmrc2018 oasst_en gpteacher"
).split()
PARTS = 8  # files, each a source: so that reading, too, is shared between processes
LEFT_OUT = ("uses", "needs", "sources", "phi", "executor", "min_quality")


class Quiet(Job):
    def progress(self, done: float, total: float, unit: str = "") -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "EVERY", "WORKERS"), help="one run, as JSON")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(run(Path(chosen.one[0]), int(chosen.one[1]), int(chosen.one[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write(work)
        if chosen.profile:
            run(work, 8, 1)  # what is compiled is compiled
            profile = cProfile.Profile()
            profile.runcall(run, work, 1, 1)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45).print_callers(
                "sysconfig|is_dir_url|get_path|rich|inspect.py"
            )
            return
        apart(work, 8, 1)
        print("            one process                two processes")
        for every in (4, 2, 1):
            runs = [apart(work, every, workers) for _ in range(2) for workers in (1, 2)]
            one, two = min(runs[0::2], key=lambda told: told.wall), min(runs[1::2], key=lambda told: told.wall)
            print(
                f"{one.size:6.1f} MB  {one.wall:5.1f} s, {one.size / one.cpu:4.2f} MB/s of CPU"
                f"  {two.wall:5.1f} s, {two.size / two.cpu:4.2f} MB/s of CPU  {one.wall / two.wall:.2f} times as fast",
                flush=True,
            )


class Told(NamedTuple):
    """MB of text, seconds of CPU (children's too), seconds."""

    size: float
    cpu: float
    wall: float


def apart(work: Path, every: int, workers: int) -> Told:
    command = [sys.executable, __file__, "--one", str(work), str(every), str(workers)]
    return Told(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def write(work: Path) -> None:
    """every-N/part.jsonl for N = 1, 2, 4, 8."""
    lines = []
    for name in FOLDERS:
        for document in registry.get("source", name)():
            if isinstance(document, Document):
                lines.append(json.dumps({"id": document.id, "text": document.text}) + "\n")
    for every in (1, 2, 4, 8):
        for part in range(PARTS):
            _file(work, every, part).write_text("".join(lines[::every][part::PARTS]), encoding="utf-8")


def run(work: Path, every: int, workers: int) -> Told:
    files = [_file(work, every, part) for part in range(PARTS)]
    sources = [{"format": "jsonl", "path": str(path), "licence": "CC0-1.0", "tier": "patient"} for path in files]
    fields: dict[str, Any] = load_recipe("small").stages["documents"].model_dump(exclude=set(LEFT_OUT))
    config = Documents.model_validate({**fields, "uses": "documents", "sources": sources, "executor": {"workers": workers}})
    with tempfile.TemporaryDirectory(dir=work) as out:
        before, started = os.times(), time.perf_counter()
        report = flow.run(Quiet(config, {}, Path(out), seed=1))
        after = os.times()
        assert report["documents"]
        cpu = sum(after[:4]) - sum(before[:4])
        return Told(sum(path.stat().st_size for path in files) / 1e6, cpu, time.perf_counter() - started)


def _file(work: Path, every: int, part: int) -> Path:
    return work / f"{every}-{part}.jsonl"


if __name__ == "__main__":
    main()
