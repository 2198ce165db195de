"""A clinic's own guidelines: added as files, searched beside the release's references from the next start.

    medmodel refs add protocol.pdf --licence internal --tier local
    medmodel refs list
    medmodel refs remove protocol-1f3a9c2b

`medmodel.rag.conversion` reads them. They lie in `$MEDMODEL_HOME/refs`: the file itself, its text as a Document, and an
index over all of them, of which each change makes a new generation: only what is new is embedded, and what is removed is in
no generation any more. They enter no training. Scanned PDFs have no text and are refused. A file with sentences that look like
orders to a model is kept, and says so when it is added and listed; those sentences never reach a prompt or a quote
(`medmodel.rag.injection`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, get_args

from medmodel.artifacts import write_atomic
from medmodel.errors import ArtifactError, InputError, UnknownName
from medmodel.rag.conversion import READERS, markdown
from medmodel.rag.index import Index, build_index, update_index
from medmodel.rag.injection import orders
from medmodel.rag.passages import split_document
from medmodel.recipe import home_dir
from medmodel.records import Document, Source, Tier

LARGEST = 50_000_000  # bytes


class Listed(NamedTuple):
    """One line of `medmodel refs list`."""

    id: str
    title: str
    tier: str
    licence: str
    passages: int
    orders: int  # sentences that look like instructions to a model


def home() -> Path:
    return home_dir() / "refs"


def add(path: Path, *, licence: str, tier: str) -> list[Document]:
    """Add a file, or every readable file of a folder; returns the new references. Nothing is added if one fails."""
    paths = sorted(p for p in path.rglob("*") if p.suffix.lower() in READERS) if path.is_dir() else [path]
    if not paths:
        raise InputError(f"{path} holds no file that can be read; known: {', '.join(sorted(READERS))}")
    if not licence.strip():
        raise InputError("a reference needs a licence: an SPDX name, or 'internal'")
    added = [read(one, licence=licence, tier=tier) for one in paths]
    for one, document in zip(paths, added, strict=True):
        folder = home() / "documents" / document.source.id
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one, folder / f"original{one.suffix.lower()}")
        write_atomic(folder / "document.json", document.model_dump_json())
    _bring_up_to_date(added)
    return added


def listing() -> list[Listed]:
    return [
        Listed(d.source.id, d.source.title, d.source.tier, d.source.licence, len(split_document(d)), len(warnings(d)))
        for d in documents()
    ]


def warnings(document: Document) -> list[str]:
    """One line for every sentence of a reference that looks like an order to a model."""
    return [f"characters {span.start} to {span.end}: {why}" for span, why in orders(document)]


def remove(reference: str) -> None:
    """Forget a reference and its file. Raises InputError with the known ids."""
    folder = home() / "documents" / reference
    known = [document.source.id for document in documents()]
    if reference not in known:
        raise InputError(f"there is no reference '{reference}'; known: {', '.join(known) or 'none'}")
    shutil.rmtree(folder)
    _bring_up_to_date()


def documents() -> list[Document]:
    files = sorted((home() / "documents").glob("*/document.json"))
    return [Document.model_validate_json(file.read_bytes()) for file in files]


def load_index() -> Index | None:
    """The index over all references; None when there are none. One that is damaged, behind, or another version's is mended."""
    there = {document.id for document in documents()}
    if not there:
        return None
    try:
        index = Index.open(_folder())
        if not index.notice and index.documents() == there:
            return index
    except ArtifactError:
        pass  # it is made again from the references themselves
    _bring_up_to_date()
    return Index.open(_folder())


def read(path: Path, *, licence: str, tier: str) -> Document:
    """One file as a Document. Raises InputError when it cannot be read, or has no text to speak of."""
    kind = READERS.get(path.suffix.lower())
    if tier not in get_args(Tier):
        raise UnknownName("tier", tier, get_args(Tier))
    if kind is None:
        raise InputError(f"{path.name}: files of the kind '{path.suffix}' cannot be read; known: {', '.join(sorted(READERS))}")
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path.name} is larger than {LARGEST // 1_000_000} MB; split it")
    raw = path.read_bytes()
    text = markdown(kind, raw, path.name)
    digest = hashlib.sha256(raw).hexdigest()[:8]
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "reference"
    heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
    source = Source.model_validate(
        {
            "id": f"{name}-{digest}",
            "title": heading[1].strip() if heading else path.stem,
            "organization": "own reference",
            "year": datetime.fromtimestamp(path.stat().st_mtime, UTC).year,
            "licence": licence,
            "tier": tier,
        }
    )
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text)) > len(text) / 4
    return Document(id=f"{source.id}/text", text=text, source=source, domain="local", language="zh" if chinese else "en")


def _bring_up_to_date(changed: Sequence[Document] = ()) -> None:
    """Make the index hold the references that there are, those that an interrupted change left out or behind included."""
    there = {document.id: document for document in documents()}
    for older in (*home().glob("index-*"), home() / "current"):  # of a medmodel before generations
        shutil.rmtree(older) if older.is_dir() else older.unlink(missing_ok=True)
    if not there:
        shutil.rmtree(_folder(), ignore_errors=True)
        return
    try:
        held = Index.open(_folder()).documents()
    except ArtifactError:
        shutil.rmtree(_folder(), ignore_errors=True)
        build_index(there.values(), _folder())
        return
    new = {document.id for document in changed} | (there.keys() - held)
    update_index(_folder(), add=[there[name] for name in sorted(new)], forget=sorted(held - there.keys()))


def _folder() -> Path:
    return home() / "index"
