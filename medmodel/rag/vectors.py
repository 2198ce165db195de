"""Vectors of passages and of their sentences, written block by block: a killed build loses one block at most.

`vectors.npy` and `sentences.npy` only grow. After each block its text's SHA-256 is added to `done.jsonl`; a build that finds
that file goes on after the last block whose text is still the same, and cuts off what was written beyond.

The bytes do not depend on where a build was killed, since blocks are cut by number. They do depend on the processor: the
same texts give vectors that differ in the last bit on another.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from medmodel.artifacts import write_atomic
from medmodel.errors import ArtifactError
from medmodel.rag.store import KEY, Store, key, searchable, sentence_texts, shard
from medmodel.records import Passage

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str], str, Callable[[int], None]], Vectors]
BLOCK = 2048  # passages: two to four minutes of embedding on two cores
ROWS = 16_384  # vectors read at a time, 25 MB of 384 dimensions
PROBE = "Which treatment is recommended, and at what dose?"  # embedded with the index and by whoever searches it
ALIKE = 0.98  # cosine of the probe then and now: .996 between all-MiniLM-L6-v2 in 32 and in 8 bits


class Encoder(NamedTuple):
    name: str
    embed: Embed
    sentences: bool = True  # store a vector a sentence too


class Fresh(NamedTuple):
    """What has a vector already, and what needs one: every passage after the kept ones."""

    kept: Sequence[int]  # rows of the generation before, in order
    starts: Sequence[int]  # number of sentences before each passage, and of all
    reuse: dict[bytes, int]  # key of a text that leaves, and may come back -> its row

    @property
    def passages(self) -> int:
        return len(self.starts) - 1

    @property
    def sentences(self) -> int:
        return self.starts[-1]


def write_vectors(
    folder: Path, before: Store | None, fresh: Fresh, encoder: Encoder, progress: Callable[[int, int], None]
) -> int:
    """vectors.npy, sentences.npy and probe.npy beside the passages that lie in `folder`; returns the number of dimensions.

    `progress` is told how many texts are embedded, and of how many.
    """
    kept = len(fresh.kept)
    probe = _probe(before, encoder, embedding=kept < fresh.passages)
    np.save(folder / "probe.npy", probe)
    files = [_Growing(folder / "vectors.npy", fresh.passages, len(probe), np.float32)]
    if encoder.sentences:
        files.append(_Growing(folder / "sentences.npy", fresh.sentences, len(probe), np.float16))
    else:
        (folder / "sentences.npy").unlink(missing_ok=True)  # of a killed build that wanted them
    journal = _Journal(folder / "done.jsonl", _head(folder, before, fresh, encoder, len(probe)))
    whole = journal.whole(block.digest for block in _blocks(folder, kept))
    with ExitStack() as opened:
        if whole is None:
            for file in files:
                opened.enter_context(file.begin())
            _copy_kept(files, before, fresh)
            _settle(files)
            journal.begin()
        else:
            row = min(kept + whole * BLOCK, fresh.passages)
            for file, rows in zip(files, (row, fresh.starts[row]), strict=False):
                opened.enter_context(file.resume(rows))
        done, total = 0, fresh.passages - kept + encoder.sentences * (fresh.sentences - fresh.starts[kept])
        for number, block in enumerate(_blocks(folder, kept)):
            passages = [Passage.model_validate_json(line) for line in block.lines]
            if number >= (whole or 0):
                made = _embed(passages, before, fresh, encoder, partial(_tell, progress, done, total))
                for file, vectors in zip(files, made, strict=False):
                    file.append(vectors)
                _settle(files)
                journal.add(block.digest)
            done += len(passages) + encoder.sentences * sum(len(passage.sentences) for passage in passages)
            progress(done, total)
    journal.remove()
    return len(probe)


def blocks(file: Path) -> Iterator[Vectors]:
    """The vectors of a .npy file, some at a time; read, not mapped: of a million, mapped pages would fill the memory."""
    with open(file, "rb") as raw:
        np.lib.format.read_magic(raw)  # type: ignore[no-untyped-call]
        (_, dimensions), _, kind = np.lib.format.read_array_header_1_0(raw)  # type: ignore[no-untyped-call]
        while len(rows := np.fromfile(raw, kind, ROWS * dimensions)):
            yield rows.reshape(-1, dimensions)


def check_probe(stored: Vectors, now: Vectors, name: str) -> None:
    """Raise ArtifactError when an index was made by another encoder than the one that now goes by its name."""
    if len(stored) != len(now):
        raise ArtifactError(
            f"the index has vectors of {len(stored)} dimensions and its embedder '{name}' now gives {len(now)}; build it again"
        )
    if float(stored @ now) < ALIKE:
        raise ArtifactError(f"the index was made by another embedder than the one that is now called '{name}'; build it again")


def _tell(progress: Callable[[int, int], None], before: int, total: int, now: int) -> None:
    progress(before + now, total)


class _Block(NamedTuple):
    lines: list[bytes]

    @property
    def digest(self) -> str:
        return hashlib.sha256(b"".join(self.lines)).hexdigest()


def _blocks(folder: Path, kept: int) -> Iterator[_Block]:
    """The lines of the passages that need vectors."""
    with open(shard(folder, "passages"), "rb") as lines:
        fresh = islice(lines, kept, None)
        while block := list(islice(fresh, BLOCK)):
            yield _Block(block)


def _probe(before: Store | None, encoder: Encoder, embedding: bool) -> Vectors:
    stored: Vectors | None = np.load(before.folder / "probe.npy") if before else None
    if stored is not None and not embedding:
        return stored
    now: Vectors = encoder.embed([PROBE], encoder.name, lambda done: None)[0]
    if stored is None:
        return now
    check_probe(stored, now, encoder.name)
    return stored


def _head(folder: Path, before: Store | None, fresh: Fresh, encoder: Encoder, dimensions: int) -> str:
    """What must be the same for a killed build to be gone on with."""
    with open(folder / "keys.bin", "rb") as keys:
        kept = hashlib.sha256(keys.read(len(fresh.kept) * KEY)).hexdigest()
    of = before.folder.name if before else ""
    return json.dumps([encoder.name, encoder.sentences, dimensions, fresh.passages, fresh.sentences, of, kept])


def _copy_kept(files: Sequence[_Growing], before: Store | None, fresh: Fresh) -> None:
    if before is None:
        return
    for start in range(0, len(fresh.kept), ROWS):
        rows = np.asarray(fresh.kept[start : start + ROWS], dtype=np.int64)
        files[0].append(before.vectors[rows])
        if before.sentences is not None:
            for row in rows:
                files[1].append(before.sentences[before.starts[row] : before.starts[row + 1]])


def _embed(
    passages: Sequence[Passage], before: Store | None, fresh: Fresh, encoder: Encoder, progress: Callable[[int], None]
) -> tuple[Vectors, npt.NDArray[np.generic]]:
    """A vector for each passage, and one for each of their sentences: those of a text that was known, or new ones."""
    known = [_known(passage, before, fresh) for passage in passages]
    new = [passage for passage, row in zip(passages, known, strict=True) if row is None]
    whole: Iterable[Vectors] = encoder.embed([searchable(passage) for passage in new], encoder.name, progress) if new else ()
    parts: Sequence[npt.NDArray[np.generic]] = []
    if encoder.sentences:
        texts = [text for passage in new for text in sentence_texts(passage)]
        vectors = encoder.embed(texts, encoder.name, lambda done: progress(len(new) + done)) if texts else np.zeros((0, 0))
        parts = np.split(vectors, np.cumsum([len(passage.sentences) for passage in new])[:-1]) if new else []
    made, made_parts = iter(whole), iter(parts)
    out, out_parts = [], []
    for row in known:
        if row is None:
            out.append(next(made))
            out_parts.append(next(made_parts) if encoder.sentences else np.zeros((0, 0)))
        else:
            assert before is not None
            out.append(before.vectors[row])
            if before.sentences is not None:
                out_parts.append(before.sentences[before.starts[row] : before.starts[row + 1]])
    return np.stack(out), np.concatenate(out_parts)


def _known(passage: Passage, before: Store | None, fresh: Fresh) -> int | None:
    """The row that held this very text until now, cut into as many sentences."""
    row = fresh.reuse.get(key(searchable(passage))) if fresh.reuse else None
    if row is None or before is None or before.starts[row + 1] - before.starts[row] != len(passage.sentences):
        return None
    return row


class _Growing:
    """A .npy file whose size is known before its rows are."""

    def __init__(self, path: Path, rows: int, dimensions: int, kind: type[np.generic]) -> None:
        self._path = path
        self._kind = np.dtype(kind)
        self._width = dimensions * self._kind.itemsize
        header = io.BytesIO()
        shape = {"descr": self._kind.str, "fortran_order": False, "shape": (rows, dimensions)}
        np.lib.format.write_array_header_1_0(header, shape)  # type: ignore[no-untyped-call]
        self._header = header.getvalue()

    def begin(self) -> BinaryIO:
        """Open it, to be closed by the caller."""
        self._file: BinaryIO = open(self._path, "wb")  # noqa: SIM115
        self._file.write(self._header)
        return self._file

    def resume(self, rows: int) -> BinaryIO:
        """Open what a killed build left, without what is beyond so many rows."""
        self._file = open(self._path, "r+b")  # noqa: SIM115
        self._file.truncate(len(self._header) + rows * self._width)
        self._file.seek(0, os.SEEK_END)
        return self._file

    def append(self, rows: npt.NDArray[np.generic]) -> None:
        self._file.write(np.ascontiguousarray(rows, dtype=self._kind).tobytes())

    def settle(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _settle(files: Sequence[_Growing]) -> None:
    for file in files:
        file.settle()


class _Journal:
    """Which blocks are on disk."""

    def __init__(self, path: Path, head: str) -> None:
        self._path = path
        self._head = head

    def whole(self, digests: Iterator[str]) -> int | None:
        """How many blocks of a killed build of the same passages can be kept; None when there was none."""
        try:
            head, *done = self._path.read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ValueError):
            return None
        if head != self._head:
            return None
        count = 0
        for line, digest in zip(done, digests, strict=False):
            if line != digest:
                break
            count += 1
        write_atomic(self._path, "".join(f"{line}\n" for line in [head, *done[:count]]))
        return count

    def begin(self) -> None:
        write_atomic(self._path, f"{self._head}\n")

    def add(self, digest: str) -> None:
        with open(self._path, "a", encoding="utf-8") as out:
            out.write(f"{digest}\n")
            out.flush()
            os.fsync(out.fileno())

    def remove(self) -> None:
        self._path.unlink()
