"""Abstentions: a question of a page over the page's other sections, which do not answer it.

The passages are on the very subject, so what must be noticed is that the answer is not there. A page often answers in
passing ("… is caused by …"); so no passage shown may hold a word of what is asked about the subject, by its first five
letters ("caus"), nor a sentence that supports what the page answers. Questions that ask for nothing but the subject
("What is X?") are left out: any passage of the page answers those.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from data_build.candidates import Candidate, Drop, Material
from data_build.pages import Section, pages, shared
from medmodel import prompts
from medmodel.rag.answer import SHOWN
from medmodel.rag.nearest import grounded_prompt
from medmodel.rag.support import check
from medmodel.records import Example, Message, Passage
from medmodel.registry import register

STEM = 5  # letters
_WORD = re.compile(r"[a-z]{4,}")
_ASKING = frozenset("what which with have does done being about many people information from there that this know".split())


@register("example", "abstain")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """One a page that has at least two sections, in a seeded choice of its questions."""
    choose = random.Random(material.seed)
    for page in pages(material.documents):
        sections = list(page.sections)
        choose.shuffle(sections)
        if len(sections) > 1:
            yield _one(sections[0], [other.passages[0] for other in sections[1 : SHOWN + 1]])


def _one(section: Section, shown: Sequence[Passage]) -> Candidate | Drop:
    kind = "abstain"
    reason = _answered(section, shown)
    if reason:
        return Drop(id=f"{section.id}:{kind}", reason=reason, source=section.document.source.id, excerpt=section.question)
    return Candidate(
        example=Example(
            id=f"{section.id}:{kind}",
            kind="abstain",
            messages=(*grounded_prompt(section.question, shown), Message(role="assistant", content=prompts.NO_ANSWER)),
            documents=shared(shown),
        ),
        question=section.question,
        shown=tuple(shown),
    )


def _answered(section: Section, shown: Sequence[Passage]) -> str:
    """Why a passage shown may answer the question; "" when none does."""
    asked = set(_WORD.findall(section.question.lower())) - set(_WORD.findall(section.subject.lower())) - _ASKING
    if not asked:
        return "no abstention: any passage of the page answers it"
    text = " ".join(passage.text.lower() for passage in shown)
    if any(word[:STEM] in text for word in asked):
        return "no abstention: a passage shown has a word of what is asked"
    first = section.passages[0]
    for number in range(len(first.sentences)):
        said = prompts.one_line(first.sentence(number))
        if any(not check(said, prompts.one_line(passage.sentence(at))) for passage, at in prompts.numbered(shown)):
            return "no abstention: a passage shown says what the answer says"
    return ""
