"""Stage `pack`: the mixed documents as rows of tokens, several documents a row, none able to see another.

Best-fit decreasing: long documents are cut into row-sized pieces, and each piece goes to the fullest row that still
has room. Every piece starts again at position 0, which is what makes attention block-diagonal (transformers reads
reset positions as a document boundary), and its first token is never a target, so no loss crosses a boundary.
Packed loss therefore equals the sum of the separate losses; `tests/test_medmodel_train_packing.py` checks it.

Papers: best-fit packing, arXiv 2404.10830; intra-document masking, arXiv 2402.13991.

    medmodel run demo --until pack
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medmodel.artifacts import read_records
from medmodel.job import Job
from medmodel.records import Document, Mixed

IGNORED = -100  # the target that torch's cross entropy skips


class Packed(NamedTuple):
    """Arrays of shape (rows, length), int32: token ids, position ids, targets (-100 = no loss)."""

    tokens: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]


def run(job: Job) -> dict[str, Any]:
    """Write tokens.npy, positions.npy and targets.npy; returns counts by domain and the share of padding."""
    from tokenizers import Tokenizer

    job.clear()
    tokenizer = Tokenizer.from_file(str(job.inputs["model"].path / "model" / "tokenizer.json"))
    end = tokenizer.token_to_id("<|endoftext|>") or 0
    texts = {d.id: d.text for d in job.inputs["documents"].read("documents", Document) if d.split == "train"}
    pieces: list[list[int]] = []
    by_domain: dict[str, int] = {}
    for mixed in job.track(list(read_records(job.inputs["mix"].path / "mix", Mixed)), 1, "documents"):
        once = [*tokenizer.encode(texts[mixed.document_id], add_special_tokens=False).ids, end]
        for copy in _epochs(once, mixed.epochs):
            by_domain[mixed.domain] = by_domain.get(mixed.domain, 0) + len(copy)
            pieces += [copy[at : at + job.config.length] for at in range(0, len(copy), job.config.length)]
    packed = pack(pieces, job.config.length, padding=end, seed=job.seed)
    for name in ("tokens", "positions", "targets"):
        np.save(job.out / f"{name}.npy", getattr(packed, name))
    used = sum(len(piece) for piece in pieces)
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
    rows: list[list[Sequence[int]]] = []
    room: list[int] = []
    for piece in sorted(pieces, key=lambda piece: (-len(piece), list(piece))):
        fitting = [row for row, left in enumerate(room) if left >= len(piece)]
        if fitting:
            row = min(fitting, key=lambda row: (room[row], row))
        else:
            row = len(rows)
            rows.append([])
            room.append(length)
        rows[row].append(piece)
        room[row] -= len(piece)
    random.Random(seed).shuffle(rows)
    tokens = np.full((len(rows), length), padding, dtype=np.int32)
    positions = np.zeros((len(rows), length), dtype=np.int32)
    targets = np.full((len(rows), length), IGNORED, dtype=np.int32)
    for number, placed in enumerate(rows):
        at = 0
        for piece in placed:
            tokens[number, at : at + len(piece)] = piece
            positions[number, at : at + len(piece)] = np.arange(len(piece))
            targets[number, at + 1 : at + len(piece)] = piece[1:]
            at += len(piece)
        positions[number, at:] = np.arange(length - at)  # padding is a document of its own, without targets
    return Packed(tokens=tokens, positions=positions, targets=targets)


def _epochs(tokens: list[int], epochs: float) -> list[list[int]]:
    """Whole copies, and the beginning of one more for the fraction."""
    whole = int(epochs)
    part = round((epochs - whole) * len(tokens))
    return [tokens] * whole + ([tokens[:part]] if part > 1 else [])
