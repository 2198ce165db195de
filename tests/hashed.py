"""An embedder that knows nothing: a unit vector from a text's SHA-256. For tests of what an index keeps, not of what it finds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

DIMENSIONS = 8


class Killed(Exception):
    """Stands for kill -9."""


def hashed(
    texts: Sequence[str], name: str = "hashed", progress: Callable[[int], None] = lambda done: None
) -> npt.NDArray[np.float32]:
    raw = np.array([list(hashlib.sha256(text.encode()).digest()[:DIMENSIONS]) for text in texts], dtype=np.float32) - 127.5
    progress(len(texts))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


class Counting:
    """The same, counting the texts it is given, and dying at call number `killed_at`."""

    def __init__(self, killed_at: int = -1) -> None:
        self.texts = 0
        self.calls = 0
        self._killed_at = killed_at

    def __call__(self, texts: Sequence[str], name: str, progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
        self.calls += 1
        if self.calls == self._killed_at:
            raise Killed
        self.texts += len(texts)
        return hashed(texts, name, progress)
