"""One stage, in a process of its own: `python -m medmodel.job PARTIAL_FOLDER PARENT_PID`.

The pipeline writes `job.json` into the partial folder and starts this; a stage module has one function,
`run(job) -> counts`, and knows nothing of keys, manifests or signals. A stage that can resume finds its earlier
work in `job.out`; one that cannot starts by clearing it (`job.clear()`).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from medmodel import registry
from medmodel.artifacts import MANIFEST, SCRATCH, Artifact, Input, open_artifact, publish
from medmodel.errors import MedmodelError

PROGRESS = "::progress "
T = TypeVar("T")


class JobFile(BaseModel):
    """job.json: all that a stage's process is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    uses: str
    module: str
    config: dict[str, Any]
    inputs: dict[str, Input]
    store: Path
    final: Path
    key: str
    code: str
    packages: dict[str, str]
    outside: dict[str, str] = Field(default_factory=dict)
    seed: int


class Job:
    """What a stage's `run` gets: its typed config, its inputs, a folder to write in, and a way to tell progress."""

    def __init__(self, config: Any, inputs: dict[str, Artifact], out: Path, seed: int = 0) -> None:
        self.config = config
        self.inputs = inputs
        self.out = out
        self.seed = seed

    def progress(self, done: float, total: float, unit: str = "") -> None:
        print(PROGRESS + json.dumps({"done": done, "total": total, "unit": unit}), flush=True)

    def track(self, items: Iterable[T], total: int, unit: str) -> Iterator[T]:
        """Yield the items and report progress about every second."""
        last = 0.0
        for number, item in enumerate(items, 1):
            yield item
            if time.monotonic() - last > 1 or number == total:
                last = time.monotonic()
                self.progress(number, total, unit)

    def clear(self) -> None:
        """Remove earlier partial work."""
        for path in self.out.iterdir():
            if path.name not in SCRATCH:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def main(partial: Path, parent: int) -> None:
    os.environ.setdefault("LANGSMITH_TRACING", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    end_with(parent, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds: child engines are stopped by their context managers
    job_file = JobFile.model_validate_json((partial / "job.json").read_bytes())
    with open(job_file.final.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not flock: what it forks would hold it after a kill -9
        except OSError:
            raise MedmodelError(f"another run is making {job_file.final.name}; wait for it, or stop it") from None
        started = time.monotonic()
        inputs = {name: open_artifact(job_file.store / needed.path) for name, needed in job_file.inputs.items()}
        for artifact in inputs.values():
            artifact.verify()
        config = registry.get("stage", job_file.uses).model_validate(job_file.config)
        job = Job(config, inputs, partial, job_file.seed)
        counts = importlib.import_module(job_file.module).run(job)
        publish(
            partial,
            job_file.final,
            seconds=time.monotonic() - started,
            counts=counts,
            **job_file.model_dump(include={"stage", "uses", "key", "config", "code", "packages", "outside"}),
            inputs=job_file.inputs,
        )
    assert (job_file.final / MANIFEST).exists()


def disk_full(where: str) -> str:
    """What is said of a full disk, by a stage's own process and by the pipeline that watches it."""
    return f"the disk is full ({where}): free some space and run again; what is done is kept"


def end_with(parent: int, number: signal.Signals) -> None:
    """Ask Linux for a signal when the process that started this one dies, even by kill -9; elsewhere this one outlives it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number)  # 1: PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before it could be asked for
        sys.exit(143)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except MedmodelError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(disk_full(error.filename or sys.argv[1]), file=sys.stderr)
        sys.exit(3)
