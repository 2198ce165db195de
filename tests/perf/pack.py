"""Tokenising and packing against datatrove's tokeniser step, side by side: MB of text per second of CPU, one core.

    MEDMODEL_DATA=... python tests/perf/pack.py MODEL_FOLDER        # a folder with tokenizer.json, as the stage `base` writes

Texts: MedQuAD, repeated with a number in every document to reach three sizes. Both run without threads. datatrove's step
counts tokens and writes them to disk; ours gives rows with positions, targets and spans, in memory.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import numpy as np
from datatrove.data import Document as Carrier
from datatrove.pipeline.tokens import DocumentTokenizer

from medmodel import registry
from medmodel.records import Document
from medmodel.train.packing import Piece, fill, order, place
from medmodel.train.tokens import Encoder

LENGTH = 2048
COPIES = (1, 2, 4)


def main(model: Path) -> None:
    texts = [found.text for found in registry.get("source", "medquad")() if isinstance(found, Document)]
    print("MB       ours MB/s   datatrove MB/s   ratio   rows   padding")
    for copies in COPIES:
        every = [f"{copy} {text}" for copy in range(copies) for text in texts]
        size = sum(len(text.encode()) for text in every) / 1e6
        mine, rows, padding = ours(every, model)
        theirs = datatroves(every, model)
        print(
            f"{size:6.1f}   {size / mine:8.2f}   {size / theirs:12.2f}   {theirs / mine:7.2f}   {rows}   {padding:.4f}",
            flush=True,
        )


def ours(texts: list[str], model: Path) -> tuple[float, int, float]:
    started = time.process_time()
    encoder = Encoder.open(model)
    pieces: list[Piece] = []
    for number, text in enumerate(texts):
        tokens = np.append(encoder.encode(text), np.int32(0))
        pieces += [Piece(tokens[at : at + LENGTH], number, at) for at in range(0, len(tokens), LENGTH)]
    rows = place([len(piece.tokens) for piece in pieces], order(pieces), LENGTH)
    packed, _ = fill(pieces, rows, LENGTH, padding=0)
    seconds = time.process_time() - started
    return seconds, len(rows), 1 - sum(len(piece.tokens) for piece in pieces) / packed.tokens.size


def datatroves(texts: list[str], model: Path) -> float:
    folder = tempfile.mkdtemp()
    carriers: Iterator[Carrier] = (Carrier(text=text, id=str(number)) for number, text in enumerate(texts))
    started = time.process_time()
    step = DocumentTokenizer(
        folder, tokenizer_name_or_path=str(model / "tokenizer.json"), eos_token="<|endoftext|>", shuffle_documents=False
    )
    list(step.run(carriers, 0, 1) or ())
    seconds = time.process_time() - started
    shutil.rmtree(folder)
    return seconds


if __name__ == "__main__":
    main(Path(sys.argv[1]))
