"""From what the model wrote to claims with byte-exact quotes, and the check that a quote supports its claim.

The product, the gate and example building all ask it: what is trained for, gated and shown is one rule.
The rule itself is in support.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.rag.support import check, content_words, verdict
from medmodel.records import Citation, Claim, FirstTry, Passage

__all__ = ["check", "cite", "content_words", "judge_first_try", "parse", "resolve", "verdict"]

_LINE = re.compile(r"^\[(\d{1,3})\] (\S.*)$")


def parse(text: str, sentences: int) -> list[tuple[int, str]] | None:
    """(sentence number, text) for each line, or None when a line does not parse or cites a number that does not exist."""
    lines = []
    for line in text.strip().split("\n"):
        match = _LINE.match(line.strip())
        if not match or not 1 <= int(match[1]) <= sentences:
            return None
        lines.append((int(match[1]), match[2].strip()))
    return lines


def judge_first_try(completion: Completion, passages: Sequence[Passage]) -> FirstTry:
    """Score what the model wrote at the first try: well formed? every sentence supported by the one it cites?"""
    text = completion.text.strip()

    def tried(well_formed: bool, grounded: bool, reason: str, abstained: bool = False) -> FirstTry:
        return FirstTry(
            text=text,
            finish_reason=completion.finish_reason,
            well_formed=well_formed,
            grounded=grounded,
            abstained=abstained,
            reason=reason,
        )

    if completion.finish_reason != "stop":
        return tried(False, False, "cut off: it did not end by itself")
    if text == prompts.NO_ANSWER:
        return tried(True, False, "abstained", abstained=True)
    shown = prompts.numbered(passages)
    lines = parse(text, len(shown))
    if lines is None:
        return tried(False, False, "a line does not parse, or cites a sentence that was not shown")
    if len({sentence.lower() for _, sentence in lines}) < len(lines):
        return tried(False, False, "it says the same thing twice")
    for number, sentence in lines:
        passage, at = shown[number - 1]
        reason = check(sentence, prompts.one_line(passage.sentence(at)))
        if reason:
            return tried(True, False, f"line [{number}]: {reason}")
    return tried(True, True, "")


def resolve(lines: Sequence[tuple[int, str]], passages: Sequence[Passage]) -> tuple[Claim, ...]:
    """Claims with their quotes: the cited sentence, byte for byte, and whether it supports the claim."""
    shown = prompts.numbered(passages)
    claims = []
    for number, text in lines:
        passage, at = shown[number - 1]
        found = verdict(text, prompts.one_line(passage.sentence(at)))
        claims.append(Claim(text=text, citations=(cite(passage, at, number),), verdict=found.label, reason=found.reason))
    return tuple(claims)


def cite(passage: Passage, sentence: int, number: int) -> Citation:
    """The citation of the `sentence`-th sentence (from 0) of a passage, shown as `number`."""
    span = passage.sentences[sentence]
    quote = passage.text[span.start : span.end]
    return Citation(passage_id=passage.id, source=passage.source, quote=quote, start=span.start, end=span.end, number=number)
