"""A stage's output folder, which exists whole or not at all.

Work happens in `<name>.partial`; the manifest is written last, then one rename publishes the folder. A crash leaves a
partial that the next run resumes or clears, never a half artifact. `lineage` walks manifests back to the sources.

The content digest covers *records sorted by id*, not files, so one shard and two shards of the same records agree;
other files (weights, an index) are covered by their SHA-256.

    artifact = open_artifact(path)
    for document in artifact.read("documents", Document): ...
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from medmodel.errors import ArtifactError
from medmodel.records import Record

MANIFEST = "manifest.json"
SCRATCH = ("job.json", "log.txt", "progress.jsonl")  # about the run, not the result: in no digest
R = TypeVar("R", bound=BaseModel)


class FileEntry(Record):
    path: str
    size: int  # bytes
    sha256: str


class Input(Record):
    stage: str
    path: str  # relative to the store; where it was, not what it is: not part of any key
    key: str
    digest: str


class Manifest(BaseModel):
    """What was made, from what, by which code. `digest` says what it contains, `key` what was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    stage: str  # the name in the recipe
    uses: str  # the stage plug-in
    key: str
    config: dict[str, Any]
    inputs: dict[str, Input]
    code: str  # digest of every project module the stage imports
    packages: dict[str, str]
    outside: dict[str, str] = Field(default_factory=dict)  # what it read beside its inputs: name -> digest
    counts: dict[str, Any]
    digest: str
    files: tuple[FileEntry, ...]
    created: datetime
    seconds: float


class Artifact:
    """A published folder and its manifest."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @property
    def digest(self) -> str:
        return self.manifest.digest

    def read(self, name: str, record: type[R]) -> Iterator[R]:
        """Every record of the set `name`, in file order. Raises ArtifactError with file and line."""
        yield from read_records(self.path / name, record)

    def verify(self) -> None:
        """Hash every file. Raises ArtifactError naming the first that differs, is missing, or was added."""
        check_files(self.path, self.manifest.files, what=f"artifact {self.path.name}")


def open_artifact(path: Path | str) -> Artifact:
    """Load a published folder. Raises ArtifactError when there is no manifest, or it does not parse."""
    path = Path(path)
    try:
        manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ArtifactError(f"{path} is no artifact: it has no {MANIFEST}; run `medmodel run` to make it") from None
    except ValidationError as error:
        raise ArtifactError(
            f"{path / MANIFEST} is damaged ({error.error_count()} faults); delete the folder and run again"
        ) from None
    return Artifact(path, manifest)


def write_records(folder: Path, records: Iterable[Record], shard: int = 0) -> int:
    """Write one shard of a record set as JSON lines; returns how many. Replaces the shard, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{shard:05d}.jsonl"
    count = 0
    with open(target.with_suffix(".tmp"), "w", encoding="utf-8") as out:
        for record in records:
            out.write(record.model_dump_json(exclude_defaults=True) + "\n")
            count += 1
        out.flush()
        os.fsync(out.fileno())
    os.replace(target.with_suffix(".tmp"), target)
    return count


def read_records(folder: Path, record: type[R]) -> Iterator[R]:
    """Records of every shard in a folder. Raises ArtifactError with the file and line of a bad one."""
    shards = sorted(folder.glob("*.jsonl"))
    if not shards:
        raise ArtifactError(f"no records in {folder}; the stage that writes them has not run")
    for shard in shards:
        with open(shard, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield record.model_validate_json(line)
                except ValidationError as error:
                    where = ".".join(str(part) for part in error.errors()[0]["loc"])
                    raise ArtifactError(f"{shard}:{number} is no {record.__name__} (field '{where}')") from None


def publish(
    partial: Path,
    final: Path,
    *,
    stage: str,
    uses: str,
    key: str,
    config: dict[str, Any],
    inputs: dict[str, Input],
    code: str,
    packages: dict[str, str],
    counts: dict[str, Any],
    seconds: float,
    outside: dict[str, str] | None = None,
) -> Artifact:
    """Digest, fsync, write the manifest, rename: after this the artifact exists; before it, nothing does."""
    for scratch in SCRATCH:
        if (partial / scratch).exists() and scratch != "log.txt":
            (partial / scratch).unlink()
    files = tuple(hash_files(partial))
    manifest = Manifest(
        stage=stage,
        uses=uses,
        key=key,
        config=config,
        inputs=inputs,
        code=code,
        packages=packages,
        outside=outside or {},
        counts=counts,
        digest=content_digest(partial, files),
        files=files,
        created=datetime.now(UTC),
        seconds=round(seconds, 1),
    )
    write_atomic(partial / MANIFEST, manifest.model_dump_json(indent=1))
    if final.exists():  # a damaged artifact of the same key makes room only now that its successor is whole
        shutil.rmtree(final)
    os.replace(partial, final)
    fsync_folder(final.parent)
    return Artifact(final, manifest)


def write_atomic(path: Path, text: str) -> None:
    """Write a file that is either the old text or the new, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, path)


def hash_files(folder: Path) -> Iterator[FileEntry]:
    """Every file under a folder but the manifest and scratch, sorted by path."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST and name not in SCRATCH:
            yield FileEntry(path=name, size=path.stat().st_size, sha256=file_sha256(path))


def file_sha256(path: Path) -> str:
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def check_files(folder: Path, files: Iterable[FileEntry], what: str) -> None:
    """Raise ArtifactError naming the first file that is missing, changed, or not in the list."""
    listed = {entry.path: entry for entry in files}
    for path, entry in sorted(listed.items()):
        target = folder / path
        if not target.is_file():
            raise ArtifactError(f"{what}: {path} is missing")
        if target.stat().st_size != entry.size or file_sha256(target) != entry.sha256:
            raise ArtifactError(f"{what}: {path} is not what was published (its SHA-256 differs)")
    for extra in hash_files(folder):
        if extra.path not in listed:
            raise ArtifactError(f"{what}: {extra.path} was added after it was published")


def content_digest(folder: Path, files: Iterable[FileEntry]) -> str:
    """SHA-256 over record sets (sorted by id, shards joined) and the other files' SHA-256."""
    whole = hashlib.sha256()
    sets: dict[str, list[str]] = {}
    for entry in files:
        parent, _, name = entry.path.rpartition("/")
        if parent and re.fullmatch(r"\d{5}\.jsonl", name):
            sets.setdefault(parent, []).append(entry.path)
        else:
            whole.update(f"{entry.path}\0{entry.sha256}\n".encode())
    for name, shards in sorted(sets.items()):
        lines = []
        for shard in shards:
            with open(folder / shard, "rb") as records:
                for line in records:
                    lines.append((json.loads(line)["id"], hashlib.sha256(line.rstrip(b"\n")).hexdigest()))
        whole.update(f"{name}\0{len(lines)}\n".encode())
        for identity, digest in sorted(lines):
            whole.update(f"{identity}\0{digest}\n".encode())
    return whole.hexdigest()


def lineage(path: Path | str) -> list[Manifest]:
    """The artifact's manifest and those of everything it was made from, nearest first, each once.

    An input that has since left the store is an ArtifactError naming it.
    """
    first = open_artifact(path)
    store = first.path.parent
    found: dict[str, Manifest] = {}
    queue = [first]
    while queue:
        artifact = queue.pop(0)
        if artifact.manifest.key in found:
            continue
        found[artifact.manifest.key] = artifact.manifest
        queue += [open_artifact(store / needed.path) for needed in artifact.manifest.inputs.values()]
    return list(found.values())


def fsync_folder(path: Path) -> None:
    """What was renamed or deleted in a folder is so after a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
