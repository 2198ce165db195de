"""How long the demo gate takes, and what it decides: the stage alone, on artifacts that a run of the demo recipe has left.

The aim is 4 minutes on two quiet cores. Every suite's own seconds are printed, then the verdicts, then what it takes to
verify the report. Nothing is published: the report is written to a scratch folder, signed with this machine's key.

    MEDMODEL_STORE=store python tests/perf/gate.py [--candidate base]      # the base against itself: must not pass
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from evals import gate, report, verify
from medmodel import pipeline, registry
from medmodel.artifacts import Artifact
from medmodel.job import Job
from medmodel.records import GateReport

ROLES = {"documents": "documents", "index": "index", "examples": "examples", "base": "base", "candidate": "merge"}


class Timed(Job):
    """Tells when progress jumps from one thing to the next, not every item."""

    started = time.monotonic()
    said = ""

    def progress(self, done: float, total: float, unit: str = "") -> None:
        if unit != self.said or done == total or done % 32 == 0:
            self.said = unit
            print(f"{time.monotonic() - self.started:6.1f} s  {done:.0f}/{total:.0f} {unit}", flush=True)


def newest(stage: str) -> Artifact:
    found = [artifact for artifact in pipeline.artifacts(pipeline.store_dir()) if artifact.manifest.stage == stage]
    return max(found, key=lambda artifact: artifact.manifest.created)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidate", default=ROLES["candidate"], help="the stage whose model is examined")
    chosen = parser.parse_args()
    inputs = {role: newest(stage) for role, stage in {**ROLES, "candidate": chosen.candidate}.items()}
    with tempfile.TemporaryDirectory() as scratch:
        started = Timed.started = time.monotonic()
        job = Timed(registry.get("stage", "gate")(uses="gate"), inputs, Path(scratch), seed=17)
        counts = gate.hold(job, "vllm")
        held = time.monotonic()
        verify.verify(Path(scratch))
        verified = time.monotonic()
        decided = GateReport.model_validate_json((Path(scratch) / "report.json").read_bytes())
    for row in report.table(decided):
        print("  ".join(cell for cell in row if cell))
    print(counts)
    print(f"gate {held - started:.0f} s (aim 240), verified in {verified - held:.1f} s")


if __name__ == "__main__":
    main()
