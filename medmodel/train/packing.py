"""Stage `pack`: the mixed documents as rows of tokens, several documents a row, none able to see another.

Best-fit decreasing: long documents are cut into row-sized pieces, and each piece goes to the fullest row that still
has room; finding it takes one look at a bit mask, so time grows with the tokens alone. Every piece starts again at
position 0, which is what makes attention block-diagonal (transformers reads reset positions as a document boundary), and
its first token is never a target, so no loss crosses a boundary. Packed loss therefore equals the sum of the separate
losses; `tests/test_medmodel_train_packing.py` checks it. spans.npy says which document each token comes from
(`medmodel trace`).

All tokens are held in memory, 4 bytes each twice. Papers: best-fit packing, arXiv 2404.10830; intra-document masking, arXiv
2402.13991. Speed: tests/perf/pack.py.

    medmodel run demo --until pack
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medmodel.artifacts import read_records, write_atomic
from medmodel.job import Job
from medmodel.records import Document, Mixed
from medmodel.train.tokens import Encoder

IGNORED = -100  # the target that torch's cross entropy skips
SPAN = np.dtype([("row", "<i4"), ("start", "<i4"), ("length", "<i4"), ("document", "<i4"), ("offset", "<i8")])


class Piece(NamedTuple):
    """Tokens of one document that stand together: 1 to `length` of them."""

    tokens: npt.NDArray[np.int32]
    document: int = 0  # its number
    offset: int = 0  # of the first token in the document


class Packed(NamedTuple):
    """Arrays of shape (rows, length), int32: token ids, position ids, targets (-100 = no loss)."""

    tokens: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]


def run(job: Job) -> dict[str, Any]:
    """Write tokens.npy, positions.npy, targets.npy, spans.npy and documents.json; returns counts by domain and the padding."""
    job.clear()
    encoder = Encoder.open(job.inputs["model"].path / "model")
    end = encoder.tokenizer.token_to_id("<|endoftext|>") or 0
    mix = list(read_records(job.inputs["mix"].path / "mix", Mixed))
    wanted = {mixed.document_id for mixed in mix}
    documents = job.inputs["documents"].read("documents", Document)
    texts = {d.id: d.text for d in documents if d.id in wanted and d.split == "train"}
    pieces: list[Piece] = []
    by_domain: dict[str, int] = {}
    for number, mixed in enumerate(job.track(mix, len(mix), "documents")):
        once = np.append(encoder.encode(texts[mixed.document_id]), np.int32(end))
        for size in _copies(len(once), mixed.epochs):
            by_domain[mixed.domain] = by_domain.get(mixed.domain, 0) + size
            pieces += _cut(once[:size], job.config.length, number)
    rows = place([len(piece.tokens) for piece in pieces], order(pieces), job.config.length)
    random.Random(job.seed).shuffle(rows)
    packed, spans = fill(pieces, rows, job.config.length, padding=end)
    for name, array in {**packed._asdict(), "spans": spans}.items():
        np.save(job.out / f"{name}.npy", array, allow_pickle=False)
    write_atomic(job.out / "documents.json", json.dumps([mixed.document_id for mixed in mix]))
    used = sum(len(piece.tokens) for piece in pieces)
    return {
        "rows": len(packed.tokens),
        "tokens": used,
        "padding": round(1 - used / packed.tokens.size, 4),
        "by_domain": by_domain,
    }


def load(folder: Path) -> Packed:
    return Packed(
        **{
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("tokens", "positions", "targets")
        }
    )


def pack(pieces: Sequence[Sequence[int]], length: int, *, padding: int, seed: int) -> Packed:
    """Place token pieces (each 1 to `length` long) in rows. The same pieces and seed give the same rows."""
    made = [Piece(np.array(piece, dtype=np.int32)) for piece in pieces]
    rows = place([len(piece.tokens) for piece in made], order(made), length)
    random.Random(seed).shuffle(rows)
    return fill(made, rows, length, padding=padding)[0]


def order(pieces: Sequence[Piece]) -> list[int]:
    """The longest first, equally long ones by their tokens: whatever order they come in, the rows are the same."""
    return sorted(range(len(pieces)), key=lambda at: (-len(pieces[at].tokens), pieces[at].tokens.astype(">i4").tobytes()))


def place(sizes: Sequence[int], order: Sequence[int], length: int) -> list[list[int]]:
    """Rows of piece numbers. A piece goes to the fullest row that takes it; of equally full ones, to the first."""
    rows: list[list[int]] = []
    with_room: list[list[int]] = [[] for _ in range(length + 1)]  # room -> its rows, as a heap
    there = 0  # bit r is set when there is a row with room r
    for piece in order:
        size = sizes[piece]
        fitting = there >> size
        if fitting:
            room = size + (fitting & -fitting).bit_length() - 1
            row = heapq.heappop(with_room[room])
            if not with_room[room]:
                there &= ~(1 << room)
        else:
            row, room = len(rows), length
            rows.append([])
        rows[row].append(piece)
        left = room - size
        if left:
            heapq.heappush(with_room[left], row)
            there |= 1 << left
    return rows


def fill(
    pieces: Sequence[Piece], rows: Sequence[Sequence[int]], length: int, *, padding: int
) -> tuple[Packed, npt.NDArray[Any]]:
    """The arrays, and one SPAN a piece, in the order in which they stand."""
    tokens = np.full((len(rows), length), padding, dtype=np.int32)
    positions = np.empty((len(rows), length), dtype=np.int32)
    targets = np.full((len(rows), length), IGNORED, dtype=np.int32)
    spans = np.empty(sum(map(len, rows)), dtype=SPAN)
    counting = np.arange(length, dtype=np.int32)
    count = 0
    for number, placed in enumerate(rows):
        at = 0
        for piece in map(pieces.__getitem__, placed):
            size = len(piece.tokens)
            tokens[number, at : at + size] = piece.tokens
            positions[number, at : at + size] = counting[:size]
            targets[number, at + 1 : at + size] = piece.tokens[1:]
            spans[count] = (number, at, size, piece.document, piece.offset)
            count += 1
            at += size
        positions[number, at:] = counting[: length - at]  # padding is a document of its own, without targets
    return Packed(tokens=tokens, positions=positions, targets=targets), spans


def _copies(size: int, epochs: float) -> list[int]:
    """Whole copies, and the beginning of one more for the fraction."""
    whole = int(epochs)
    part = round((epochs - whole) * size)
    return [size] * whole + ([part] if part > 1 else [])


def _cut(tokens: npt.NDArray[np.int32], length: int, document: int) -> Iterator[Piece]:
    for at in range(0, len(tokens), length):
        yield Piece(tokens[at : at + length], document, at)
