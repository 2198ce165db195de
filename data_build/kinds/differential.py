"""Case to differential: some features of a diagnosis, and what fits, what must not be missed, what to test.

From the complaints' documents. The diagnosis must come out of the features again when all of the complaint's diagnoses are
compared with them (`complaints.fitting`), and no other may have as many. Cases written as stories are the model's business
(`data_build.writers`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from data_build import differentials
from data_build.candidates import Candidate, Material
from data_build.complaints import complaint, diagnoses, fitting
from medmodel import prompts
from medmodel.records import Drop, Example, Message
from medmodel.registry import register

FORMS = (
    "A patient has {complaint} with: {features}. What is the differential, and what must not be missed?",
    "{complaint}: {features}. What fits best, what else is dangerous, and what do I test?",
    "I see somebody with {complaint}. Findings: {features}. Which diagnoses should I think of?",
)


@register("example", "differential")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """Every choice of features, diagnosis by diagnosis in turn, so that a small share has all diagnoses."""
    choose = random.Random(material.seed)
    made = []
    for document in material.documents:
        if document.domain != "differential":
            continue
        among = diagnoses(document)
        for right in among:
            for turn, features in enumerate(differentials.cases(right, choose)):
                asked = choose.choice(FORMS).format(complaint=complaint(document), features=differentials.described(features))
                asked = asked[0].upper() + asked[1:]
                candidate = Candidate(
                    example=Example(
                        id=f"{document.id}#{right.name}.{turn}:differential",
                        kind="differential",
                        messages=(
                            *prompts.differential_messages(asked),
                            Message(role="assistant", content=differentials.answer(right, among)),
                        ),
                        documents=(document.id,),
                    ),
                    question=asked,
                    secret=right.name,
                    quotes=differentials.quotes(document, right, features),
                    fault="" if fitting(features, among) == right.name else "answer not recovered: another diagnosis fits",
                )
                made.append((turn, candidate))
    yield from (candidate for _, candidate in sorted(made, key=lambda each: each[0]))
