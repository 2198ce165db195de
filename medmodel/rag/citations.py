"""From what the model wrote to claims with byte-exact quotes, and the check that a quote supports its claim.

The product, the gate and example building all ask it: what is trained for, gated and shown is one rule.
The rule itself is in support.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.rag.support import check, content_words, terms, verdict
from medmodel.records import Answer, Citation, Claim, Dependence, Diagnosis, FirstTry, Passage, Span

__all__ = ["check", "cite", "content_words", "judge_first_try", "parse", "rechecked", "resolve", "shortest", "verdict"]

LONGEST = 80  # words of a sentence whose quote is shortened: 400 characters, as the answer grammar allows, have fewer
UNCUT = ("limit", "qualifier")  # kinds of terms that a quote keeps
Noted = TypeVar("Noted", Diagnosis, Dependence)
_PIECE = re.compile(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+")  # a word, or a Chinese character
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
    """Claims with their quotes, and whether the cited sentence supports the claim."""
    shown = prompts.numbered(passages)
    claims = []
    for number, text in lines:
        passage, at = shown[number - 1]
        found = verdict(text, prompts.one_line(passage.sentence(at)))
        supported = found.label == "supported"
        citation = cite(passage, at, number, text) if supported else cite(passage, at, number)
        claims.append(Claim(text=text, citations=(citation,), verdict=found.label, reason=found.reason))
    return tuple(claims)


def cite(passage: Passage, sentence: int, number: int, claim: str = "") -> Citation:
    """The citation of the `sentence`-th sentence (from 0) of a passage, shown as `number`; for a claim, of the span it needs."""
    span = passage.sentences[sentence]
    if claim:
        span = shortest(passage.text, span, claim)
    quote = passage.text[span.start : span.end]
    return Citation(passage_id=passage.id, source=passage.source, quote=quote, start=span.start, end=span.end, number=number)


def shortest(text: str, sentence: Span, claim: str) -> Span:
    """The shortest run of a sentence's words that supports the claim as the sentence does, with all the words they share.

    What limits the sentence ("not", "unless") or says for whom it holds ("in children") is never cut off: a quote that is
    true by itself must not say more than its sentence does.
    """
    whole = text[sentence.start : sentence.end]
    words = list(_PIECE.finditer(whole))
    if prompts.one_line(whole) == prompts.one_line(claim) or len(words) > LONGEST:
        return sentence
    kept = [(term.kind, term.value) for term in terms(prompts.one_line(whole)) if term.kind in UNCUT]
    needed = content_words(claim) & content_words(whole)

    def supports(first: int, last: int) -> bool:
        part = prompts.one_line(whole[words[first].start() : words[last].end()])
        found = [(term.kind, term.value) for term in terms(part) if term.kind in UNCUT]
        return found == kept and needed <= content_words(part) and not check(claim, part)

    best = (0, len(words) - 1)
    first = 0
    for last in range(len(words)):  # a window: its end moves on until it supports, then its beginning as long as it does
        while first <= last and supports(first, last):
            best = min(best, (first, last), key=lambda run: words[run[1]].end() - words[run[0]].start())
            first += 1
    return Span(start=sentence.start + words[best[0]].start(), end=sentence.start + words[best[1]].end())


def rechecked(answer: Answer, held: Mapping[str, Passage], withdrawn: Callable[[str], str | None]) -> Answer:
    """An answer given before, against the references as they are now: what is gone from them is marked, its quote kept.

    `held` are the passages of the index at hand; `withdrawn` says why a passage left it, or None. A source retracted or
    superseded since shows as that.
    """
    cited = (held.get(citation.passage_id) for citation in _all_citations(answer))
    sources = {passage.source.id: passage.source for passage in cited if passage}

    def now(citation: Citation) -> Citation:
        passage = held.get(citation.passage_id)
        if passage is not None and passage.text[citation.start : citation.end] == citation.quote:
            return citation.model_copy(update={"source": passage.source})
        reason = withdrawn(citation.passage_id) or "the references no longer hold this passage"
        return citation.model_copy(update={"withdrawn": reason, "source": sources.get(citation.source.id, citation.source)})

    def renewed(noted: Noted) -> Noted:
        return noted.model_copy(update={"citations": tuple(map(now, noted.citations))})

    return answer.model_copy(
        update={
            "case": answer.case
            and answer.case.model_copy(
                update={
                    "diagnoses": tuple(map(renewed, answer.case.diagnoses)),
                    "depends": tuple(map(renewed, answer.case.depends)),
                }
            ),
            "claims": tuple(
                claim.model_copy(update={"citations": tuple(map(now, claim.citations))}) for claim in answer.claims
            ),
            "conflicts": tuple(
                conflict.model_copy(update={"sides": tuple(map(now, conflict.sides))}) for conflict in answer.conflicts
            ),
        }
    )


def _all_citations(answer: Answer) -> Iterator[Citation]:
    for claim in answer.claims:
        yield from claim.citations
    for conflict in answer.conflicts:
        yield from conflict.sides
    if answer.case:
        for diagnosis in answer.case.diagnoses:
            yield from diagnosis.citations
        for dependence in answer.case.depends:
            yield from dependence.citations
