"""Grounded answers from question-answer pages: the publisher's question, and the sentences of its answer that lead.

The prompt is the product's over the nearest sentences of up to six passages of the page, the right one anywhere among them.
Which sentence answers is told by the page's structure; it counts only if it is shown, and if the product's own ranking of
sentences, which knows the question alone, puts one of the section's among the nearest three. Answers that a page spreads
over several sentences are not covered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from data_build.candidates import Candidate, Material, Quote
from data_build.pages import Section, answering, shared
from medmodel import prompts
from medmodel.rag.nearest import CONSIDERED, evidence, grounded_prompt, nearest
from medmodel.records import Drop, Example, Message, Passage
from medmodel.registry import register

FOUND = 3  # nearest sentences among which one of the section's must be


@register("example", "grounded")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """One a section, page by page."""
    choose = random.Random(material.seed)
    for page in material.pages:
        for section in page.sections:
            others = [other.passages[0] for other in page.sections if other is not section]
            yield one(section, section.question, others, material.stock, choose)


def one(
    section: Section, question: str, others: list[Passage], stock: frozenset[str], choose: random.Random, kind: str = "grounded"
) -> Candidate | Drop:
    """The question over the section's first passage and some of the others; or why there is no example."""
    lines = answering(section, stock)
    if not lines:
        return Drop(
            id=f"{section.id}:{kind}", reason="no sentence answers", source=section.document.source.id, excerpt=question
        )
    passage = section.passages[0]
    found = [passage, *choose.sample(others, min(len(others), CONSIDERED - 1))]
    choose.shuffle(found)
    shown = evidence(section.question, found)  # a twin in another language is asked over the same sentences
    numbers = {(where.id, where.sentences[at].start): number for number, (where, at) in enumerate(prompts.numbered(shown), 1)}
    cited = [numbers.get((passage.id, passage.sentences[at].start)) for at in lines]
    if None in cited:
        return Drop(
            id=f"{section.id}:{kind}",
            reason="not shown: other sentences are nearer to the question",
            source=section.document.source.id,
            excerpt=question,
        )
    answer = "\n".join(prompts.answer_line(number or 0, passage.sentence(at)) for number, at in zip(cited, lines, strict=True))
    sentences = [passage.sentence(at) for at in lines]
    return Candidate(
        example=Example.model_validate(
            {
                "id": f"{section.id}:{kind}",
                "kind": kind,
                "messages": (*grounded_prompt(question, shown), Message(role="assistant", content=answer)),
                "documents": shared(shown),
            }
        ),
        question=question,
        secret=sentences[0],
        quotes=tuple(Quote(passage.document_id, sentence) for sentence in sentences),
        shown=shown,
        fault="" if _found(section.question, passage, found) else "answer not recovered: others are nearer",
    )


def _found(question: str, passage: Passage, shown: list[Passage]) -> bool:
    """Does the product's ranking, asked the question alone, come upon the passage? It favours the first, so this one is last."""
    ordered = [*(other for other in shown if other is not passage), passage]
    own = len(prompts.numbered(ordered)) - len(passage.sentences)
    return any(number > own for number, _ in nearest(question, ordered)[:FOUND])
