"""BM25 over stemmed English and jieba-cut Chinese words."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from medmodel.rag.hits import as_hits
from medmodel.rag.index import Index
from medmodel.registry import register


@register("retriever", "lexical")
class Lexical(BaseRetriever):
    """The `k` best passages by BM25; metadata holds `passage_id`, `score`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    index: Index
    k: int = 20

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        return as_hits(self.index, self.index.search_lexical(query, self.k))
