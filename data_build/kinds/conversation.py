"""Conversations that are documents already: dialogues, instructions (replay), exam questions, notes (`data_build.conversations`)."""

from __future__ import annotations

from collections.abc import Iterator

from data_build.candidates import Candidate, Drop, Material
from data_build.conversations import KINDS, example_of
from medmodel.registry import register


@register("example", "conversation")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """One a document."""
    for document in material.documents:
        if document.domain not in KINDS:
            continue
        made = example_of(document, longest=material.longest, count=material.count, seed=material.seed)
        if isinstance(made, str):
            name = f"{document.id}:{KINDS[document.domain]}"
            yield Drop(id=name, reason=made, source=document.source.id)
        else:
            asked = "\n".join(message.content for message in made.messages if message.role == "user")
            yield Candidate(example=made, question=asked)
