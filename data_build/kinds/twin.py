"""Twins: one question in English and in Chinese over the same English passages, with the same cited sentences as answer.

What is learnt is that the language of a question does not change what the references say. The Chinese question is one of
the forms below with the subject's Chinese name from a terminology, its English name beside it in brackets; pages whose
subject no terminology names, and questions of no known form, give none. The answer stays a quote, so it is English.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from data_build.candidates import Candidate, Material
from data_build.kinds.grounded import one
from medmodel.records import Drop
from medmodel.registry import register

FORMS = (  # how the publishers' questions begin or end, and what they are in Chinese
    (r"^what is (?!the )", "什么是{name}？"),
    (r"symptoms of", "{name}有哪些症状？"),
    (r"causes", "{name}的病因是什么？"),
    (r"treatments for", "{name}如何治疗？"),
    (r"^is .* inherited", "{name}会遗传吗？"),
    (r"genetic changes", "哪些基因变化与{name}有关？"),
    (r"how many people", "{name}有多常见？"),
    (r"how to diagnose", "如何诊断{name}？"),
    (r"outlook for", "{name}的预后如何？"),
    (r"at risk for", "哪些人容易患{name}？"),
    (r"how to prevent", "如何预防{name}？"),
    (r"complications of", "{name}有哪些并发症？"),
)


@register("example", "twin")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """Two a section, the English one first; both or neither."""
    names = {term.english.lower(): term.chinese for term in material.terms}
    for page in material.pages:
        for section in page.sections:
            chinese = names.get(section.subject.lower())
            form = next((form for known, form in FORMS if re.search(known, section.question.lower())), "")
            if not chinese or not form:
                continue
            asked = form.format(name=f"{chinese}（{section.subject}）")
            others = [other.passages[0] for other in page.sections if other is not section]
            pair = [
                one(section, question, others, material.stock, random.Random(f"{material.seed}:{section.id}"), kind="twin")
                for question in (section.question, asked)
            ]
            if isinstance(pair[0], Drop):
                yield pair[0]
                continue
            for candidate, language in zip(pair, ("en", "zh"), strict=True):
                assert isinstance(candidate, Candidate), "the questions' languages change nothing in the answer"
                example = candidate.example.model_copy(update={"id": f"{candidate.example.id}:{language}"})
                yield candidate._replace(example=example)
