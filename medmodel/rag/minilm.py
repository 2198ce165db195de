"""all-MiniLM-L6-v2 on a CPU, more than twice as fast as sentence-transformers runs it: 8-bit matrices, no padding.

Most of the time goes to the linear layers. Where the CPU multiplies bytes (VNNI), each row of a layer's input is scaled to
-127..127, each row of its weights too, and the products are summed as whole numbers. The 8-bit weights are made from the
checked ones while loading and kept in memory only. Elsewhere the same code multiplies in float32. Attention, layer norms and
the mean stay in float32.
What it costs: a cosine of .9966 on average with the exact vector (20,370 passages).

Nothing is padded: a batch's tokens lie one after the other, and only attention knows where a text ends. So a text has the
same vector alone and among others, to the last bit, which rounding would otherwise make .9997.
Batches hold texts of about the same length and `TOKENS` tokens in all, what a core's cache can hold: the 32 texts of 205
tokens that sentence-transformers takes fall out of it, and the same sums take 1.3 times as long.
Not covered: other models (sentence-transformers runs those), GPUs.

    python tests/perf/encoder.py
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

TOKENS = 800  # of a batch: its widest layer is 800 x 1,536 x 4 bytes = 5 MB; 1,600 are a tenth slower
SORTED = 8192  # texts sorted by length at a time: their tokens are in memory
HEADS = 12
LAYERS = 6
EPSILON = 1e-12  # of the layer norms, as published in its config.json


class Linear(NamedTuple):
    """A layer's weights (in, out): float32 alone, or 8-bit with the scale of each output."""

    weight: Any
    scale: Any | None
    bias: Any


class Tokens(NamedTuple):
    """A text's word pieces, where each begins and ends in it (pieces, 2), and each one's unit vector in its context."""

    pieces: tuple[str, ...]
    spans: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float16]


