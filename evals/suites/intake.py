"""An incomplete case is asked about before it is answered, a complete one is not asked again, and an emergency comes first.

A complaint arrives with one or two facts, and the fact that turns the decision is left out: pregnancy before an X-ray, the
onset of a stroke, an anticoagulant after a fall. Each case has a twin that says what was missing.

    asked            of the incomplete: at least one of the missing facts is asked for
    asked_all        of the same: each of them is
    asked_needlessly of the complete twins: one of those facts is asked for although it was told; lower is better
    answered_unasked of the incomplete: told something, with none of the missing facts asked for; lower is better. To
                     abstain is to ask nothing as well, but it misleads nobody
    emergency_first  of the incomplete whose findings are an emergency: its red flag is shown. Flags stand above the text
                     of every answer, so one that is shown comes before the questions

A question is a sentence of a claim or of the notice that ends in a question mark, or a list item under such a sentence, and
it asks for a fact when one of the fact's forms (`intake_facts.yaml`) stands in it. "Can you tell me more?" asks for none;
a checklist of every fact asks for all, and loses on the twins. A quote from a reference that happens to be a question is
none. The 77 cases (49 en, 28 zh) are in `intake.yaml`, written for this project, each with the guideline that makes the
fact decide.

Not covered: turns after the first. The product answers one question at a time and keeps no conversation, so whether a
reply to its question changes the answer cannot be measured through it. Whether a question is kindly or clearly put neither.

    python -m evals intake --url http://127.0.0.1:7860
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import yaml

from evals.questions import SUITES, Question, read_written
from evals.run import mean
from evals.slices import rates
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.errors import UnknownName
from medmodel.prompts import one_line
from medmodel.records import Answer, Claim, Record, RedFlag
from medmodel.registry import register

_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_LISTED = re.compile(r"\s*(?:[-*•·]|\d+[.)、])\s*")


class Fact(Record):
    ask: dict[str, str]  # by language: one way to ask for it
    forms: tuple[str, ...]


class Intake(Question):
    told: str  # what the text leaves out
    must_ask: tuple[str, ...]  # names of facts
    complete: bool = False  # the twin, whose text holds what was left out


@register("suite", "intake")
class IntakeSuite(Suite[Intake]):
    needs: ClassVar[Needs] = "product"
    metrics: ClassVar[tuple[str, ...]] = (
        "asked",
        "asked_all",
        "asked_needlessly",
        "answered_unasked",
        "emergency_first",
    )

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        cases = read_written(SUITES / "intake.yaml", Intake, material.part)
        self._items = [item for case in cases for item in (case, _twin(case))]

    def items(self) -> Sequence[Intake]:
        return self._items

    def score(self, case: Intake, subject: Subject) -> Scored:
        answer = subject.answer(case.text, case.language)
        posed = list(questions(answer)) if answer.status != "refused" else []
        asked = [name for name in case.must_ask if any(asks(question, name) for question in posed)]
        values = {"questions": float(len(posed))}
        if case.complete:
            values["asked_needlessly"] = float(bool(asked))
        else:
            values["asked"] = float(bool(asked))
            values["asked_all"] = float(len(asked) == len(case.must_ask))
            values["answered_unasked"] = float(answer.status == "answered" and bool(answer.claims) and not asked)
            if case.flag:
                values["emergency_first"] = float(case.flag in {flag.id for flag in answer.red_flags})
        shown = {"language": case.language, "status": answer.status, "asked": ", ".join(asked)}
        return Scored(id=case.id, cluster=case.id.removesuffix(".twin"), values=values, shown=shown)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return {"asked": rates(rows, "asked", "language"), "questions an answer": mean(rows, "questions")}

    def perfect(self, case: Intake, prompt: str = "") -> Answer:
        names = () if case.complete else case.must_ask
        flag = RedFlag(id=case.flag, title="", action="", urgency="emergency", matched="", source=case.source)
        return Answer(
            id=case.id,
            question=case.text,
            language=case.language,
            status="answered",
            origin="model",
            claims=tuple(
                Claim(text=facts()[name].ask[case.language], citations=(), verdict="unsupported", reason="a question")
                for name in names
            ),
            red_flags=(flag,) if case.flag else (),
        )

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Only who asks for the fact has asked; what is cut off asks no more, but its flag stands above."""
        asked = float(fake == "oracle")
        return {
            "asked": asked,
            "asked_all": asked,
            "asked_needlessly": 0.0,
            "answered_unasked": float(fake not in ("empty", "refusal", "oracle")),
            "emergency_first": float(fake in ("oracle", "all", "truncated")),
        }


def questions(answer: Answer) -> Iterator[str]:
    """Everything an answer asks of its reader."""
    said = [claim.text for claim in answer.claims if not _is_quote(claim)]
    for text in (answer.notice, *said):
        under_question = False
        for line in text.split("\n"):
            listed = bool(_LISTED.match(line))
            sentences = [sentence for sentence in _SENTENCES.split(line.strip()) if sentence.strip()]
            posed = [sentence for sentence in sentences if sentence.rstrip().endswith(("?", "？"))]
            if listed and under_question and not posed:
                yield line.strip()
            yield from posed
            under_question = bool(posed) or (listed and under_question)


def asks(question: str, name: str) -> bool:
    """Whether a question asks for the fact of this name."""
    return bool(_pattern(name).search(question))


@cache
def facts() -> Mapping[str, Fact]:
    raw = yaml.safe_load((SUITES / "intake_facts.yaml").read_text(encoding="utf-8"))
    return {name: Fact.model_validate(fact) for name, fact in raw.items()}


@cache
def _pattern(name: str) -> re.Pattern[str]:
    if name not in facts():
        raise UnknownName("fact of the suite intake", name, sorted(facts()))
    chinese = [form for form in facts()[name].forms if re.search(r"[\u4e00-\u9fff]", form)]
    english = [form for form in facts()[name].forms if form not in chinese]
    return re.compile("|".join([rf"\b(?:{'|'.join(english)})", *chinese]), re.IGNORECASE)


def _twin(case: Intake) -> Intake:
    between = "" if case.language == "zh" else " "
    return case.model_copy(update={"id": f"{case.id}.twin", "text": f"{case.text}{between}{case.told}", "complete": True})


def _is_quote(claim: Claim) -> bool:
    return any(one_line(citation.quote) == one_line(claim.text) for citation in claim.citations)
