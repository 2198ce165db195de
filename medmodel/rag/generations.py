"""Versions of an index under one folder: written whole, switched to at once, and the one before kept in case.

    CURRENT                  {"generation": 3, "previous": 2}: what is served, and what is when that is damaged
    generations/00002/       the one before
    generations/00003/       its files, and manifest.json with the SHA-256 of each, written last
    generations/00004.partial/   one being written; a killed writer's is found again by the next

A generation is copied, not linked, from the one before: damage to one leaves the other whole. One write both switches and
says that there is no previous one: what a generation has forgotten is served no more, even if the power goes before it is
deleted.
Manifests hold no time of day: the same documents give the same bytes. A manifest says what was built, not by whom: that
is the release's signature.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from medmodel.artifacts import MANIFEST, FileEntry, file_sha256, fsync_folder, hash_files, write_atomic
from medmodel.errors import AnotherRun, ArtifactError

SCHEMA_VERSION = 3  # 1 had no field for headings, 2 no generations
POINTER = "CURRENT"
LOCK = "writing.lock"
_NAME = re.compile(r"\d{5}")
_AGAIN = "build it again"


class Generation(NamedTuple):
    number: int
    folder: Path
    about: dict[str, Any]  # of its manifest
    notice: str = ""  # why it is not the newest that is served, in a sentence to be shown; "" when it is


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    number: int
    about: dict[str, Any]
    files: tuple[FileEntry, ...]


class _Pointer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: int
    previous: int | None


def newest(root: Path) -> Generation:
    """The generation to serve, every file of it verified. Raises ArtifactError when none is whole."""
    while True:
        pointer = _pointer(root)
        faults: list[tuple[int, str]] = []
        for number in _candidates(root, pointer):
            try:
                about = _verified(root, number)
            except ArtifactError as fault:
                faults.append((number, str(fault)))
                continue
            return Generation(number, _folder(root, number), about, _notice(number, faults))
        if _pointer(root) == pointer:
            break  # else a writer has switched and cleared away meanwhile
    if faults:
        raise ArtifactError(f"the index in {root} cannot be used: {faults[0][1]}; {_AGAIN}")
    if (root / "index.json").exists():
        raise ArtifactError(
            f"the index in {root} has schema version {_old_version(root)}, this medmodel reads {SCHEMA_VERSION}; {_AGAIN}"
        )
    raise ArtifactError(f"there is no index in {root}, or what says which generation is served is missing; {_AGAIN}")


def exists(root: Path) -> bool:
    return (root / POINTER).exists()


def served(root: Path) -> int | None:
    """The number of the generation that is served, unverified; None before the first build."""
    pointer = _pointer(root)
    return pointer.generation if pointer else None


@contextmanager
def writing(root: Path) -> Iterator[Path]:
    """The folder to write the next generation in, for one writer at a time. A killed writer's files are still in it."""
    root.mkdir(parents=True, exist_ok=True)
    with open(root / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AnotherRun(f"the index in {root} is being written by another process; wait for it, or stop it") from None
        clear(root)
        partial = _folder(root, _next(root)).with_suffix(".partial")
        for other in (root / "generations").glob("*.partial"):
            if other != partial:
                shutil.rmtree(other)
        partial.mkdir(parents=True, exist_ok=True)
        yield partial


def publish(root: Path, partial: Path, about: dict[str, Any], previous: int | None) -> Generation:
    """Hash, fsync, rename, switch; then delete every generation but this one and `previous`."""
    files = tuple(hash_files(partial))
    for entry in files:
        _fsync(partial / entry.path)
    number = int(partial.stem)
    manifest = _Manifest(schema_version=SCHEMA_VERSION, number=number, about=about, files=files)
    write_atomic(partial / MANIFEST, manifest.model_dump_json(indent=1))
    fsync_folder(partial)
    final = _folder(root, number)
    os.replace(partial, final)
    fsync_folder(final.parent)
    write_atomic(root / POINTER, _Pointer(generation=number, previous=previous).model_dump_json())
    fsync_folder(root)
    clear(root)
    return Generation(number, final, about)


def clear(root: Path) -> None:
    """Delete generations that are never served: those before the previous one, and those never switched to."""
    pointer = _pointer(root)
    if pointer is None:
        return
    for number in _numbers(root):
        if number not in (pointer.generation, pointer.previous):
            shutil.rmtree(_folder(root, number))
    fsync_folder(root / "generations")


def _candidates(root: Path, pointer: _Pointer | None) -> list[int]:
    """Numbers of the generations that may be served, the wanted one first."""
    if pointer is None:
        return _numbers(root)[-1:]  # an older one may hold what this one has forgotten
    return [number for number in (pointer.generation, pointer.previous) if number is not None]


def _verified(root: Path, number: int) -> dict[str, Any]:
    folder = _folder(root, number)
    what = f"generation {number}"
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        if isinstance(raw, dict) and raw.get("schema_version") != SCHEMA_VERSION:
            raise ArtifactError(
                f"{what} has schema version {raw.get('schema_version', 1)}, this medmodel reads {SCHEMA_VERSION}"
            )
        manifest = _Manifest.model_validate(raw)
    except FileNotFoundError:
        raise ArtifactError(f"{what} is missing") from None
    except (ValidationError, ValueError):
        raise ArtifactError(f"{what} is damaged: its {MANIFEST} cannot be read") from None
    if manifest.number != number:
        raise ArtifactError(f"{what} is damaged: its {MANIFEST} is that of generation {manifest.number}")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    for entry in manifest.files:
        path = folder / entry.path
        if entry.path not in there:
            raise ArtifactError(f"{what} is damaged: {entry.path} is missing")
        if path.stat().st_size != entry.size or file_sha256(path) != entry.sha256:
            raise ArtifactError(f"{what} is damaged: {entry.path} is not the file that was built (its SHA-256 differs)")
        there.remove(entry.path)
    for added in sorted(there):
        raise ArtifactError(f"{what} is damaged: {added} was added after it was built")
    return manifest.about


def _notice(served: int, faults: list[tuple[int, str]]) -> str:
    if not faults:
        return ""
    return f"The newest references cannot be used ({faults[0][1]}); generation {served}, the one before, is shown. Build them again."


def _pointer(root: Path) -> _Pointer | None:
    try:
        return _Pointer.model_validate_json((root / POINTER).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _numbers(root: Path) -> list[int]:
    folders = (root / "generations").glob("*") if (root / "generations").exists() else ()
    return sorted(int(path.name) for path in folders if _NAME.fullmatch(path.name) and path.is_dir())


def _next(root: Path) -> int:
    pointer = _pointer(root)
    return 1 + max([*_numbers(root), pointer.generation if pointer else 0])


def _folder(root: Path, number: int) -> Path:
    return root / "generations" / f"{number:05d}"


def _old_version(root: Path) -> Any:
    try:
        return json.loads((root / "index.json").read_bytes()).get("schema_version", 1)
    except (ValueError, AttributeError):
        return "unknown"


def _fsync(path: Path) -> None:
    with open(path, "rb") as written:
        os.fsync(written.fileno())