class MiniLM:
    """The encoder over one folder of weights (`model.safetensors`, `tokenizer.json`). Safe to call from several threads:
    batches run one at a time, so a question waits for one of them and not for a whole index.
    """

    def __init__(self, folder: Path, longest: int, eight_bit: bool | None = None) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self.eight_bit = bool(torch.cpu._is_vnni_supported()) if eight_bit is None else eight_bit
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self._weights = load_file(folder / "model.safetensors")
        self._layers = [self._layer(f"encoder.layer.{number}.") for number in range(LAYERS)]
        self._one_at_a_time = threading.Lock()
        self.dimensions: int = self._weights["embeddings.word_embeddings.weight"].shape[1]

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] = lambda done: None) -> npt.NDArray[np.float32]:
        """Unit vectors, in the order of the texts. `progress` is told how many are done."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), SORTED):
            ids = [found.ids for found in self._tokenizer.encode_batch_fast(list(texts[start : start + SORTED]))]
            for batch in batches([len(found) for found in ids]):
                vectors[[start + at for at in batch]] = self._batch([ids[at] for at in batch])
                done += len(batch)
                progress(done)
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text, its marks of beginning and end among them."""
        import torch
        from torch.nn import functional as F

        read = self._tokenizer.encode_batch(list(texts))
        found: dict[int, Tokens] = {}
        for batch in batches([len(each.ids) for each in read]):
            runs = [(length, len(list(alike))) for length, alike in groupby(len(read[at].ids) for at in batch)]
            with torch.inference_mode(), self._one_at_a_time:
                tokens = torch.tensor([token for at in batch for token in read[at].ids])
                places = torch.tensor([place for at in batch for place in range(len(read[at].ids))])
                states = F.normalize(self._states(tokens, places, runs), dim=1).to(torch.float16)
            for at, vectors in zip(batch, states.split([len(read[at].ids) for at in batch]), strict=True):
                found[at] = Tokens(tuple(read[at].tokens), np.array(read[at].offsets), vectors.numpy().copy())
        return [found[at] for at in range(len(read))]

    @property
    def arithmetic(self) -> str:
        return "8-bit" if self.eight_bit else "float32"

    def _batch(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """Unit vectors of a few texts, their tokens one after the other."""
        import torch
        from torch.nn import functional as F

        runs = [(length, len(list(alike))) for length, alike in groupby(map(len, ids))]  # attention stays within a text
        with torch.inference_mode():
            tokens = torch.tensor(list(chain.from_iterable(ids)))
            places = torch.tensor(list(chain.from_iterable(range(len(found)) for found in ids)))
            with self._one_at_a_time:
                states = self._states(tokens, places, runs)
            means = [run.mean(1) for run in in_runs(states, runs)]
            found: npt.NDArray[np.float32] = F.normalize(torch.cat(means), dim=1).numpy()
        return found

    def _states(self, tokens: Any, places: Any, runs: Sequence[tuple[int, int]]) -> Any:
        """The last layer's output (tokens, dimensions)."""
        import torch
        from torch.nn import functional as F

        w = self._weights
        x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][places]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.")
        for number, (attention, out, up, down) in enumerate(self._layers):
            mixed = []
            for run in in_runs(linear(x, attention), runs):
                query, key, value = run.unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
                mixed.append(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(-1, x.shape[1]))
            x = self._norm(linear(torch.cat(mixed), out).add_(x), f"encoder.layer.{number}.attention.output.")
            x = self._norm(linear(F.gelu(linear(x, up)), down).add_(x), f"encoder.layer.{number}.output.")
        return x

    def _norm(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        w = self._weights
        return F.layer_norm(x, (x.shape[-1],), w[f"{name}LayerNorm.weight"], w[f"{name}LayerNorm.bias"], EPSILON)

    def _layer(self, name: str) -> tuple[Linear, Linear, Linear, Linear]:
        """Query, key and value as one; attention's output; up; down."""
        parts = ("attention.self.query", "attention.self.key", "attention.self.value")
        rest = ("attention.output.dense", "intermediate.dense", "output.dense")
        made = [self._linear([name + part for part in names]) for names in (parts, *([part] for part in rest))]
        return made[0], made[1], made[2], made[3]

    def _linear(self, names: Sequence[str]) -> Linear:
        import torch

        weight = torch.cat([self._weights.pop(f"{name}.weight") for name in names])
        bias = torch.cat([self._weights.pop(f"{name}.bias") for name in names])
        if not self.eight_bit:
            return Linear(weight.t(), None, bias)
        scale = weight.abs().amax(1, keepdim=True) / 127
        return Linear((weight / scale).round_().to(torch.int8).t(), scale.flatten(), bias)


def in_runs(x: Any, runs: Sequence[tuple[int, int]]) -> Iterator[Any]:
    """Rows (tokens) as (texts, tokens, columns) for each run of texts of one length."""
    start = 0
    for length, texts in runs:
        yield x[start : start + length * texts].unflatten(0, (texts, length))
        start += length * texts


def linear(x: Any, layer: Linear) -> Any:
    """`x @ weight + bias`, in whole numbers where the layer is 8-bit."""
    import torch

    if layer.scale is None:
        return torch.addmm(layer.bias, x, layer.weight)
    scale = torch.maximum(x.amax(1, keepdim=True), -x.amin(1, keepdim=True)).clamp_(min=1e-9).div_(127)
    whole = torch._int_mm((x / scale).round_().to(torch.int8), layer.weight)
    return torch.addcmul(layer.bias, whole.float().mul_(scale), layer.scale)


def batches(lengths: Sequence[int], tokens: int = TOKENS) -> Iterator[list[int]]:
    """Positions grouped by length, shortest first; a group times its longest is at most `tokens`, or it is one text."""
    group: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: lengths[at]):
        if group and (len(group) + 1) * lengths[at] > tokens:
            yield group
            group = []
        group.append(at)
    if group:
        yield group
