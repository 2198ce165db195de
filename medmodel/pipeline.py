"""Walk a recipe: which stages are already made, which must be made or resumed, and why; then make them.

    medmodel plan demo      # hit, resume or miss for each stage, the reason, and the time it takes
    medmodel run demo

A stage's key is the SHA-256 of its config, the content digests of its inputs, the digest of every project module it
imports (transitively, with the data files beside them), the versions of the packages it names, and the seed. Paths,
launchers and log options are not in it. Stages run as child processes (`medmodel.job`), each in its own process group.
"""

from __future__ import annotations

import ast
import contextlib
import errno
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from medmodel import registry
from medmodel.artifacts import MANIFEST, Artifact, Input, open_artifact
from medmodel.errors import ArtifactError, InputError, MedmodelError, StageFailed, UnknownName
from medmodel.job import PROGRESS, JobFile, disk_full
from medmodel.recipe import Recipe

PROJECT = ("medmodel", "data_build", "evals")  # packages whose code is part of a key
DATA_SUFFIXES = (".yaml", ".json", ".jsonl", ".md", ".txt")
LONGEST_CHANGE = 120  # characters: a longer change of a field is not spelled out
FAULTS_SHOWN = 20  # last lines of a failed stage's log
LEAST_FREE = 1_000_000  # bytes; with less, whatever a stage's process says, the disk is what stopped it
# glibc gives a large buffer back to the kernel at every free and zeroes it anew at every use: a sixth of the time of training
# on a CPU. Kept, and in huge pages, 106 tokens/s against 88 (docs/log.md). Other C libraries ignore it.
MALLOC = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1000000000000"
_ERROR = re.compile(r"[A-Z]\w+: (.+)")  # the last thing that a stage's process says (`medmodel.job`)
State = Literal["hit", "resume", "miss", "waits"]


class Planned(NamedTuple):
    """What will happen to one stage. `key` is None while an input is not made yet."""

    stage: str
    uses: str
    state: State
    why: str
    key: str | None
    seconds: float  # expected; 0 for a hit
    artifact: Artifact | None


class Progress(NamedTuple):
    """One report of a running stage."""

    stage: str
    done: float
    total: float
    unit: str
    seconds: float  # since the stage started


def store_dir() -> Path:
    """Where artifacts live: `$MEDMODEL_STORE`, else `store/` in the current folder."""
    return Path(os.environ.get("MEDMODEL_STORE", "store")).absolute()


def plan(recipe: Recipe, store: Path) -> list[Planned]:
    """Every stage in running order with its state and the reason. Reads manifests only; changes nothing."""
    for config in recipe.stages.values():
        config.check()
    planned: dict[str, Planned] = {}
    for name in recipe.order():
        planned[name] = _plan_stage(recipe, name, planned, store)
    return list(planned.values())


def run(
    recipe: Recipe,
    store: Path,
    *,
    until: str | None = None,
    on_start: Callable[[Planned], None] = lambda planned: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_done: Callable[[Planned, float], None] = lambda planned, seconds: None,
) -> dict[str, Artifact]:
    """Make what is not made yet, in order, up to `until`. Returns the artifact of every stage.

    Raises InputError for what a recipe or the user's data got wrong, before anything runs where that can be seen; StageFailed
    with a stage's last log lines for all else. What was done before it stays done.
    """
    store.mkdir(parents=True, exist_ok=True)
    wanted = _needed_for(recipe, until) if until else set(recipe.stages)
    for name in sorted(wanted):
        recipe.stages[name].check()
    planned: dict[str, Planned] = {}
    for name in recipe.order():
        if name not in wanted:
            continue
        planned[name] = step = _plan_stage(recipe, name, planned, store, verify=True)
        on_start(step)
        started = time.monotonic()
        if step.state != "hit":
            artifact = _run_stage(recipe, step, planned, store, on_progress)
            planned[name] = step._replace(artifact=artifact)
        on_done(planned[name], time.monotonic() - started)
    return {name: step.artifact for name, step in planned.items() if step.artifact}


def partials(store: Path) -> Iterator[Path]:
    """Folders of stages that were stopped before they were whole."""
    yield from sorted(store.glob("*.partial"))


def _needed_for(recipe: Recipe, until: str) -> set[str]:
    if until not in recipe.stages:
        raise UnknownName("stage", until, recipe.stages)
    wanted: set[str] = set()
    queue = [until]
    while queue:
        name = queue.pop()
        wanted.add(name)
        queue += recipe.stages[name].needs.values()
    return wanted


