"""A phase as an array job of Slurm: submitted with this Python, watched until it ends, cancelled when the run is.

datatrove writes and submits the job script. What it leaves to its user is done here: the job finds the programs of the
Python that runs this; the job's name is the phase's own, so that a run that was killed is found in the queue and ended
before its shards are begun again; a queue that cannot be asked for a moment is asked again; no second job stays behind to
add up counts, which waits for ever when a task of the first has failed.

The nodes must see the same files: the store, the sources, this project and its Python. Tried on one node (Slurm 22.05).

    documents: {uses: documents, executor: {kind: slurm, workers: 200, options: {time: "01:00:00", partition: cpu}}}
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datatrove.executor import SlurmPipelineExecutor

from medmodel.errors import InputError, MedmodelError

TASK = "SLURM_ARRAY_TASK_ID"  # datatrove knows by it that it is in a task
ENVIRONMENT = ("env_command", "condaenv", "venv_path")  # how a recipe may say where the job's programs are
POLL = 10.0  # seconds between looks at the queue: every one is a call to the cluster's only controller
LOOK = 1.0  # seconds between looks at the marks of finished tasks
UNANSWERED = 30  # looks in vain at the queue before the run gives up: five minutes, enough to start a controller again
PATIENCE = 120  # seconds for a cancelled job to leave the queue; Slurm kills its processes after 30


class SlurmJob(SlurmPipelineExecutor):  # type: ignore[misc]
    def __init__(self, folder: Path, on_done: Callable[[], None], **options: Any) -> None:
        if missing := {"time", "partition"} - set(options):
            raise InputError(f"executor.options: Slurm needs {' and '.join(sorted(missing))}")
        if not set(ENVIRONMENT) & set(options):
            options["env_command"] = f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
        name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:8]
        options["job_name"] = f"{options.get('job_name', 'medmodel')}-{name}"
        super().__init__(logging_dir=str(folder), **options)
        self.folder = folder
        self.on_done = on_done

    def run(self) -> None:
        if TASK in os.environ:
            super().run()
            return
        try:
            self._end_earlier()
            super().run()
            (self.folder / "executor.pik").chmod(0o600)  # it holds the steps, and with them the key of surrogates
            self._watch()
        except subprocess.CalledProcessError as error:
            raise MedmodelError(
                f"{error.cmd[0]} refused the job: see the lines above, and executor.options (partition, qos, time)"
            ) from None
        except BaseException:  # SIGTERM and Ctrl-C too: the tasks would go on, and the next run begin them a second time
            subprocess.run(["scancel", "--name", self.job_name], check=False)
            raise

    def launch_merge_stats(self) -> None:
        """None: nobody reads them."""

    def save_executor_as_json(self, indent: int = 4) -> None:
        """None: nobody reads it, and the key of surrogates would stand there."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "on_done": None}  # the parent's alone

    def _watch(self) -> None:
        while self.get_incomplete_ranks() and self._queued():
            for _ in range(int(POLL / LOOK)):
                time.sleep(LOOK)
                self.on_done()
                if not self.get_incomplete_ranks():
                    return

    def _end_earlier(self) -> None:
        if not self._queued():
            return
        subprocess.run(["scancel", "--name", self.job_name], check=False)
        until = time.monotonic() + PATIENCE
        while self._queued():
            if time.monotonic() > until:
                raise MedmodelError(
                    f"the job {self.job_name} of an earlier run does not leave Slurm's queue: end it by scancel"
                )
            time.sleep(LOOK)

    def _queued(self) -> bool:
        """Whether any of the phase's tasks waits or runs."""
        for _ in range(UNANSWERED):
            asked = subprocess.run(["squeue", "-h", "--name", self.job_name], capture_output=True, text=True, check=False)
            if not asked.returncode:
                return bool(asked.stdout.strip())
            time.sleep(POLL)
        raise MedmodelError(f"Slurm does not answer, its tasks may go on: squeue said '{asked.stderr.strip()}'")


def check_slurm() -> None:
    if not shutil.which("sbatch"):
        raise InputError(
            "executor.kind: there is no sbatch here: run on a node that submits Slurm jobs, or choose local or ray"
        )
    if TASK in os.environ:
        raise InputError(
            "executor.kind: this is a Slurm task already: start the run on a login node, or in a job without --array"
        )
