"""Question-answer pages as sections: a heading that asks, and the passages that answer it.

What one page says word for word like others ("The Human Phenotype Ontology provides the following list …") is stock:
it answers nothing and is never taken for an answer. Sentences are compared with the page's subject left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from medmodel import prompts
from medmodel.rag.passages import split_document
from medmodel.rag.support import check, content_words
from medmodel.records import Document, Passage

STOCK = 5  # pages that say a sentence: as many as make a paragraph a repeated one in the recipe `small`
LONGEST_ANSWER = 260  # characters a line, as in examples from guidelines
SHORTEST_ANSWER = 6  # content words: less is a lead-in ("Treatment may include the following")


class Section(NamedTuple):
    """A question of a page with its answer."""

    document: Document
    subject: str
    question: str
    passages: tuple[Passage, ...]

    @property
    def id(self) -> str:
        return self.passages[0].id


class Page(NamedTuple):
    sections: tuple[Section, ...]


def pages(documents: Iterable[Document]) -> Iterator[Page]:
    """The documents whose headings ask something, in order."""
    for document in documents:
        if "?" not in document.text or document.domain != "patient_page":
            continue
        sections: dict[str, list[Passage]] = {}
        for passage in split_document(document):
            if len(passage.heading) > 1 and passage.heading[-1].endswith("?"):
                sections.setdefault(passage.heading[-1], []).append(passage)
        subject = document.source.title
        found = tuple(Section(document, subject, asked, tuple(passages)) for asked, passages in sections.items())
        if found:
            yield Page(found)


def stock(pages: Iterable[Page]) -> frozenset[str]:
    """The sentences that many pages have, but for their subject."""
    seen: Counter[str] = Counter()
    for page in pages:
        said = {
            _masked(passage.sentence(number), section.subject)
            for section in page.sections
            for passage in section.passages
            for number in range(len(passage.sentences))
        }
        seen.update(said)
    return frozenset(sentence for sentence, count in seen.items() if count >= STOCK)


def answering(section: Section, stock: frozenset[str]) -> list[int]:
    """Numbers (from 0) of the first passage's sentences that may be given as the answer, the leading ones."""
    passage = section.passages[0]
    fit = [number for number in range(len(passage.sentences)) if _says_something(passage.sentence(number), section, stock)]
    return [number for at, number in enumerate(fit) if number == fit[0] + at][:2]  # the second only when it follows


def shared(passages: Sequence[Passage]) -> tuple[str, ...]:
    """The ids of the documents that passages are from, each once."""
    return tuple(dict.fromkeys(passage.document_id for passage in passages))


def _says_something(sentence: str, section: Section, stock: frozenset[str]) -> bool:
    line = prompts.one_line(sentence)
    return (
        len(line) <= LONGEST_ANSWER
        and line.endswith((".", ")", "。"))
        and len(content_words(line)) >= SHORTEST_ANSWER
        and _masked(sentence, section.subject) not in stock
        and not check(line, line)
    )


def _masked(sentence: str, subject: str) -> str:
    return prompts.one_line(sentence).lower().replace(subject.lower(), "…")
