"""BM25 over stemmed English and jieba-cut Chinese words (`medmodel.rag.lexical` says how words count)."""

from __future__ import annotations

from medmodel.rag.hits import Found, Retriever
from medmodel.registry import register


@register("retriever", "lexical")
class Lexical(Retriever):
    """The `k` best passages by words."""

    def rank(self, query: str) -> list[Found]:
        return [Found(*found) for found in self.index.search_lexical(query, self.k)]
