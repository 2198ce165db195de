"""What the experiments on data have in common: real documents, and a tiny language model that is trained on a choice of them.

The model is a Llama of 1.1M parameters (256 tokens, 8,192 BPE words trained on the pool), from scratch or from one that has
read something else, on a fixed number of tokens that it reads once, or several times; some 7,000 tokens a second on two cores. Its score is bits per byte on documents that it has not
read, so a change of tokenizer or of the documents' length does not show. It says which of two choices teaches so small a
model more, and nothing about a large one.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from medmodel import registry
from medmodel.records import Document

SOURCES = ("medquad", "openstax-anatomy-md", "openstax-microbiology-md", "openstax-psychology-md", "nigeria-stg")
OTHERS = ("wikitext2", "enwiki-sample", "bioasq_ir")
LENGTH, BATCH, VOCABULARY = 256, 16, 8192
RATE = 3e-3
LONGEST = 4000  # characters of a document that the experiments look at


def pieces(seed: int, count: int) -> list[Document]:
    """`count` real documents of 300 to 4,000 characters, drawn over all sources; longer ones are cut at paragraphs."""
    found = [piece for name in SOURCES for document in registry.get("source", name)() for piece in _cut(document)]
    return random.Random(seed).sample(sorted(found, key=lambda piece: piece.id), count)


def _cut(document: Any) -> Iterator[Document]:
    if isinstance(document, Document):
        part, number = "", 0
        for paragraph in [*document.text.split("\n"), None]:
            if paragraph is not None and len(part) + len(paragraph) < LONGEST:
                part += paragraph + "\n"
                continue
            if len(part) >= 300:
                yield document.model_copy(update={"id": f"{document.id}@{number}", "text": part})
                number += 1
            part = (paragraph or "")[:LONGEST]


def sentences(text: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=[.?!])\s+|\n+", text) if sentence.strip()]


def tokenizer(texts: Sequence[str]) -> Any:
    from tokenizers import ByteLevelBPETokenizer

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(texts, vocab_size=VOCABULARY, special_tokens=["<|end|>"], show_progress=False)
    return made


def encode(texts: Sequence[str], made: Any) -> list[int]:
    return [token for text in texts for token in [*made.encode(text).ids, 0]]


def others(most: int, made: Any) -> list[int]:
    """Up to `most` tokens of sources that no pool draws from: what a proxy has read before it meets a choice."""
    found: list[int] = []
    for name in OTHERS:
        for document in registry.get("source", name)():
            if isinstance(document, Document):
                found += encode([document.text[:LONGEST]], made)
            if len(found) >= most:
                return found[:most]
    return found


def train(tokens: Sequence[int], seed: int, epochs: int = 1, start: Any = None, rate: float = RATE) -> Any:
    """Passes over the tokens, in windows that come in a seeded order, another in each pass. `start`: the model to go on from."""
    import copy

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config) if start is None else copy.deepcopy(start)
    windows = np.array(tokens[: len(tokens) // LENGTH * LENGTH]).reshape(-1, LENGTH)
    draw = np.random.default_rng(seed)
    windows = np.concatenate([windows[draw.permutation(len(windows))] for _ in range(epochs)])
    steps = len(windows) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.1, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 10) * 0.5 * (1 + math.cos(math.pi * step / max(1, steps)))
    )
    model.train()
    for step in range(steps):
        batch = torch.from_numpy(windows[step * BATCH : (step + 1) * BATCH])
        model(input_ids=batch, labels=batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return model.eval()


def bits_per_byte(model: Any, texts: Sequence[str], made: Any) -> float:
    """Over windows of each document, whose first token is not asked for; so the bytes of that token are not counted."""
    import torch

    bits = size = 0.0
    with torch.no_grad():
        for text in texts:
            ids = made.encode(text).ids
            for start in range(0, len(ids) - 1, LENGTH):
                window = ids[start : start + LENGTH]
                if len(window) > 1:
                    batch = torch.tensor([window])
                    loss = float(model(input_ids=batch, labels=batch).loss)
                    bits += loss * (len(window) - 1) / math.log(2)
                    size += len(made.decode(window[1:]).encode())
    return bits / size


def difference(one: Sequence[float], other: Sequence[float]) -> str:
    """The mean of the paired differences, with Student's 95 % interval."""
    apart = np.array(one) - np.array(other)
    reach = stats.t.ppf(0.975, len(apart) - 1) * apart.std(ddof=1) / math.sqrt(len(apart)) if len(apart) > 1 else math.nan
    return f"{apart.mean():+.4f} (95 % {apart.mean() - reach:+.4f} to {apart.mean() + reach:+.4f}, n {len(apart)} seeds)"
