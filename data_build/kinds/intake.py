"""Intake: a complaint alone, so the assistant asks for red flags and telling features first; then the differential.

Four turns: the complaint; questions, one for a red flag of each of some diagnoses that must not be missed and one for a
feature of some others; what is there and what is not; the differential as for a case. The questions name no diagnosis.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from data_build import differentials
from data_build.candidates import Candidate, Material, Quote
from data_build.complaints import URGENT, Diagnosis, complaint, diagnoses, fitting, has
from medmodel import prompts
from medmodel.records import Document, Drop, Example, Message
from medmodel.registry import register

FLAGS = 3  # questions for red flags
FEATURES = 3  # questions for features
OPENINGS = (
    "A patient comes with {complaint}. What could it be?",
    "New patient: {complaint}. What is your differential?",
    "{complaint}, no more known yet. How do I go on?",
)
ASK = "Before a differential, please tell me:"


@register("example", "intake")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """Up to as many for a diagnosis as it has choices of features, diagnosis by diagnosis in turn."""
    choose = random.Random(material.seed)
    made = []
    for document in material.documents:
        if document.domain != "differential":
            continue
        among = diagnoses(document)
        for right in among:
            for turn, features in enumerate(differentials.cases(right, choose)):
                made.append((turn, _one(document, right, among, features, turn, choose)))
    yield from (candidate for _, candidate in sorted(made, key=lambda each: each[0]))


def _one(
    document: Document, right: Diagnosis, among: list[Diagnosis], features: tuple[str, ...], turn: int, choose: random.Random
) -> Candidate:
    others = [diagnosis for diagnosis in among if diagnosis is not right]
    urgent = [diagnosis for diagnosis in others if diagnosis.likelihood == URGENT and diagnosis.red_flags]
    flags = [choose.choice(diagnosis.red_flags) for diagnosis in choose.sample(urgent, min(FLAGS, len(urgent)))]
    absent = [choose.choice(diagnosis.features) for diagnosis in choose.sample(others, min(FEATURES - 1, len(others)))]
    flags, absent = ([item for item in items if not has(right, item)] for items in (flags, absent))
    asked = [*absent, features[0]]
    choose.shuffle(asked)
    opening = choose.choice(OPENINGS).format(complaint=complaint(document))
    opening = opening[0].upper() + opening[1:]
    questions = "\n".join(f"{number}. Is there: {item}?" for number, item in enumerate([*flags, *asked], 1))
    found = f"Yes: {differentials.described(features)}. No: {differentials.described([*flags, *absent])}."
    first = f"{ASK}\n{questions}"
    messages = (
        *prompts.differential_messages(opening),
        Message(role="assistant", content=first),
        Message(role="user", content=found),
        Message(role="assistant", content=differentials.answer(right, among)),
    )
    fault = ""
    if fitting(features, among) != right.name:
        fault = "answer not recovered: another diagnosis fits"
    elif len(flags) + len(asked) < FLAGS:
        fault = "malformed: fewer questions than an intake needs"
    return Candidate(
        example=Example(
            id=f"{document.id}#{right.name}.{turn}:intake", kind="intake", messages=messages, documents=(document.id,)
        ),
        question=f"{opening}\n{first}\n{found}",
        secret=right.name,
        quotes=(*differentials.quotes(document, right, features), *(Quote(document.id, item) for item in [*flags, *absent])),
        fault=fault,
    )
