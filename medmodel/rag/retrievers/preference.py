"""Newer and better sources first, among near equals: a bonus on the score for the year and the tier of a source.

The bonuses are small against what a right passage has over a wrong one, so that an old guideline that answers stays before
a new one that does not. A source that was withdrawn or replaced gives way (`passed`), and is not hidden: it is shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import Field

from medmodel.rag.hits import Found, Retriever
from medmodel.records import Source
from medmodel.registry import register

WINDOW = 20  # years: guidance older than this is as old as any


@register("retriever", "preference")
class Preference(Retriever):
    """The `k` best of what the wrapped retriever gives, with bonuses."""

    of: Retriever
    recency: float = 0.0  # for a source of this year; nothing for one that is WINDOW years old or has no year
    tiers: Mapping[str, float] = Field(default_factory=dict)  # by tier
    passed: float = 0.0  # for a source that is retracted or superseded: negative

    def rank(self, query: str) -> list[Found]:
        now = datetime.now(UTC).year
        found = [
            hit._replace(score=hit.score + self._bonus(self.index.passages[hit.passage_id].source, now))
            for hit in self.of.rank(query)
        ]
        return sorted(found, key=lambda hit: (-hit.score, hit.passage_id))[: self.k]

    def _bonus(self, source: Source, now: int) -> float:
        age = now - source.year if source.year else WINDOW
        new = self.recency * min(1.0, max(0.0, 1 - age / WINDOW))
        return new + self.tiers.get(source.tier, 0.0) + (self.passed if source.status != "current" else 0.0)
