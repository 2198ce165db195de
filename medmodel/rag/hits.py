"""Search results as langchain-core documents, the form every retriever returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langchain_core.documents import Document as Hit

from medmodel.rag.index import Index


def as_hits(index: Index, found: Sequence[tuple[str, float]], cosine: Mapping[str, float] | None = None) -> list[Hit]:
    """One Hit a passage, best first. `cosine` is the dense similarity where it was computed: abstention needs it."""
    return [
        Hit(
            page_content=index.passages[passage_id].text,
            metadata={
                "passage": index.passages[passage_id],
                "passage_id": passage_id,
                "score": score,
                "cosine": (cosine or {}).get(passage_id, 0.0),
            },
        )
        for passage_id, score in found
    ]
