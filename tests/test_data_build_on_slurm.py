"""A phase is an array job of Slurm: same bytes, one Python, nothing left in the queue. Mostly with stand-ins for its commands."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sharded import three_shards, written

from data_build.executor import WriteShard, run_phase
from data_build.on_slurm import SlurmJob
from medmodel.errors import InputError, MedmodelError, UnknownName
from medmodel.stages.documents import Executor

# Stand-ins: the job script runs here, one array task after the other, as if on a node that knows no environment of ours.
COMMANDS = {
    "sbatch": "for script; do :; done; last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' $script)\n"
    "for i in $(seq 0 $last); do SLURM_ARRAY_TASK_ID=$i SLURM_NODELIST=n PATH=$HERE:/usr/bin:/bin bash $script >&2 || :; done\necho job 7",
    "srun": 'shift 3; exec "$@"',
    "scontrol": "echo n",
    "squeue": "cat $HERE/queue 2>/dev/null || :",
    "scancel": 'echo "$@" >> $HERE/cancelled; rm -f $HERE/queue',
}


@pytest.fixture
def pipeline(tmp_path: Path) -> list[Any]:
    return three_shards(tmp_path)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in COMMANDS.items():
        (folder / name).write_text(f"#!/bin/bash\nHERE={folder}\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
    _workers_find_steps(monkeypatch)
    return folder


def _workers_find_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here / "tests")]))


def slurm(partition: str = "cpu") -> Executor:
    return Executor(kind="slurm", workers=2, options={"time": "00:10:00", "partition": partition})


def run_locally(pipeline: list[Any], folder: Path) -> dict[str, bytes]:
    run_phase([*pipeline[:2], WriteShard(folder / "here" / "out")], 3, folder / "other-logs")
    return written(folder / "here")


@pytest.mark.slow
def test_a_slurm_job_gives_the_same_bytes_and_a_failed_task_is_an_error(
    pipeline: list[Any], tmp_path: Path, commands: Path
) -> None:
    (tmp_path / "switch").touch()
    with pytest.raises(MedmodelError, match="1 of 3 shards failed: shard 1: step 'numbered' failed at or after 'stop'"):
        run_phase(pipeline, 3, tmp_path / "logs", slurm())
    (tmp_path / "switch").unlink()
    run_phase(pipeline, 3, tmp_path / "logs", slurm())
    assert written(tmp_path) == run_locally(pipeline, tmp_path)


@pytest.mark.slow
def test_a_slurm_that_is_there_gives_the_same_bytes(
    pipeline: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which("sinfo") and subprocess.run(["sinfo", "-h", "-o", "%R"], capture_output=True, text=True, check=False)
    if not found or found.returncode:
        pytest.skip("no Slurm")
    _workers_find_steps(monkeypatch)
    run_phase(pipeline, 3, tmp_path / "logs", slurm(found.stdout.split()[0]))
    assert written(tmp_path) == run_locally(pipeline, tmp_path)


@pytest.mark.slow
def test_the_job_of_a_run_that_was_killed_is_cancelled_before_its_shards_begin_again(
    pipeline: list[Any], tmp_path: Path, commands: Path
) -> None:
    (commands / "queue").write_text("6_[0-2] cpu medmodel\n")
    run_phase(pipeline, 3, tmp_path / "logs", slurm())
    [cancelled] = (commands / "cancelled").read_text().splitlines()
    assert cancelled.startswith("--name medmodel-")
    assert len(written(tmp_path)) == 3


def test_two_phases_have_jobs_of_two_names_and_one_phase_keeps_its_name(tmp_path: Path) -> None:
    def name(folder: str) -> str:
        options = {"pipeline": [], "tasks": 1, "time": "1:00", "partition": "cpu", "job_name": "corpus"}
        return str(SlurmJob(tmp_path / folder, lambda: None, **options).job_name)

    assert name("tag") == name("tag") != name("decide")
    assert name("tag").startswith("corpus-")


def test_a_job_that_slurm_refuses_says_what_to_look_at(pipeline: list[Any], tmp_path: Path, commands: Path) -> None:
    (commands / "sbatch").write_text("#!/bin/bash\necho 'sbatch: error: invalid partition' >&2; exit 1\n")
    with pytest.raises(MedmodelError, match=r"sbatch refused the job.*executor\.options"):
        run_phase(pipeline, 3, tmp_path / "logs", slurm())


def test_a_run_that_stops_cancels_its_job(pipeline: list[Any], tmp_path: Path, commands: Path) -> None:
    (commands / "sbatch").write_text(f"#!/bin/bash\necho '7_0' > {commands}/queue; kill -TERM $PPID; sleep 5; echo job 7\n")
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as a stage's process does
    try:
        with pytest.raises(SystemExit):
            run_phase(pipeline, 3, tmp_path / "logs", slurm())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (commands / "cancelled").exists()
    assert not (commands / "queue").exists()


def test_a_machine_without_slurm_says_so(pipeline: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="there is no sbatch here"):
        run_phase(pipeline, 3, tmp_path / "logs", slurm())


def test_a_run_inside_an_array_task_is_refused(
    pipeline: list[Any], tmp_path: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    with pytest.raises(InputError, match="a Slurm task already"):
        run_phase(pipeline, 3, tmp_path / "logs", slurm())


def test_slurm_without_a_time_limit_or_partition_says_what_is_missing(
    pipeline: list[Any], tmp_path: Path, commands: Path
) -> None:
    with pytest.raises(InputError, match="Slurm needs partition"):
        run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="slurm", options={"time": "1:00"}))


def test_an_option_that_datatrove_does_not_know_names_those_that_it_does(
    pipeline: list[Any], tmp_path: Path, commands: Path
) -> None:
    options = {"time": "1:00", "partition": "cpu", "mem_per_cpu": 4}
    with pytest.raises(UnknownName, match=r"option 'mem_per_cpu'.*did you mean 'mem_per_cpu_gb'"):
        run_phase(pipeline, 3, tmp_path / "logs", Executor(kind="slurm", options=options))
