"""Writing one generation of an index: what stays of the one before, then what is new, in blocks.

What stays is copied with its vectors; what is new is embedded `BLOCK` passages at a time, so a million need no more memory
than a few thousand, beside their ids and 16 bytes each to know a text by that occurs twice. A text that occurs twice is
searched once, under the id that came first, and counted; when that one goes, the other takes its place and its vector.
The dense and the lexical index are then made anew over all: of those seconds or minutes nothing can be left behind.

A killed build is taken up by the next after its last whole block (`medmodel.rag.vectors`), and ends in the same bytes.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from medmodel.errors import InputError
from medmodel.rag import ann, lexical
from medmodel.rag.passages import split_document
from medmodel.rag.store import Indexed, Store, key, searchable, shard, title
from medmodel.rag.vectors import Encoder, Fresh, blocks, write_vectors
from medmodel.records import Document, Passage, Record, Source, Withdrawn

Progress = Callable[[int, int], None]


class Change(NamedTuple):
    """How a generation differs from the one before."""

    documents: Documents
    leaving: Mapping[str, Withdrawn] = {}  # document id -> what is to be known of its passages
    sources: Mapping[str, dict[str, Any]] = {}  # source id -> fields that change
    withdrawn: Iterable[Withdrawn] = ()  # known from before


def write(partial: Path, before: Store | None, change: Change, encoder: Encoder, progress: Progress) -> dict[str, Any]:
    """Every file of a generation; returns what its manifest says about it."""
    for made_again in ("dense", "lexical"):
        shutil.rmtree(partial / made_again, ignore_errors=True)
    laid = _write_passages(partial, before, change)
    dimensions = write_vectors(partial, before, laid.fresh, encoder, progress)
    about: dict[str, Any] = {
        "embedder": encoder.name,
        "dimensions": dimensions,
        "passages": laid.fresh.passages,
        "sentences": laid.fresh.sentences,
        "sentence_vectors": encoder.sentences,
        "repeated": laid.repeated,
    }
    if laid.fresh.passages:
        about["dense"] = ann.build(blocks(partial / "vectors.npy"), laid.fresh.passages, dimensions, partial / "dense")
        lexical.build(partial / "lexical", ((title(p), searchable(p)) for p in _read(partial)))
    return about


class Documents:
    """Documents sorted by id, in a file: only their ids and places are in memory. Raises InputError at a second of one id."""

    def __init__(self, documents: Iterable[Document], file: Path) -> None:
        self._file = file
        self.ids: list[str] = []
        self._places = array("q")
        with open(file, "wb") as out:
            for document in documents:
                self.ids.append(document.id)
                self._places.append(out.tell())
                out.write(_line(document))
        self._order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        for one, other in zip(self._order, self._order[1:], strict=False):
            if self.ids[one] == self.ids[other]:
                raise InputError(
                    f"two documents have the id '{self.ids[one]}': citations could not tell them apart; rename one"
                )

    def __enter__(self) -> Documents:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink()

    def __iter__(self) -> Iterator[Document]:
        with open(self._file, "rb") as lines:
            for at in self._order:
                lines.seek(self._places[at])
                yield Document.model_validate_json(lines.readline())


class _Laid(NamedTuple):
    fresh: Fresh
    repeated: int


def _write_passages(partial: Path, before: Store | None, change: Change) -> _Laid:
    """All records but the vectors, what stays first."""
    with _Files(partial) as files:
        gone = {one.passage_id: one for one in change.withdrawn}
        kept = array("q")
        reuse: dict[bytes, int] = {}
        if before:
            for row, (passage_id, known) in enumerate(zip(before.ids, before.digests(), strict=True)):
                leaving = change.leaving.get(passage_id.rpartition("#")[0])
                if leaving:
                    gone[passage_id] = leaving.model_copy(update={"passage_id": passage_id})
                    reuse[known] = row
                else:
                    kept.append(row)
                    files.add(before.line(row), known, int(before.starts[row + 1] - before.starts[row]), change.sources)
            for held in before.documents():
                if held.id not in change.leaving:
                    files.documents.write(_line(held))
        for passage in _arriving(files, before, change):
            known = key(searchable(passage))
            if known in files.known:
                files.repeat(passage)
            else:
                gone.pop(passage.id, None)
                files.add(_line(passage), known, len(passage.sentences), {})
        for withdrawn in gone.values():
            files.withdrawn.write(_line(withdrawn))
        return _Laid(Fresh(kept, array("q", files.starts), reuse), files.repeats)


def _arriving(files: _Files, before: Store | None, change: Change) -> Iterator[Passage]:
    """Passages that may be new: those whose twin may have gone, and those of new documents."""
    for passage in before.repeated() if before else ():
        if passage.document_id not in change.leaving:
            yield _changed(passage, change.sources)
    for document in change.documents:
        files.documents.write(_line(Indexed(id=document.id, source=document.source.id)))
        yield from split_document(document)


class _Files:
    """The record files of a generation being written."""

    def __init__(self, partial: Path) -> None:
        self._partial = partial
        self.known: set[bytes] = set()
        self.starts = array("q", [0])
        self.repeats = 0

    def __enter__(self) -> _Files:
        self.documents, self.passages, self.repeated, self.withdrawn = (
            _new(shard(self._partial, name)) for name in ("documents", "passages", "repeated", "withdrawn")
        )
        self._keys = _new(self._partial / "keys.bin")
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self.documents, self.passages, self.repeated, self.withdrawn, self._keys):
            file.close()
        np.save(self._partial / "starts.npy", np.frombuffer(self.starts, dtype=np.int64))

    def add(self, line: bytes, known: bytes, sentences: int, sources: Mapping[str, dict[str, Any]]) -> None:
        if sources:
            line = _line(_changed(Passage.model_validate_json(line), sources))
        self.passages.write(line)
        self._keys.write(known)
        self.known.add(known)
        self.starts.append(self.starts[-1] + sentences)

    def repeat(self, passage: Passage) -> None:
        self.repeated.write(_line(passage))
        self.repeats += 1


def _changed(passage: Passage, sources: Mapping[str, dict[str, Any]]) -> Passage:
    if passage.source.id not in sources:
        return passage
    source = Source.model_validate(passage.source.model_dump() | sources[passage.source.id])
    return passage.model_copy(update={"source": source})


def _read(partial: Path) -> Iterator[Passage]:
    with open(shard(partial, "passages"), "rb") as lines:
        for line in lines:
            yield Passage.model_validate_json(line)


def _line(record: Record) -> bytes:
    return record.model_dump_json(exclude_defaults=True).encode() + b"\n"


def _new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return open(path, "wb")
