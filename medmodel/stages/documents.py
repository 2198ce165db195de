"""What a recipe may say of documents."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from medmodel.artifacts import file_sha256
from medmodel.errors import InputError
from medmodel.recipe import StageConfig, data_dir
from medmodel.registry import register


class Executor(BaseModel):
    """Where the flow runs; the records are the same on any executor and number of workers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local", "slurm", "ray"] = "local"
    workers: int = Field(default=1, ge=1)  # shards at a time
    options: dict[str, Any] = Field(default_factory=dict)  # datatrove's own: {time: "01:00:00", partition: cpu} for Slurm


@register("stage", "documents")
class Documents(StageConfig):
    module: ClassVar[str] = "data_build.flow"
    optional: ClassVar[tuple[str, ...]] = ("names",)  # what tells names from other words
    packages: ClassVar[tuple[str, ...]] = ("datatrove", "rensa", "open-medicine")
    unkeyed: ClassVar[tuple[str, ...]] = ("executor",)

    # a name, or a format and where it is: {format: jsonl, path: notes.jsonl, licence: CC-BY-4.0, tier: textbook}
    sources: tuple[str | dict[str, Any], ...] = ("open_medicine", "differentials", "general")
    heldout_guidelines: int = 8  # whole guidelines that nothing is trained on; about 30 sections, enough for 32 cases
    heldout_complaints: int = 3
    always_train: tuple[str, ...] = ()  # ids of sources
    always_heldout: tuple[str, ...] = ()  # the same; counts towards the numbers above; more of them than that are all held out
    forget: tuple[str, ...] = ()  # ids of sources or documents, or the beginning of ids: left out, as if never there
    phi: bool = False  # replace what may point to a person: for notes and dialogues
    protected: dict[str, str] = Field(default_factory=dict)  # published test -> SHA-256 of its hashed n-grams' file
    near_duplicate: float = 0.8  # Jaccard of word 5-grams: below it, revisions of one guideline pass as new
    paragraph_copies: int = 0  # cut a paragraph that stands in so many documents, but for one; 0 cuts none
    executor: Executor = Executor()

    def seconds(self) -> float:
        return 15.0

    def outside(self) -> dict[str, str]:
        """The files that the sources are read from, by source, and the key of surrogates: others are another stage key."""
        found = {"phi key": hashlib.sha256(phi_key().encode()).hexdigest()} if self.phi else {}
        return found | source_digests(self.sources)


def source_digests(sources: Iterable[str | dict[str, Any]]) -> dict[str, str]:
    """The digest of the files of each source that reads some."""
    found = {}
    for source in sources:
        path = _path_of(source)
        if path:
            found[str(source) if isinstance(source, str) else str(source["path"])] = _digest(path)
    return found


def phi_key() -> str:
    """What surrogates and date shifts are derived from (`$MEDMODEL_PHI_KEY`): a secret, where texts are real notes."""
    return os.environ.get("MEDMODEL_PHI_KEY", "medmodel")


def _path_of(source: str | dict[str, Any]) -> Path | None:
    """Where a source reads files that are not part of a package; None when it reads none."""
    if isinstance(source, dict):
        if "format" not in source:
            raise InputError("documents.sources: an entry that is no name needs `format:`, and mostly `path:` and `licence:`")
        path = Path(str(source["path"])).expanduser() if "path" in source else None
        if path and not path.exists():
            raise InputError(f"documents.sources: there is no {path}")
        return path
    data = data_dir()
    return data / source if data and (data / source).exists() else None


def _digest(path: Path) -> str:
    """Over the names and bytes of a file, or of all files in a folder."""
    whole = hashlib.sha256()
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        whole.update(f"{file.relative_to(path).as_posix()}\0{file_sha256(file)}\n".encode())
    return whole.hexdigest()
