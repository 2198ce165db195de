"""Tag documents that no reader would miss: `quality_rule` names the rules that fire, `quality` is the head's score.

The rules are those of Gopher (Rae et al. 2021, arXiv 2112.11446, table A1), C4 (Raffel et al. 2020, arXiv 1910.10683) and
FineWeb (Penedo et al. 2024, arXiv 2406.17557) as far as they hold in medicine; `quality.yaml` has their limits. What was
changed: no smallest number of words and no asking for function words, since a definition is short and a list has none;
headings, turn marks and short lines may repeat, as "Dose" does in a formulary; digits, units and bullets cost nothing; a
Chinese character is a word by itself, and word length is asked of words of letters alone. `head` is the folder of a
`quality_head` artifact.

`data_build.measures` counts what the rules ask (`tests/perf/quality.py`: 55 MB/s a core on MedQuAD, 32 on cmrc2018). Not
covered: whether what is said is true; spam in phrases that the file does not list.

    python -m data_build step quality --in documents.jsonl --out out.jsonl --report quality.json --set head=STORE/quality-…
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from datatrove.pipeline.base import PipelineStep

from data_build.head import Head
from data_build.measures import Measures, Phrases, measure, phrases_of
from data_build.steps.tagging import tag
from medmodel.registry import register

FILE = Path(__file__).with_name("quality.yaml")


class Limits(NamedTuple):
    """What quality.yaml holds; the reasons stand there."""

    letters_least: float
    symbols_most: float
    damaged_most: float
    unbroken_most: float
    word_length_least: float
    word_length_most: float
    single_letters_most: float
    cut_off_lines_most: float
    repeated_lines_most: float
    repeated_words_most: float
    looped_most: float
    words_a_stop_most: float
    phrases_least: int
    phrase_words_most: int
    from_words: int
    from_lines: int


@register("step", "quality")
class Quality(PipelineStep):
    """Tags; the text stays as it is. `rules` off and a `head` given: only the score."""

    name = "quality"
    type = "medmodel"
    tags = ("quality",)

    def __init__(self, rules: bool = True, head: Path | str | None = None) -> None:
        super().__init__()
        self.rules, self.head = rules, head

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        head = Head.load(self.head) if self.head else None
        for document in data:
            if self.rules and (fired := rules_of(document.text)):
                tag(document, "quality_rule", ", ".join(fired))
            if head and (score := head.score(document.text)) is not None:
                tag(document, "quality", round(score, 3))
            yield document


def rules_of(text: str) -> list[str]:
    """The names of the rules that fire."""
    return broken(measure(text, listed()), limits())


def broken(found: Measures, limit: Limits) -> list[str]:
    """The names of the rules that these measures break, in an order that never changes."""
    many_words, many_lines = found.words >= limit.from_words, found.lines >= limit.from_lines
    mostly_spelled = found.spelled >= limit.from_words and found.spelled > found.words / 2
    rules = {
        "few letters": found.letters < limit.letters_least,
        "symbols": found.symbols > limit.symbols_most,
        "damaged characters": found.damaged > limit.damaged_most,
        "unbroken characters": found.unbroken > limit.unbroken_most,
        "word length": mostly_spelled and not limit.word_length_least <= found.word_length <= limit.word_length_most,
        "single letters": mostly_spelled and found.single_letters > limit.single_letters_most,
        "cut-off lines": many_lines and found.cut_off_lines > limit.cut_off_lines_most,
        "repeated lines": found.repeated_lines > limit.repeated_lines_most,
        "repeated words": many_words and found.repeated_words > limit.repeated_words_most,
        "loop": found.words >= limit.from_words and found.looped > limit.looped_most,
        "neither sentence nor list": many_words and found.words_a_stop > limit.words_a_stop_most,
        "spam": _is_listed(found.spam, found.words, limit),
        "boilerplate": _is_listed(found.boilerplate, found.words, limit),
    }
    return [name for name, fires in rules.items() if fires]


def _is_listed(phrases: int, count: int, limit: Limits) -> bool:
    return phrases >= limit.phrases_least and count <= phrases * limit.phrase_words_most


@cache
def limits() -> Limits:
    return Limits(**_file()["limits"])


@cache
def listed() -> Phrases:
    return phrases_of([_file()["phrases"][name] for name in ("spam", "boilerplate")])


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read
