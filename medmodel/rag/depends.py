"""What would change an answer: findings that a case does not give, and on which a sentence quoted for it depends.

A quote that says "if eGFR < 30" holds for some patients alone; a case that does not say how the kidneys work is told so, with
the words and the quote. By rule: `depends.yaml` has for each finding the words by which a quote depends on it, and those by
which a case gives it. Nothing is asked that no quote turns on, and what it would change to is not said: the quote says that.

Not covered: findings that the table does not have; a condition told in other words; a value given for another time.

    depends("A 40-year-old woman has a urinary infection.", claims)    # (Dependence(finding="kidney", said=("eGFR",), …),)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from medmodel.records import Citation, Claim, Dependence

MOST = 5  # findings shown
READ = 8_000  # characters of a case


class _Finding(NamedTuple):
    name: str
    title: str
    title_zh: str
    quote: re.Pattern[str]
    given: re.Pattern[str]


def depends(case: str, claims: Sequence[Claim]) -> tuple[Dependence, ...]:
    """The findings in the table's order, each with the words and quotes that depend on it."""
    quoted = list(dict.fromkeys(citation for claim in claims for citation in claim.citations))
    found = []
    for finding in _findings():
        if finding.given.search(case[:READ]):
            continue
        on: list[tuple[str, Citation]] = [
            (words[0], citation) for citation in quoted if (words := finding.quote.search(citation.quote))
        ]
        if on:
            said = tuple(dict.fromkeys(words for words, _ in on))
            citations = tuple(citation for _, citation in on)
            about = {"finding": finding.name, "title": finding.title, "title_zh": finding.title_zh}
            found.append(Dependence.model_validate({**about, "said": said, "citations": citations}))
    return tuple(found[:MOST])


@cache
def _findings() -> tuple[_Finding, ...]:
    table = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return tuple(
        _Finding(name, one["title"], one["zh"], _either(one["quote"]), _either(one["given"])) for name, one in table.items()
    )


def _either(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)
