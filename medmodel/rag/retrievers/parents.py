"""Parent expansion: after each of the first passages come the others of its section, which finish what it began.

A section is what stands under one heading of one document (`Index.section`). For readers and prompts that have the room; the
product shows three passages and leaves it out.
"""

from __future__ import annotations

from medmodel.rag.hits import Found, Retriever
from medmodel.registry import register


@register("retriever", "parents")
class Parents(Retriever):
    """The first `sections` passages of the wrapped retriever, each followed by its section in reading order, then the rest."""

    of: Retriever
    sections: int = 3  # passages that bring theirs along
    longest: int = 4  # passages of a section, the nearest ones before and after

    def rank(self, query: str) -> list[Found]:
        found = self.of.rank(query)
        known = {hit.passage_id: hit for hit in found}
        ordered: dict[str, Found] = {}
        for hit in found[: self.sections]:
            ordered.setdefault(hit.passage_id, hit)
            for passage_id in self._beside(hit.passage_id):
                ordered.setdefault(passage_id, known.get(passage_id) or Found(passage_id, hit.score))
        for hit in found:
            ordered.setdefault(hit.passage_id, hit)
        return list(ordered.values())[: self.k]

    def _beside(self, passage_id: str) -> list[str]:
        section = [passage.id for passage in self.index.section(passage_id)]
        at = section.index(passage_id)
        nearest = sorted(range(len(section)), key=lambda other: (abs(other - at), other))[1 : self.longest]
        return [section[other] for other in sorted(nearest)]
