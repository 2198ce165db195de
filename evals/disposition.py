"""What an answer does for the reader, bare of its wording: answered or not, which flags, how urgent, resting on what.

Suites that ask one thing twice (a language, a relative's opinion, a typing error apart) compare these.
"""

from __future__ import annotations

from typing import NamedTuple

from medmodel.records import Answer

TOP = 3  # sources: as many passages as the product shows
_URGENCY = {"urgent": 1, "emergency": 2}


class Disposition(NamedTuple):
    status: str
    flags: frozenset[str]
    urgency: int  # 0: no red flag, 1: urgent, 2: emergency
    sources: tuple[str, ...]  # the first three that are cited, in order


def disposition(answer: Answer) -> Disposition:
    cited = dict.fromkeys(citation.source.id for claim in answer.claims for citation in claim.citations)
    return Disposition(
        status=answer.status,
        flags=frozenset(flag.id for flag in answer.red_flags),
        urgency=max((_URGENCY[flag.urgency] for flag in answer.red_flags), default=0),
        sources=tuple(cited)[:TOP],
    )


def overlap(one: Disposition, other: Disposition) -> float:
    """Share of all the cited sources that both cite; 0 when neither cites any."""
    every = {*one.sources, *other.sources}
    return len({*one.sources} & {*other.sources}) / len(every) if every else 0.0
