"""Fewer passages that say the same: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

The first passage stays; each next one is the best of what is left after `penalty` times its greatest likeness to those chosen.
Likeness is the share of words that two passages have in common, which is at hand in every index and language.
"""

from __future__ import annotations

from medmodel.rag.hits import Found, Retriever
from medmodel.rag.words import words
from medmodel.registry import register


@register("retriever", "diversity")
class Diversity(Retriever):
    """The `k` best of what the wrapped retriever gives, unlike one another. Scores stay those of the wrapped one."""

    of: Retriever
    penalty: float = 0.3

    def rank(self, query: str) -> list[Found]:
        left = self.of.rank(query)
        said = {hit.passage_id: _words(self.index.passages[hit.passage_id].text) for hit in left}
        likeness = dict.fromkeys(said, 0.0)  # to the most alike of those chosen
        chosen: list[Found] = []
        while left and len(chosen) < self.k:
            best = max(left, key=lambda hit: hit.score - self.penalty * likeness[hit.passage_id])
            left.remove(best)
            chosen.append(best)
            for hit in left:
                likeness[hit.passage_id] = max(likeness[hit.passage_id], _alike(said[hit.passage_id], said[best.passage_id]))
        return chosen


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in words(text))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)
