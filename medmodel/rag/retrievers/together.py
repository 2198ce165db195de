"""Two indexes searched as one: the release's references and a clinic's own.

Each side's scores (1 at most) are weighted by its best cosine, which does compare across indexes.
Not registered by name: it needs a second index, so only the product, which knows both, builds it.
"""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from medmodel.rag.index import Index
from medmodel.rag.profiles import ANSWERS, open_retriever


class Together(BaseRetriever):
    """The `k` best passages over both indexes."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    index: Index
    own: Index
    k: int = 20
    profile: str = ANSWERS

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        sides = [open_retriever(index, self.k, self.profile).invoke(query) for index in (self.index, self.own)]
        best = [max((hit.metadata["cosine"] for hit in hits), default=0.0) for hits in sides]
        weighted = [
            (hit.metadata["score"] * (best[side] / max(best) if max(best) > 0 else 1.0), hit)
            for side, hits in enumerate(sides)
            for hit in hits
        ]
        return [hit for _, hit in sorted(weighted, key=lambda entry: -entry[0])[: self.k]]