def _plan_stage(recipe: Recipe, name: str, planned: Mapping[str, Planned], store: Path, verify: bool = False) -> Planned:
    config = recipe.stages[name]
    expected = _expected_seconds(store, name, config.uses) or config.seconds()
    waiting = sorted({needed for needed in config.needs.values() if planned[needed].artifact is None})
    if waiting:
        return Planned(name, config.uses, "waits", f"for {', '.join(waiting)}", None, expected, None)
    parts = key_parts(recipe, name, {role: planned[needed].artifact for role, needed in config.needs.items()})
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    final = store / f"{name}-{key[:12]}"
    if (final / MANIFEST).exists():
        try:
            artifact = open_artifact(final)
            if verify:
                artifact.verify()
            return Planned(name, config.uses, "hit", "made before, nothing it depends on has changed", key, 0.0, artifact)
        except ArtifactError as damage:
            return Planned(name, config.uses, "miss", f"damaged: {damage}", key, expected, None)
    if final.with_suffix(".partial").exists():
        return Planned(name, config.uses, "resume", "an earlier run was stopped", key, expected, None)
    return Planned(name, config.uses, "miss", _why_missed(store, name, parts), key, expected, None)


def key_parts(recipe: Recipe, name: str, inputs: Mapping[str, Artifact | None]) -> dict[str, object]:
    """All that a stage's key is the digest of."""
    config = recipe.stages[name]
    return {
        "uses": config.uses,
        "config": config.model_dump(mode="json", exclude={"needs", *config.unkeyed}),
        "inputs": {role: artifact.digest for role, artifact in sorted(inputs.items()) if artifact},
        "code": code_digest(config.module),
        "packages": {package: importlib.metadata.version(package) for package in config.packages},
        "outside": config.outside(),
        "seed": recipe.seed,
    }


def _why_missed(store: Path, name: str, parts: Mapping[str, object]) -> str:
    """Compare with the newest artifact of the same stage and say what changed."""
    earlier = sorted((a for a in artifacts(store) if a.manifest.stage == name), key=lambda artifact: artifact.manifest.created)
    if not earlier:
        return "never made"
    last = earlier[-1].manifest
    changed = []
    config = parts["config"]
    assert isinstance(config, dict)
    before = {key: value for key, value in last.config.items() if key != "needs"}
    for key, value in config.items():
        if before.get(key) != value:
            said = f"{key} {before.get(key)!r} → {value!r}"
            changed.append(said if len(said) <= LONGEST_CHANGE else f"{key} changed")
    inputs = {role: entry.digest for role, entry in last.inputs.items()}
    now = parts["inputs"]
    assert isinstance(now, dict)
    changed += [f"input '{role}' changed" for role, digest in now.items() if inputs.get(role) != digest]
    outside = parts["outside"]
    assert isinstance(outside, dict)
    changed += [f"{name} changed" for name, digest in outside.items() if last.outside.get(name) != digest]
    if last.code != parts["code"]:
        changed.append("its code changed")
    if last.packages != parts["packages"]:
        changed.append("package versions changed")
    return "; ".join(changed) or "the seed changed"


def _expected_seconds(store: Path, name: str, uses: str) -> float | None:
    """What this stage took last time, here."""
    times = [
        (artifact.manifest.created, artifact.manifest.seconds)
        for artifact in artifacts(store)
        if artifact.manifest.stage == name and artifact.manifest.uses == uses
    ]
    return max(times)[1] if times else None


def artifacts(store: Path) -> Iterator[Artifact]:
    """Every whole artifact in the store; damaged ones are reported where they are needed."""
    for manifest in store.glob(f"*/{MANIFEST}"):
        if not manifest.parent.name.endswith(".partial"):
            with contextlib.suppress(ArtifactError):  # a damaged one is reported where it is needed
                yield open_artifact(manifest.parent)


