"""A second look at the first passages: a cross-encoder reads question and passage together.

`model` is any sentence-transformers CrossEncoder by name or folder ("cross-encoder/ms-marco-MiniLM-L6-v2",
"ncbi/MedCPT-Cross-Encoder"). None is packaged, so no profile has one: what the packaged embedder can do untrained is
`late.py`. One is measured where it is at hand:

    python -m evals retrieval … --rerank cross-encoder/ms-marco-MiniLM-L6-v2
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from medmodel.errors import InputError
from medmodel.rag.hits import Found, Retriever
from medmodel.registry import register

TOP = 30  # passages looked at again: on two cores a cross-encoder of six layers reads about 40 a second
READ = 2_000  # characters of a question: with its passage, what a cross-encoder of 512 tokens can hold


@register("retriever", "rerank")
class Rerank(Retriever):
    """The wrapped retriever's first `top` in the cross-encoder's order, the others after them. Scores are its own, lower after."""

    of: Retriever
    model: str
    top: int = TOP

    def rank(self, query: str) -> list[Found]:
        found = self.of.rank(query)
        head, tail = found[: self.top], found[self.top :]
        if not head:
            return []
        pairs = [(query[:READ], self._text(hit.passage_id)) for hit in head]
        scores = [float(score) for score in cross_encoder(self.model).predict(pairs, show_progress_bar=False)]
        scored = sorted(
            (hit._replace(score=score) for hit, score in zip(head, scores, strict=True)), key=lambda hit: -hit.score
        )
        last = scored[-1].score
        return [*scored, *(hit._replace(score=last - at) for at, hit in enumerate(tail, 1))][: self.k]

    def _text(self, passage_id: str) -> str:
        passage = self.index.passages[passage_id]
        return "\n".join([*passage.heading[-1:], passage.text])


@lru_cache(maxsize=2)
def cross_encoder(name: str) -> Any:
    """The model, loaded once. Raises InputError when there is none of this name."""
    from sentence_transformers import CrossEncoder

    try:
        return CrossEncoder(name, device="cpu")
    except (OSError, ValueError) as fault:
        raise InputError(f"no cross-encoder '{name}' can be loaded ({type(fault).__name__}): give a name or a folder") from None
