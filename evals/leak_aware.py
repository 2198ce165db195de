"""What the product's retrieval adds to a closed-book question, with and without the text the question was made from.

The query is the question without its options, as nobody who asks has them (MIRAGE's rule, arXiv 2402.13178). Passages of
an item's own source are a leak: PubMedQA asks about the very abstracts that PubMed holds, which alone lifts it by 31
points there. A passage is the item's own source when its document carries a PMID of the item, or when it shares a run of
`RUN` words with the item. Such passages are dropped from what is found, and the score with them is shown beside.
Not here: dropping documents from the index itself; of what is found it makes no difference.

    Retrieval.open(Path("index")).find(Source(question, context, options, pmids))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from medmodel.records import Passage

CANDIDATES = 20  # as the product retrieves
PASSAGES = 3  # as the product shows
RUN = 13  # words in a row: what GPT-3's and The Pile's overlap tests call the same text
_WORD = re.compile(r"[\u4e00-\u9fff]|\w+")


class Source(NamedTuple):
    """What an item says, and the paper it was made from."""

    question: str
    context: str
    options: Sequence[str]
    pmids: Sequence[str]


class Found(NamedTuple):
    """Text to put before a question ("" when nothing is left), and whether the item's own source was among it."""

    without_own: str
    with_own: str
    own: bool
    nearness: float = 0.0  # cosine of the nearest passage shown, the item's own source aside


class Retrieval:
    def __init__(self, retriever: Any) -> None:
        self._retriever = retriever

    @classmethod
    def open(cls, index: Path) -> Retrieval:
        """The retriever that the product's answers rest on, over an index. Raises ArtifactError when that is damaged."""
        from medmodel.rag.index import Index  # langchain-core and faiss: a second, for every command that only lists suites
        from medmodel.rag.profiles import ANSWERS, open_retriever

        return cls(open_retriever(Index.open(index), CANDIDATES, ANSWERS))

    def find(self, item: Source) -> Found:
        hits = self._retriever.invoke(item.question)
        passages = [hit.metadata["passage"] for hit in hits]
        others = [passage for passage in passages if not is_own(passage, item)]
        shown = passages[:PASSAGES]
        near = {hit.metadata["passage_id"]: float(hit.metadata["cosine"]) for hit in hits}
        nearness = max((near[passage.id] for passage in others[:PASSAGES]), default=0.0)
        return Found(_text(others[:PASSAGES]), _text(shown), any(passage not in others for passage in shown), nearness)


def is_own(passage: Passage, item: Source) -> bool:
    """Whether the passage is what the item was made from."""
    if set(item.pmids) & set(re.findall(r"\d+", passage.document_id)):
        return True
    runs = _runs(" ".join([item.question, item.context, *item.options]))
    return not runs.isdisjoint(_runs(passage.text))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def _text(passages: Sequence[Passage]) -> str:
    return "".join(f"{passage.text}\n\n" for passage in passages)
