"""Several retrievers together: the weighted mean of their scores, each scaled over its own hits.

    best      divided by the retriever's best score (the default)
    minmax    from 0 (its lowest hit) to 1 (its best)
    rrf       reciprocal ranks, k = 60 (Cormack, SIGIR 2009)

With `best`, a passage that a retriever did not have among its hits gets the lowest score of these, since it is no better;
and 0 when the hits were all that there are. Which one, the weights and the pool were chosen on BioASQ's
queries and questions on guidelines: docs/evidence.md. With no retrievers named, words and meaning are fused as `laptop` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from medmodel.rag.hits import Found, Retriever
from medmodel.rag.retrievers.dense import Dense
from medmodel.rag.retrievers.lexical import Lexical
from medmodel.registry import register

POOL = 200  # hits taken of each before fusing; BioASQ's nDCG@10 is .002 lower with a hundred
WEIGHTS = (0.5, 0.5)  # of words and of meaning: as in profiles.yaml, which says why
RANKED = 60  # the constant of reciprocal ranks


class Side(NamedTuple):
    """What one retriever found."""

    weight: float
    scores: Mapping[str, float]  # by passage id, best first
    all_there_is: bool = False  # it would have given more


@register("retriever", "fusion")
class Fusion(Retriever):
    """The `k` best passages of all. A retriever that finds nothing, as dense in a language it does not know, takes no part."""

    of: Sequence[Retriever] = ()
    weights: Sequence[float] = ()
    method: Literal["best", "minmax", "rrf"] = "best"

    def rank(self, query: str) -> list[Found]:
        parts = self.of or (Lexical(index=self.index, k=POOL), Dense(index=self.index, k=POOL))
        cosine: dict[str, float] = {}
        sides = []
        for weight, part in zip(self.weights or WEIGHTS, parts, strict=True):
            hits = part.rank(query)
            cosine |= {hit.passage_id: hit.cosine for hit in hits if hit.cosine}
            if hits:
                sides.append(Side(weight, {hit.passage_id: hit.score for hit in hits}, len(hits) < part.k))
        total = fuse(sides, self.method)
        best = sorted(total.items(), key=lambda entry: (-entry[1], entry[0]))[: self.k]
        return [Found(passage_id, score, cosine.get(passage_id, 0.0)) for passage_id, score in best]


def fuse(sides: Sequence[Side], method: str = "best") -> dict[str, float]:
    """The weighted mean of several retrievers' scores, 0 to 1, of every passage that any of them found."""
    whole = sum(side.weight for side in sides)
    total = {passage_id: 0.0 for side in sides for passage_id in side.scores}
    for side in sides:
        scaled, missing = _METHODS[method](side)
        for passage_id in total:
            total[passage_id] += side.weight / whole * scaled.get(passage_id, missing)
    return total


def _best(side: Side) -> tuple[dict[str, float], float]:
    highest = max(side.scores.values())
    if highest <= 0:
        return _minmax(side)
    scaled = {passage_id: max(0.0, score / highest) for passage_id, score in side.scores.items()}
    return scaled, 0.0 if side.all_there_is else min(scaled.values())


def _minmax(side: Side) -> tuple[dict[str, float], float]:
    low, high = min(side.scores.values()), max(side.scores.values())
    return {at: (score - low) / (high - low) if high > low else 1.0 for at, score in side.scores.items()}, 0.0


def _ranked(side: Side) -> tuple[dict[str, float], float]:
    return {passage_id: (RANKED + 1) / (RANKED + rank) for rank, passage_id in enumerate(side.scores, 1)}, 0.0


_METHODS: Mapping[str, Callable[[Side], tuple[dict[str, float], float]]] = {
    "best": _best,
    "minmax": _minmax,
    "rrf": _ranked,
}
