"""What a recipe may say of documents."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from medmodel import forgetting
from medmodel.artifacts import file_sha256
from medmodel.errors import InputError
from medmodel.recipe import StageConfig, data_dir
from medmodel.registry import register

PUBLIC_KEY = "medmodel"
PUBLISHED_TIERS = ("guideline", "review", "textbook", "patient")
CONVERTERS = {"html": ("trafilatura",), "pdf": ("docling", "pypdf"), "docx": ("docling", "python-docx")}  # by format
OPEN_DOMAINS = ("note", "dialogue")  # a patient may speak there, whatever the tier


class Executor(BaseModel):
    """Where the flow runs; the records are the same on any executor and number of workers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local", "slurm", "ray"] = "local"
    workers: int = Field(default=1, ge=1)  # shards at a time
    options: dict[str, Any] = Field(default_factory=dict)  # datatrove's own: {time: "01:00:00", partition: cpu} for Slurm


@register("stage", "documents")
class Documents(StageConfig):
    module: ClassVar[str] = "data_build.flow"
    optional: ClassVar[tuple[str, ...]] = ("names", "quality")  # models: which words are names; how good a text is
    packages: ClassVar[tuple[str, ...]] = ("datatrove", "rensa", "open-medicine")
    unkeyed: ClassVar[tuple[str, ...]] = ("executor",)

    # a name, or a format and where it is: {format: jsonl, path: notes.jsonl, licence: CC-BY-4.0, tier: textbook}
    sources: tuple[str | dict[str, Any], ...] = ("open_medicine", "differentials", "general")
    heldout_guidelines: int = 8  # whole guidelines that nothing is trained on; about 30 sections, enough for 32 cases
    heldout_complaints: int = 3
    always_train: tuple[str, ...] = ()  # ids of sources
    always_heldout: tuple[str, ...] = ()  # the same; counts towards the numbers above; more of them than that are all held out
    forget: tuple[str, ...] = ()  # ids of sources or documents, or the beginning of ids: left out, as if never there
    languages: tuple[Literal["en", "zh", "mixed", "other"], ...] = ()  # what to keep; none named: no language is asked for
    quality_rules: bool = False  # drop what no reader would miss: data_build/steps/quality.yaml
    min_quality: float = Field(default=0.0, ge=0, le=1)  # drop below this score of the input `quality`; 0 only tags
    phi: bool = False  # replace what may point to a person: for notes and dialogues
    protected: dict[str, str] = Field(default_factory=dict)  # published test -> SHA-256 of its hashed n-grams' file
    cases: tuple[str, ...] = ()  # files or folders of questions that no document may repeat: tests at hand
    near_duplicate: float = 0.8  # Jaccard of word 5-grams: below it, revisions of one guideline pass as new
    near_by: Literal["memory", "shuffle"] = "memory"  # one node: 1M passages in 0.8 GB; shuffle: datatrove's stages, beyond it
    paragraph_copies: int = 0  # cut a paragraph that stands in so many documents, but for one; 0 cuts none
    executor: Executor = Executor()

    @field_validator("min_quality")
    @classmethod
    def _has_a_head(cls, value: float, info: ValidationInfo) -> float:
        if value and "quality" not in info.data.get("needs", {}):
            raise ValueError("needs the input `quality`: a stage of kind quality_head gives the score")
        return value

    def check(self) -> None:
        """Sources, their terms and options; files that the recipe names; the key of a clinic's own files."""
        for source in self.sources:
            _path_of(source)
            if self.phi and isinstance(source, dict):
                check_source(phi_key(), source)
        for case in self.cases:
            if not Path(case).expanduser().exists():
                raise InputError(f"documents.cases: there is no {case}")
        if importlib.util.find_spec("data_build"):  # it is in no wheel, and running the stage says so
            importlib.import_module("data_build.entries").check_sources(self.sources)

    def seconds(self) -> float:
        return 15.0

    def outside(self) -> dict[str, str]:
        """What makes another stage key: the files that the sources are read from, what converts them, the key of surrogates."""
        self.check()
        found = {"phi key": hashlib.sha256(phi_key().encode()).hexdigest()} if self.phi else {}
        if forgotten := forgetting.digest():
            found["requests to forget"] = forgotten
        for case in self.cases:
            found[f"cases {case}"] = _digest(Path(case).expanduser())
        formats = {source["format"] for source in self.sources if isinstance(source, dict)}
        for package in sorted({package for kind in formats for package in CONVERTERS.get(kind, ())}):
            found[f"package {package}"] = _version(package)
        if "pdf" in formats and importlib.util.find_spec("data_build"):
            found["docling's models"] = importlib.import_module("data_build.sources.by_docling").models_at_hand()
        return found | source_digests(self.sources)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def source_digests(sources: Iterable[str | dict[str, Any]]) -> dict[str, str]:
    """The digests of what sources read that is not part of a package."""
    found = {}
    for source in sources:
        path = _path_of(source)
        if path:
            found[str(source) if isinstance(source, str) else str(source["path"])] = _digest(path)
    return found


def phi_key() -> str:
    """What surrogates and date shifts are derived from: `$MEDMODEL_PHI_KEY`, else a word that anybody can read here.

    The public key is enough for public data sets, whose texts everybody has anyway; a clinic's notes could be restored by
    it. So it is refused there: by the stage for files that a recipe names, by the step for documents of the tier "local"
    and those of which nothing is known.
    """
    return os.environ.get("MEDMODEL_PHI_KEY", PUBLIC_KEY)


def check_source(key: str, source: Mapping[str, Any]) -> None:
    """Raises InputError when a recipe's own files, unless published, would be de-identified with the public key."""
    if "path" in source and (source.get("tier") not in PUBLISHED_TIERS or source.get("domain") in OPEN_DOMAINS):
        _refuse(key, f"source {source['path']}")


def check_document(key: str, tier: str, domain: str, licence: str) -> None:
    """Raises InputError when a document that may be a clinic's own would be de-identified with the public key."""
    if tier == "local" or (tier == "none" and domain == "general" and licence == "n/s"):
        _refuse(key, 'step phi: a document of tier "local", or of which nothing is known,')


def _refuse(key: str, what: str) -> None:
    if key == PUBLIC_KEY:
        raise InputError(
            f"{what} may hold notes of your own, and the key '{PUBLIC_KEY}' is public, so its surrogates could be undone: "
            "set MEDMODEL_PHI_KEY (or the step's `key`) to a secret, or, if it was published, give its tier and licence"
        )


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
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        try:
            digest = file_sha256(file) if file.is_file() else ""
        except PermissionError:  # reading it will say so, of this file
            digest = "may not be read"
        if digest:
            whole.update(f"{file.relative_to(path).as_posix()}\0{digest}\n".encode())
    return whole.hexdigest()
