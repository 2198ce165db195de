"""What every retriever is: it ranks passage ids, and gives them as langchain-core documents.

A retriever implements `rank` alone. Those that wrap others call the others' `rank`: passages are read from disk for what is
given in the end, not for the hundreds that are looked at.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from medmodel.rag.index import Index


class Found(NamedTuple):
    """A passage and what it was worth. `cosine` is 0 where no dense retriever looked at it: abstention reads it."""

    passage_id: str
    score: float
    cosine: float = 0.0


class Retriever(BaseRetriever):
    """The `k` best passages of an index; the documents' metadata holds `passage`, `passage_id`, `score`, `cosine`
    and `sentence_vectors`."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")
    index: Index
    k: int = 20

    @abstractmethod
    def rank(self, query: str) -> list[Found]:
        """At most `k`, best first."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        return [as_hit(self.index, found) for found in self.rank(query)]


def as_hit(index: Index, found: Found) -> Hit:
    passage = index.passages[found.passage_id]
    vectors = index.sentence_vectors(found.passage_id)  # of an index built with them; `medmodel.rag.nearest` reads them
    return Hit(page_content=passage.text, metadata={"passage": passage, "sentence_vectors": vectors, **found._asdict()})
