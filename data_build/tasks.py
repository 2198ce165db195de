"""What a model is to write examples on: a passage of prose, the features of a diagnosis, or lists of a complaint's findings.

Questions are written on passages of guidelines, patients' pages and textbooks in English, one of each document in turn, and
no passage twice; cases on the key features of a diagnosis; questions before a differential on three lists of one complaint.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice, zip_longest
from typing import NamedTuple, TypeVar

from data_build.complaints import diagnoses
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage

PROSE = ("guideline", "patient_page", "textbook")  # domains
INTAKE_SHOWN = 3  # lists of findings, each of another diagnosis or of another sort
LISTS = ("Red flags", "Key features")
T = TypeVar("T")


class Task(NamedTuple):
    """Something to write an example on."""

    id: str
    kind: str
    document: Document
    shown: tuple[Passage, ...]
    before: tuple[Passage, ...] = ()  # shown first in the example, so that its sentence has another number than in writing
    diagnosis: str = ""  # whose features are shown


def tasks(documents: Sequence[Document], wanted: Mapping[str, int], seed: int) -> list[Task]:
    """As many of each kind as wanted, or as the documents have; in an order in which all kinds are mixed."""
    choose = random.Random(seed)
    prose = _passages([document for document in documents if document.domain in PROSE and document.language == "en"], choose)
    complaints = [document for document in documents if document.domain == "differential"]
    sources: dict[str, Iterator[Task]] = {
        **{kind: _on_passages(kind, prose) for kind in ("grounded", "abstain", "choice")},
        "differential": _diagnosed(complaints, choose),
        "intake": _findings(complaints, choose),
    }
    limited = [islice(sources[kind], number) for kind, number in sorted(wanted.items())]
    found = [task for turn in zip_longest(*limited) for task in turn if task]  # in turn: kinds share the passages
    choose.shuffle(found)
    return found


def _on_passages(kind: str, prose: Iterator[tuple[Document, Passage, tuple[Passage, ...]]]) -> Iterator[Task]:
    return (Task(f"{passage.id}:{kind}", kind, document, (passage,), before) for document, passage, before in prose)


def _passages(documents: Sequence[Document], choose: random.Random) -> Iterator[tuple[Document, Passage, tuple[Passage, ...]]]:
    """A passage of each document in turn, each once, with another one of the document, or else the one given before."""
    whole = [(document, split_document(document)) for document in _shuffled(documents, choose)]
    left = [(document, passages, [p for p in passages if len(p.sentences) > 1]) for document, passages in whole]
    last: tuple[Passage, ...] = ()
    while left := [each for each in left if each[2]]:
        for document, passages, unused in left:
            passage = unused.pop(choose.randrange(len(unused)))
            others = [other for other in passages if other is not passage]
            yield document, passage, (choose.choice(others),) if others else last
            last = (passage,)


def _diagnosed(complaints: Sequence[Document], choose: random.Random) -> Iterator[Task]:
    """The key features of each diagnosis, once."""
    found = []
    for document in complaints:
        by_heading = {passage.heading[1:]: passage for passage in split_document(document)}
        for diagnosis in diagnoses(document):
            passage = by_heading.get((diagnosis.name, "Key features"))
            if passage:
                name = f"{document.id}#{diagnosis.name}:differential"
                found.append(Task(name, "differential", document, (passage,), diagnosis=diagnosis.name))
    yield from _shuffled(found, choose)


def _findings(complaints: Sequence[Document], choose: random.Random) -> Iterator[Task]:
    """Lists of red flags and key features of some diagnoses of a complaint, another choice each time."""
    lists = [
        (document, [p for p in split_document(document) if p.heading and p.heading[-1] in LISTS]) for document in complaints
    ]
    for turn, (document, found) in enumerate(cycle([each for each in lists if len(each[1]) >= INTAKE_SHOWN])):
        yield Task(f"{document.id}#{turn}:intake", "intake", document, tuple(choose.sample(found, INTAKE_SHOWN)))


def _shuffled(items: Sequence[T], choose: random.Random) -> list[T]:
    return choose.sample(items, len(items))
