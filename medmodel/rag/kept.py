"""What was worked out of a text, kept by the text: the same passages come again with the next question.

    vectors = Kept(embed, most=20_000);  vectors.of(["one", "two"])     # each text is embedded once

Thread-safe. When it is full it begins anew, rather than letting go one by one: that happens once in some hundred questions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """`compute` is asked for the texts that are not known, each once; at most about `most` are kept."""

    def __init__(self, compute: Callable[[Sequence[str]], Iterable[Value]], most: int) -> None:
        self._compute = compute
        self._most = most
        self._known: dict[str, Value] = {}
        self._changing = threading.Lock()

    def of(self, texts: Sequence[str]) -> list[Value]:
        """In the order of the texts."""
        known = self._known  # another thread may begin a new one
        found = {text: known[text] for text in texts if text in known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            computed = list(self._compute(missing))
            self.keep(missing, computed)
            found.update(zip(missing, computed, strict=True))
        return [found[text] for text in texts]

    def keep(self, texts: Sequence[str], values: Iterable[Value]) -> None:
        """Take over what is known already."""
        with self._changing:
            if len(self._known) + len(texts) > self._most:
                self._known = {}
            self._known.update(zip(texts, values, strict=True))
