"""An index whose searches are given, and passages that say what a test needs: for retrievers without files or an embedder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medmodel.rag.index import Index
from medmodel.records import Passage, Source, Span


def passage(name: str, text: str = "Made up.", **source: Any) -> Passage:
    of = Source(id=name.partition("#")[0], title="Made up", licence="MIT", tier=source.pop("tier", "guideline"), **source)
    whole = (Span(start=0, end=len(text)),)
    return Passage(id=name, document_id=name.partition("#")[0], text=text, start=0, end=len(text), sentences=whole, source=of)


class Given(Index):
    """An index whose searches are given: by query, or the same for all."""

    def __init__(
        self, passages: Sequence[Passage], dense: Mapping[str, float] | None = None, words: Mapping[str, float] | None = None
    ) -> None:
        super().__init__({one.id: one for one in passages}, lambda vector, k: [], lambda query, k: [], "hashed", np.zeros(1))
        self._given = {"dense": dense or {}, "words": words or {}}
        self.asked: list[str] = []

    def search_dense(self, query: str, k: int) -> list[tuple[str, float]]:
        self.asked.append(query)
        return list(self._given["dense"].items())[:k]

    def search_lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        self.asked.append(query)
        return list(self._given["words"].items())[:k]
