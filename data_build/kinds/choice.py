"""Multiple choice with hard wrong options: diagnoses of the same complaint, and terms of the same parent in an ontology.

A wrong option is what a learner would confuse with the right one, so nothing but the features or the definition tells them
apart; the options stand in a seeded order, under letters, as in the conversations that are choices. A case whose features
fit two of the options, and a definition that holds its own term, give none.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from data_build import differentials, multiple_choice
from data_build.candidates import Candidate, Material, Options, Quote
from data_build.complaints import complaint, diagnoses, fitting, in_sentence
from medmodel.records import Document, Drop, Example, Message
from medmodel.registry import register

WRONG = 3
_TERM = re.compile(r"^(?P<name>.+) \([A-Z]+:\d+\): (?P<definition>.+)$", re.MULTILINE)
_PARENT = re.compile(r"is a kind of (.+?)(?: and of .+)?\.$", re.MULTILINE)


@register("example", "choice")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """Of complaints, then of terms."""
    choose = random.Random(material.seed)
    made = [
        each for document in material.documents if document.domain == "differential" for each in _of_complaint(document, choose)
    ]
    yield from (candidate for _, candidate in sorted(made, key=lambda each: each[0]))
    yield from _of_terms(material.documents, choose)


def _of_complaint(document: Document, choose: random.Random) -> Iterator[tuple[int, Candidate]]:
    among = diagnoses(document)
    if len(among) <= WRONG:
        return
    for right in among:
        for turn, features in enumerate(differentials.cases(right, choose)):
            wrong = choose.sample([other for other in among if other is not right], WRONG)
            stem = f"A patient has {complaint(document)} with: {differentials.described(features)}. Which diagnosis fits best?"
            rationale = f"What speaks for {right.name}: {differentials.described(right.features)}."
            candidate = _candidate(
                f"{document.id}#{right.name}.{turn}:choice",
                document,
                stem,
                right.name,
                [each.name for each in wrong],
                rationale,
            )
            fits = fitting(features, [right, *wrong]) == right.name
            yield (
                turn,
                candidate._replace(
                    quotes=(*candidate.quotes, *(Quote(document.id, feature) for feature in right.features)),
                    fault="" if fits else "two options are right: another diagnosis fits as well",
                ),
            )


def _of_terms(documents: Sequence[Document], choose: random.Random) -> Iterator[Candidate]:
    """One a term that has a definition and enough siblings."""
    children: dict[str, list[tuple[Document, str, str]]] = defaultdict(list)
    for document in documents:
        term, parent = _TERM.search(document.text), _PARENT.search(document.text)
        if document.domain == "terminology" and term and parent:
            children[parent[1]].append((document, term["name"], term["definition"]))
    for above, siblings in children.items():
        for document, name, definition in siblings:
            others = [other for _, other, _ in siblings if other != name]
            if len(others) >= WRONG:
                stem = f"Which kind of {in_sentence(above)} is this? {definition}"
                candidate = _candidate(
                    f"{document.id}:choice", document, stem, name, choose.sample(others, WRONG), f"It is {in_sentence(name)}."
                )
                yield candidate._replace(quotes=(*candidate.quotes, Quote(document.id, definition)))


def _candidate(name: str, document: Document, stem: str, right: str, wrong: Sequence[str], rationale: str) -> Candidate:
    options = multiple_choice.shuffled([right, *wrong], name)
    letter = multiple_choice.LETTERS[options.index(right)]
    asked = multiple_choice.write(multiple_choice.Question(stem, options))
    return Candidate(
        example=Example(
            id=name,
            kind="choice",
            messages=(
                Message(role="user", content=asked),
                Message(role="assistant", content=f"{rationale}\n\nAnswer: {letter}"),
            ),
            documents=(document.id,),
        ),
        question=stem,
        secret=right,
        quotes=(Quote(document.id, right),),
        options=Options(options, options.index(right)),
    )
