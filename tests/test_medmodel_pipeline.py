"""The pipeline: hit, resume or miss for the reasons it gives, and a crash that leaves nothing half-made."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from medmodel import pipeline
from medmodel.errors import InputError, StageFailed
from medmodel.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[1]


def test_the_demo_recipe_loads_and_plans_without_a_store(tmp_path: Path) -> None:
    steps = pipeline.plan(load_recipe("demo"), tmp_path / "store")
    assert steps[0].state == "miss"
    assert steps[0].why == "never made"
    assert all(step.state in ("miss", "waits") for step in steps)
    assert [step.stage for step in steps][-1] == "release"


def test_a_stage_key_covers_config_seed_and_code_but_not_where_things_lie() -> None:
    recipe = load_recipe("demo")
    base = pipeline.key_parts(recipe, "base", {})
    assert pipeline.key_parts(load_recipe("demo", ["base.max_length=4096"]), "base", {}) != base
    assert pipeline.key_parts(Recipe.model_validate({**dict(recipe), "seed": 18}), "base", {}) != base
    assert not any("/" in str(value) for value in base["packages"].values())  # type: ignore[attr-defined]


def test_the_code_digest_covers_modules_imported_by_imported_modules() -> None:
    files = {path.name for path in pipeline.reachable("medmodel.train.cpt")}
    assert {"cpt.py", "loop.py", "packing.py", "artifacts.py", "records.py"} <= files
    assert "sft.py" not in files


def test_the_code_digest_covers_plug_ins_that_a_stage_asks_the_registry_for() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in pipeline.reachable("data_build.flow")}
    assert "data_build/sources/open_medicine.py" in files
    assert "data_build/steps/dedup.py" in files


@pytest.mark.slow
def test_a_stage_that_fails_shows_its_last_lines_and_keeps_its_work(tmp_path: Path) -> None:
    recipe = load_recipe("demo", ["documents.executor={kind: ray}"])
    with pytest.raises(StageFailed, match=r"stage 'documents' ended with exit code 1; (?s:.*)ray is not installed"):
        pipeline.run(recipe, tmp_path / "store", until="documents")
    assert [path.name[:10] for path in pipeline.partials(tmp_path / "store")] == ["documents-"]
    assert {s.stage: s.state for s in pipeline.plan(recipe, tmp_path / "store")}["documents"] == "resume"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("nothing", "unknown source 'nothing'"),
        ("{format: jsonl, path: notes.jsonl}", "source jsonl needs `licence:`"),
        ("{format: jsonl, path: notes.jsonl, licence: MIT, tier: patent}", "did you mean 'patient'?"),
        ("{format: jsonl, path: notes.jsonl, licence: MIT, txt_field: a}", "unknown option 'txt_field'"),
        ("{format: jsonl, path: notes.jsonl, licence: MIT, year: last}", "source jsonl: `year:` is wrong"),
        ("{format: parquet, path: notes.jsonl, licence: MIT, shape: alpacca}", "did you mean 'alpaca'?"),
        ("{format: jsonl, path: elsewhere.jsonl, licence: MIT}", "there is no elsewhere.jsonl"),
    ],
)
def test_a_wrong_entry_of_a_recipe_is_an_error_of_its_own_before_anything_runs(
    entry: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.jsonl").write_text('{"text": "a synthetic note"}\n')
    recipe = load_recipe("demo", [f"documents.sources=[general, {entry}]"])
    for ask in (pipeline.plan, pipeline.run):
        with pytest.raises(InputError, match=re.escape(said)):
            ask(recipe, tmp_path / "store")
    assert not (tmp_path / "store").exists() or not list((tmp_path / "store").iterdir())


@pytest.mark.slow
def test_what_only_a_stage_can_find_wrong_with_the_users_data_is_an_input_error_too(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"body": "a synthetic note"}\n')
    recipe = load_recipe("demo", [f"documents.sources=[{{format: jsonl, path: {tmp_path}/notes.jsonl, licence: MIT}}]"])
    with pytest.raises(InputError, match=r"stage 'documents': .*nothing could be read"):
        pipeline.run(recipe, tmp_path / "store", until="documents")


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(tmp_path: Path) -> None:
    recipe = load_recipe("demo", ["documents.executor={kind: ray}"])
    step = next(step for step in pipeline.plan(recipe, tmp_path) if step.stage == "documents")
    partial = tmp_path / f"documents-{(step.key or '')[:12]}.partial"
    partial.mkdir()
    (partial / "log.txt").symlink_to("/dev/full")  # every write there fails as on a full disk
    with pytest.raises(StageFailed, match=r"the disk is full .*: free some space and run again"):
        pipeline.run(recipe, tmp_path, until="documents")
    (partial / "log.txt").unlink()
    with pytest.raises(StageFailed, match="exit code"):  # it starts again, and now says what is wrong
        pipeline.run(recipe, tmp_path, until="documents")


def wait_until_unlocked(store: Path) -> None:
    """A stage ends itself when its parent is gone: its lock is free soon after."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with open(next(iter(store.glob("documents-*.lock")), store / "none.lock"), "w") as lock:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(0.1)
    raise AssertionError("the stage outlived its parent")


@pytest.mark.slow
def test_after_a_stage_is_killed_the_next_run_makes_it_whole_and_everything_again_is_a_hit(tmp_path: Path) -> None:
    store = tmp_path / "store"
    environment = {**os.environ, "MEDMODEL_STORE": str(store)}
    command = [sys.executable, "-m", "medmodel.cli", "run", "demo", "--until", "documents"]
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(store.glob("documents-*.partial/job.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    wait_until_unlocked(store)
    recipe = load_recipe("demo")
    assert {s.stage: s.state for s in pipeline.plan(recipe, store)}["documents"] != "hit"
    first = pipeline.run(recipe, store, until="documents")["documents"]
    assert [step.state for step in pipeline.plan(recipe, store) if step.stage == "documents"] == ["hit"]
    assert not list(pipeline.partials(store))
    again = pipeline.run(recipe, tmp_path / "other", until="documents")["documents"]
    assert again.digest == first.digest


def workers(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.slow
def test_a_stage_killed_while_its_worker_works_ends_the_run_and_leaves_no_process(tmp_path: Path) -> None:
    store = tmp_path / "store"
    environment = {**os.environ, "MEDMODEL_STORE": str(store)}
    command = [sys.executable, "-m", "medmodel.cli", "run", "demo", "--until", "documents"]
    command += ["--set", "documents.executor={workers: 2}"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
        left: list[psutil.Process] = []
        while running.poll() is None and not left:
            for stage in psutil.Process(running.pid).children():
                left = workers(stage.pid)
                if left:
                    stage.kill()
        _, told = running.communicate(timeout=60)
    assert left, "the stage ended before its worker was seen"
    assert running.returncode == StageFailed.exit_code
    assert "stage 'documents' ended with signal 9" in told
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive


@pytest.mark.slow
def test_a_damaged_artifact_is_made_again_and_the_damage_named(tmp_path: Path) -> None:
    recipe = load_recipe("demo")
    made = pipeline.run(recipe, tmp_path / "store", until="documents")["documents"]
    shard = next((made.path / "documents").glob("*.jsonl"))
    shard.write_bytes(shard.read_bytes()[:-50])
    whys = []
    again = pipeline.run(recipe, tmp_path / "store", until="documents", on_start=lambda step: whys.append(step.why))
    assert "damaged" in whys[-1]
    assert shard.name in whys[-1]
    assert again["documents"].digest == made.digest
