"""What makers of examples take and give: training documents in, candidates out, each with what a verifier needs to judge it.

A maker of a kind is one file in `data_build/kinds/`:

    @register("example", "mine")
    def make(material: Material) -> Iterator[Candidate | Drop]: ...

It gives candidates in a seeded order, as many as there are; the stage takes what the recipe's share has room for. A `Drop`
says why something it looked at became none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from data_build.pages import Page
from medmodel.records import Document, Drop, Example, Passage

__all__ = ["Candidate", "Drop", "Material", "Options", "Quote", "Term"]


class Quote(NamedTuple):
    """Words that an example gives as a document's."""

    document: str  # id
    text: str


class Options(NamedTuple):
    """The options of a multiple-choice example, and which is right."""

    texts: tuple[str, ...]
    right: int


class Candidate(NamedTuple):
    """An example that nobody has verified yet."""

    example: Example
    question: str  # what is asked, without passages and rules: by this examples are told apart
    secret: str = ""  # what the question must not give away; "" when there is nothing to give away
    quotes: tuple[Quote, ...] = ()
    options: Options | None = None
    shown: tuple[Passage, ...] = ()
    fault: str = ""  # what its maker found wrong when it looked for the answer without knowing it


class Term(NamedTuple):
    """One thing's name in two languages, as a terminology gives them: looked up, not trained on as a text."""

    english: str
    chinese: str


class Material(NamedTuple):
    """What examples are made from."""

    documents: Sequence[Document]  # training documents alone, in a seeded order
    pages: Sequence[Page] = ()  # those that are question-answer pages, as sections
    stock: frozenset[str] = frozenset()  # what many pages say
    terms: Sequence[Term] = ()
    seed: int = 0
    longest: int = 1024  # tokens of an example
    count: Callable[[str], int] = len  # tokens of a text
