"""Documents to passages: pieces small enough to show beside an answer, with their sentences numbered.

A passage never crosses a heading, and a sentence is what a reader would call one: a line of prose up to its full
stop, a whole bullet, or a table row. Passages aim at 500 characters (about 125 tokens): few enough to be about one thing, and to be read
beside an answer. The model is shown the nearest sentences of several (`medmodel.rag.nearest`).
Covers Markdown headings, bullets, tables and prose in English and Chinese; not nested tables or footnotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from medmodel.records import Document, Passage, Span

TARGET = 500  # characters; see above
SHORTEST = 150  # characters: the rest of a section below this stays with the passage before it
LONGEST_SENTENCE = 400  # characters: longer ones are split at a semicolon, the answer grammar admits no more
WRAPPED = 60  # characters: a line at least this long without a stop was broken by an editor, not by its writer
_ENDS = (".", "!", "?", ":", ";", "。", "！", "？", "：", "；")
_MIDDLE = re.compile(r"\s*(?:[a-z(≥≤<]|(?:AND|OR|NOT|UNLESS|EXCEPT|ONLY)\b)")  # no sentence begins so
_ARROW = re.compile(r"->|→|↓")  # a step of a flow chart drawn in text
_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
# A full stop ends a sentence when a space and a capital, digit or bracket follow, unless an abbreviation precedes it.
_STOP = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bapprox)(?<!\bDr)(?<!\bNo)(?<!\bFig)(?<!\bca)(?<!\bal)(?<!\bU\.S)[.!?](?=\s+[A-Z0-9(≥≤<>\[])|[。！？]"
)


def split_document(document: Document) -> list[Passage]:
    """All passages of a document, in order. Every character of a sentence lies in exactly one passage."""
    passages: list[Passage] = []
    for heading, start, end in _sections(document.text):
        groups: list[list[Span]] = []
        for sentence in split_sentences(document.text, start, end):
            if not groups or sentence.end - groups[-1][0].start > TARGET:
                groups.append([])
            groups[-1].append(sentence)
        if len(groups) > 1 and groups[-1][-1].end - groups[-1][0].start < SHORTEST:
            groups[-2:] = [groups[-2] + groups[-1]]  # a last bullet alone has lost what it belongs to
        for group in groups:
            passages.append(_passage(document, len(passages), heading, group))
    return passages


def split_sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Spans of the sentences in `text[start:end]`: stripped of white space and bullet marks, none empty."""
    for first, last in _blocks(text, start, len(text) if end is None else end):
        for stop in _STOP.finditer(text, first, last):
            yield from _fit(text, first, stop.end())
            first = stop.end()
        yield from _fit(text, first, last)


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each bullet, table row and paragraph, without bullet marks.

    A line broken by its writer's editor goes on in the next one: a sentence cut there could lose its "not".
    """
    position = start
    first: int | None = None
    for line in text[start:end].splitlines(keepends=True):
        line_start, position = position, position + len(line)
        bullet = _BULLET.match(line)
        alone = not line.strip() or bool(_TABLE_RULE.match(line) or _HEADING.match(line))
        if first is not None and (alone or bullet or not _goes_on(text[first:line_start], line)):
            yield first, line_start
            first = None
        if first is None and not alone:
            first = line_start + (bullet.end() if bullet else 0)
    if first is not None:
        yield first, end


def _goes_on(before: str, line: str) -> bool:
    """True when `line` continues the sentence of the lines before it."""
    last = before.rstrip().rpartition("\n")[2].strip()
    if "|" in last + line or last.endswith(_ENDS):
        return False
    return bool(_MIDDLE.match(line)) or (len(last) >= WRAPPED and line.lstrip()[0].isalnum() and not _ARROW.search(line))


def _fit(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end - start > LONGEST_SENTENCE:
        for marks in (("; ", "；"), (", ", "，"), (" ",)):  # the best place to cut: where the sentence itself pauses
            cut = max(text.rfind(mark, start + 1, start + LONGEST_SENTENCE) for mark in marks)
            if cut > start:
                yield from _fit(text, start, cut + 1)
                yield from _fit(text, cut + 1, end)
                return
    if end > start and any(character.isalnum() for character in text[start:end]):
        yield Span(start=start, end=end)


def _sections(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """(heading path, start, end) of the text under each heading."""
    path: list[tuple[int, str]] = []
    start = position = 0
    for line in text.splitlines(keepends=True):
        heading = _HEADING.match(line.rstrip("\n"))
        if heading:
            if text[start:position].strip():
                yield tuple(title for _, title in path), start, position
            level = len(heading[1])
            path = [(depth, title) for depth, title in path if depth < level] + [(level, heading[2].strip())]
            start = position + len(line)
        position += len(line)
    if text[start:].strip():
        yield tuple(title for _, title in path), start, len(text)


def _passage(document: Document, number: int, heading: tuple[str, ...], group: list[Span]) -> Passage:
    start, end = group[0].start, group[-1].end
    return Passage(
        id=f"{document.id}#{number}",
        document_id=document.id,
        text=document.text[start:end],
        start=start,
        end=end,
        heading=heading,
        sentences=tuple(Span(start=span.start - start, end=span.end - start) for span in group),
        source=document.source,
        language=document.language,
    )
