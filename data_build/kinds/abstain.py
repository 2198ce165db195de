"""Abstentions: a question of a page over the page's other sections, which do not answer it.

The passages are on the very subject, so what must be noticed is that the answer is not there. A page often answers in
passing ("… is caused by …"); so no passage shown may be of an overview ("What is X?"), nor hold a word of what is asked by
its first five letters, or a word of `PASSING`, nor a sentence that supports what the page answers. Questions that ask for
nothing but the subject are left out: any passage answers those. An answer in words that none of this knows slips through.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from data_build.candidates import Candidate, Material
from data_build.pages import Section, shared
from medmodel import prompts
from medmodel.rag.nearest import CONSIDERED, evidence, grounded_prompt
from medmodel.rag.support import check
from medmodel.records import Drop, Example, Message, Passage
from medmodel.registry import register

STEM = 5  # letters
PASSING = {  # what is asked -> how a page says it in passing
    "sympt": "sign|feature|characteri|includ|develop|problem|pain",
    "treat": "therap|surg|medic|drug|manag|relie|cure",
    "cause": "mutation|gene|due to|result",
    "inher": "gene|autosomal|dominant|recessive|family|parent",
    "genet": "gene|mutation|chromosom",
    "diagn": "test|exam|biops|scan|detect",
    "outlo": "prognos|surviv|expect|life|die|recover|chance",
    "preve": "avoid|risk|protect|lower|reduc|vaccin",
    "affec": "1 in|common|rare|frequen|estimat|million|thousand|percent|%",
    "risk": "common|likely|chance|age|older|more often",
    "resea": "stud|trial|scien|investigat",
    "stage": "spread|staging",
    "compl": "lead to|may develop|problem|damage|failure",
}
_OVERVIEW = re.compile(r"^(?:what is (?!the )|do you have )", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{4,}")
_ASKING = frozenset("what which with have does done being about many people information from there that this know".split())


@register("example", "abstain")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """One a page that has at least two sections, in a seeded choice of its questions."""
    choose = random.Random(material.seed)
    for page in material.pages:
        sections = list(page.sections)
        choose.shuffle(sections)
        if len(sections) > 1:
            others = [other.passages[0] for other in sections[1:] if not _OVERVIEW.match(other.question)]
            yield _one(sections[0], others[:CONSIDERED])


def _one(section: Section, shown: Sequence[Passage]) -> Candidate | Drop:
    kind = "abstain"
    reason = _answered(section, shown)
    if reason:
        return Drop(id=f"{section.id}:{kind}", reason=reason, source=section.document.source.id, excerpt=section.question)
    nearest = evidence(section.question, shown)
    return Candidate(
        example=Example(
            id=f"{section.id}:{kind}",
            kind="abstain",
            messages=(*grounded_prompt(section.question, nearest), Message(role="assistant", content=prompts.NO_ANSWER)),
            documents=shared(nearest),
        ),
        question=section.question,
        shown=nearest,
    )


def _answered(section: Section, shown: Sequence[Passage]) -> str:
    """Why a passage shown may answer the question; "" when none does."""
    asked = set(_WORD.findall(section.question.lower())) - set(_WORD.findall(section.subject.lower())) - _ASKING
    if not asked or not shown:
        return "no abstention: the question asks for any, or there is only an overview to show"
    text = " ".join(passage.text.lower() for passage in shown)
    stems = {word[:STEM] for word in asked}
    if any(stem in text or re.search(PASSING.get(stem, "$^"), text) for stem in stems):
        return "no abstention: a passage shown has a word of what is asked"
    first = section.passages[0]
    for number in range(len(first.sentences)):
        said = prompts.one_line(first.sentence(number))
        if any(not check(said, prompts.one_line(passage.sentence(at))) for passage, at in prompts.numbered(shown)):
            return "no abstention: a passage shown says what the answer says"
    return ""
