"""Nearest passages by the embedder's cosine."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from medmodel.rag.hits import as_hits
from medmodel.rag.index import Index
from medmodel.registry import register


@register("retriever", "dense")
class Dense(BaseRetriever):
    """The `k` nearest passages; metadata holds `passage_id`, `score` and `cosine`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    index: Index
    k: int = 20

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        found = self.index.search_dense(query, self.k)
        return as_hits(self.index, found, cosine=dict(found))
