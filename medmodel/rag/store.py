"""The passages of one generation as they lie on disk, read when they are asked for: a million need no million objects.

    documents/00000.jsonl    id and source of every document that was indexed, passages or none
    passages/00000.jsonl     Passage records; their order is that of every other file
    repeated/00000.jsonl     passages whose text another passage has: not searched, but kept for the day that one goes
    withdrawn/00000.jsonl    what is known of passages that have gone
    keys.bin                 16 bytes a passage: the beginning of the SHA-256 of what is embedded
    vectors.npy              one unit vector a passage, float32
    sentences.npy            one unit vector a sentence, float16 (an error of .0005 in a cosine); may be missing
    starts.npy               the row in sentences.npy of each passage's first sentence

Files stay mapped while a Store is open: a server goes on with a generation that has been deleted meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from medmodel import prompts
from medmodel.artifacts import read_records
from medmodel.records import Passage, Record, Withdrawn

KEY = 16  # bytes
CACHED = 20_000  # passages kept as objects, some 5 kB each
_ID = re.compile(rb'^\{"id":"((?:[^"\\]|\\.)*)"', re.MULTILINE)


class Indexed(Record):
    """A document that an index holds."""

    id: str
    source: str


class Store(Mapping[str, Passage]):
    """Passages by id, in the order of their vectors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines, self._documents, self._withdrawn = (
            _mapped(shard(folder, name)) for name in ("passages", "documents", "withdrawn")
        )
        self._starts = array("q")
        self.ids: list[str] = []
        for line in _ID.finditer(self._lines):
            self._starts.append(line.start())
            self.ids.append(json.loads(b'"' + line[1] + b'"'))
        self._starts.append(len(self._lines))
        self._rows = {identity: row for row, identity in enumerate(self.ids)}
        mapped: Literal["r"] | None = "r" if self.ids else None  # nothing cannot be mapped
        self.vectors: npt.NDArray[np.float32] = np.load(folder / "vectors.npy", mmap_mode=mapped)
        has_sentences = (folder / "sentences.npy").exists()
        self.sentences: npt.NDArray[np.float16] | None = (
            np.load(folder / "sentences.npy", mmap_mode=mapped) if has_sentences else None
        )
        self.starts: npt.NDArray[np.int64] = np.load(folder / "starts.npy")
        self._read = lru_cache(maxsize=CACHED)(lambda row: Passage.model_validate_json(self.line(row)))

    def __getitem__(self, passage_id: str) -> Passage:
        return self._read(self._rows[passage_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, passage_id: object) -> bool:
        return passage_id in self._rows

    def line(self, row: int) -> bytes:
        """The record as it is written, with its line's end."""
        return self._lines[self._starts[row] : self._starts[row + 1]]

    def row(self, passage_id: str) -> int:
        return self._rows[passage_id]

    @cached_property
    def withdrawn(self) -> dict[str, Withdrawn]:
        lines = bytes(self._withdrawn).splitlines()
        return {gone.passage_id: gone for gone in map(Withdrawn.model_validate_json, lines)}

    def digests(self) -> Iterator[bytes]:
        """The key of each passage."""
        raw = (self.folder / "keys.bin").read_bytes()
        return (raw[at : at + KEY] for at in range(0, len(raw), KEY))

    def documents(self) -> Iterator[Indexed]:
        return map(Indexed.model_validate_json, bytes(self._documents).splitlines())

    def repeated(self) -> Iterator[Passage]:
        return read_records(self.folder / "repeated", Passage)


def shard(folder: Path, name: str) -> Path:
    """The one file of a record set."""
    return folder / name / "00000.jsonl"


def searchable(passage: Passage) -> str:
    """What is embedded and indexed: the heading path and publisher before the text, which alone may not name its topic."""
    return f"{prompts.publisher(passage)}. {title(passage)}\n{passage.text}"


def title(passage: Passage) -> str:
    return " > ".join(passage.heading) or passage.source.title


def sentence_texts(passage: Passage) -> list[str]:
    """What is embedded of each sentence: the topic and heading it stands under before it."""
    heading = f"{prompts.topic(passage)}: {passage.heading[-1] if passage.heading else ''}"
    return [f"{heading}: {prompts.one_line(passage.sentence(at))}" for at in range(len(passage.sentences))]


def key(text: str) -> bytes:
    """The beginning of a text's SHA-256: of a billion texts, two share it with a chance of 10^-21."""
    return hashlib.sha256(text.encode()).digest()[:KEY]


def _mapped(path: Path) -> mmap.mmap | bytes:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