def _run_stage(
    recipe: Recipe,
    step: Planned,
    planned: Mapping[str, Planned],
    store: Path,
    on_progress: Callable[[Progress], None],
) -> Artifact:
    assert step.key
    config = recipe.stages[step.stage]
    _check_checkout(config.module)
    final = store / f"{step.stage}-{step.key[:12]}"
    partial = final.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    inputs = {role: planned[needed].artifact for role, needed in config.needs.items()}
    job = JobFile(
        stage=step.stage,
        uses=config.uses,
        module=config.module,
        config=config.model_dump(mode="json"),
        inputs={
            role: Input(
                stage=artifact.manifest.stage,
                path=artifact.path.name,
                key=artifact.manifest.key,
                digest=artifact.digest,
            )
            for role, artifact in inputs.items()
            if artifact
        },
        store=store,
        final=final,
        key=step.key,
        code=code_digest(config.module),
        packages={package: importlib.metadata.version(package) for package in config.packages},
        outside=config.outside(),
        seed=recipe.seed,
    )
    (partial / "job.json").write_text(job.model_dump_json(indent=1), encoding="utf-8")
    try:
        exit_code = _watch(step.stage, partial, on_progress)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise StageFailed(f"stage '{step.stage}' stopped: {disk_full(str(partial))}") from None
    if exit_code:
        raise _failure(step.stage, partial, exit_code)
    return open_artifact(final)


def _watch(stage: str, partial: Path, on_progress: Callable[[Progress], None]) -> int:
    """Run the stage's process in its own group; on any way out of here, nothing of the group is left."""
    started = time.monotonic()
    root = str(Path(__file__).parents[1])
    environment = {
        "GLIBC_TUNABLES": MALLOC,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "medmodel.job", str(partial), str(os.getpid())],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,
    )
    assert process.stdout
    # A worker that outlives a killed stage holds the pipe open: without this, reading it would never end.
    threading.Thread(target=_bury, args=(process,), daemon=True).start()
    try:
        with open(partial / "log.txt", "a", encoding="utf-8") as log:
            for line in process.stdout:
                if line.startswith(PROGRESS):
                    report = json.loads(line[len(PROGRESS) :])
                    on_progress(Progress(stage, report["done"], report["total"], report["unit"], time.monotonic() - started))
                else:
                    log.write(line)
                    log.flush()
        return process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def _bury(process: subprocess.Popen[str]) -> None:
    """When the stage's own process has ended, whatever is left of its group ends too."""
    process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _failure(stage: str, partial: Path, exit_code: int) -> MedmodelError:
    """An InputError stays one; what a program or a machine did is StageFailed."""
    log = partial / "log.txt"
    lines = log.read_text(encoding="utf-8").splitlines()[-FAULTS_SHOWN:] if log.exists() else []
    cause = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
    if shutil.disk_usage(partial).free < LEAST_FREE:
        return StageFailed(f"stage '{stage}' ended with {cause}: {disk_full(str(partial))}")
    if exit_code == InputError.exit_code and (said := _ERROR.fullmatch(lines[-1] if lines else "")):
        return InputError(f"stage '{stage}': {said[1]}")
    return StageFailed(
        f"stage '{stage}' ended with {cause}; what it did is kept and the next run goes on from there. Its last lines:\n"
        + "\n".join(f"  {line}" for line in lines)
    )


def _check_checkout(module: str) -> None:
    if importlib.util.find_spec(module.split(".")[0]) is None:
        raise MedmodelError(f"'{module}' runs from a checkout of medmodel: the wheel holds the library, SDK and server alone")


@cache
def code_digest(module: str) -> str:
    """SHA-256 over every project module that `module` imports, transitively, and the data files beside them."""
    whole = hashlib.sha256()
    for path in sorted(reachable(module), key=str):
        root = Path(__file__).parents[1]
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def reachable(module: str) -> set[Path]:
    """Files of every project module that `module` imports, transitively, and the data files beside them."""
    files: set[Path] = set()
    queue = [module]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name in seen or name.split(".")[0] not in PROJECT:
            continue
        seen.add(name)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        path = Path(spec.origin)
        files.add(path)
        queue.append(name.rpartition(".")[0])
        if path.name != "__init__.py":
            files.update(near for near in path.parent.iterdir() if near.suffix in DATA_SUFFIXES)
        queue += _imports(path)
    return files


def _imports(path: Path) -> Iterator[str]:
    """Project modules a file imports, wherever in it, and every plug-in of the kinds it asks the registry for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PROJECT:
            yield node.module
            for alias in node.names:
                with contextlib.suppress(ModuleNotFoundError):
                    if importlib.util.find_spec(f"{node.module}.{alias.name}"):
                        yield f"{node.module}.{alias.name}"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "names")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "registry"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            folder = registry.FOLDERS[str(node.args[0].value)]
            spec = importlib.util.find_spec(folder)
            if spec and spec.origin and folder != "medmodel.stages":  # a stage's own fields are in its key as config
                yield from (f"{folder}.{near.stem}" for near in Path(spec.origin).parent.glob("*.py"))
