"""WikiText-2: 60 articles of Wikipedia (CC BY-SA 3.0), the validation file alone, as general text.

The test file measures perplexity and is never read. The text was cut into tokens ("3 @.@ 5 kg ( 7 lb ) , red @-@ tipped"),
which is undone. Rare words were replaced by <unk> and are gone for good; a model must not learn to write holes, so a
sentence with one is left out, and so is such a heading. 5,384 of 8,052 sentences (73 % of the characters) go so; each
document says how many it lost.

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from data_build.sections import Section, joined, without_hollow
from data_build.sources.reading import Member, Unreadable, lines_of
from data_build.sources.rows import files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

FOLDER = "word_language_model/data/wikitext-2"
SOURCE = Source(
    id="wikitext2",
    title="WikiText-2",
    organization="Wikipedia",
    year=2016,
    url="https://huggingface.co/datasets/Salesforce/wikitext",
    licence="CC-BY-SA-3.0",
    tier="none",
)
UNKNOWN = "<unk>"

_HEADING = re.compile(r"((?:= )+)(.+?)((?: =)+)")
_SENTENCE = re.compile(r".+?(?:(?<= )[.?!](?: [”’)\]])*(?= |$)|$)")
_REJOINED = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        (r" @([-,.])@ ", r"\1"),
        (r"(?<=\d) – (?=\d)", "–"),
        (r" ([—/⁄]) ", r"\1"),
        (r"(?<=s) '(?= |$)", "'"),  # lobsters ' claws
        (r"(?<=\w) '(?=\w)", "'"),  # it 's, O 'Neil
        (r"(?<= )' ([^'\"]{1,80}) '(?= |$)", r"'\1'"),
        (r" ([,.;:!?%)\]”])", r"\1"),
        (r"([(\[“]) ", r"\1"),
        (r"\bUS ([$£€]) (?=\d)", r"US\1"),
        (r"([$£€#]) (?=\d)", r"\1"),
        (r"° (?=[CF]\b)", "°"),
    )
)


@register("source", "wikitext2")
def read() -> Iterator[Document | Unreadable]:
    """One document an article. Raises InputError when the folder is missing."""
    for member in files_of("wikitext2", f"{FOLDER}/valid.txt"):
        if isinstance(member, Unreadable):
            yield member
        else:
            yield from _articles(member)
    yield from left_out("wikitext2", {f"{FOLDER}/test.txt": "measures general perplexity"})


def _articles(member: Member) -> Iterator[Document | Unreadable]:
    parts: list[Section] = []
    number = lost = 0
    for line in lines_of(member):
        if isinstance(line, Unreadable):
            yield line
            continue
        text = line.text.strip()
        heading = _HEADING.fullmatch(text)
        level = heading[1].count("=") if heading and heading[1].count("=") == heading[3].count("=") else 0
        if level == 1:
            yield from _document(number, parts, lost)
            parts, lost, number = [], 0, number + 1
        if heading and level:
            parts.append(Section(level, plain(heading[2]) if UNKNOWN not in heading[2] else "", ""))
        elif text:
            kept, holes = without_holes(text)
            lost += holes
            if kept and parts:
                parts[-1] = parts[-1]._replace(body=f"{parts[-1].body}\n\n{kept}".strip())
    yield from _document(number, parts, lost)


def _document(number: int, parts: list[Section], lost: int) -> Iterator[Document]:
    kept = [part if part.title else part._replace(level=0) for part in without_hollow(parts)]  # a heading with a hole
    if any(part.body for part in kept):
        yield Document(
            id=f"{SOURCE.id}/{number}",
            text=joined(part for part in kept if part.title or part.body),
            source=SOURCE,
            domain="general",
            attributes={"sentences_left_out": lost},
        )


def without_holes(paragraph: str) -> tuple[str, int]:
    """The sentences of a paragraph of tokens that are whole, as text, and how many were not."""
    sentences = [match[0].strip() for match in _SENTENCE.finditer(_quoted(paragraph))]
    whole = [sentence for sentence in sentences if UNKNOWN not in sentence]
    return plain(" ".join(whole)), len(sentences) - len(whole)


def plain(tokens: str) -> str:
    """Tokens as text again."""
    for pattern, becomes in _REJOINED:
        tokens = pattern.sub(becomes, tokens)
    return tokens.replace("“", '"').replace("”", '"')


def _quoted(paragraph: str) -> str:
    """Quotation marks that open and close, in turn: a sentence that goes must not turn the others around."""
    pieces = re.split(r'(?<= )"(?= |$)|^"(?= )', paragraph)
    return "".join(piece + mark for piece, mark in zip_longest(pieces, ["“", "”"] * (len(pieces) // 2), fillvalue=""))
