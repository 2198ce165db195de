"""Robustness: a question that was answered right still is when it is typed carelessly, or asked in other words.

`robustness.yaml` holds questions written for this project, English and Chinese, each with the guideline it rests on,
either as the product's references hold it (`cites`: its id) or by the red flag that must show (`flag`), and one
paraphrase written by hand. Rules make the rest (`evals/perturb.py`, seeded): typing errors, case, spacing,
abbreviations, units, full-width digits. An item is a question with all its variants:

    plain         the question as written is answered from its guideline, or raises its flag
    kept          share of the variants under which a right answer keeps status, red flags and its guideline's citation
    kept_<kind>   the same for one kind; like `kept`, only where the plain question was right
    right         share of the variants that are right by themselves, over all questions: silence is steady, and 0 here

Not covered: whether two answers say the same, and dialect.

    python -m evals robustness --url http://127.0.0.1:7860
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator

from evals import run
from evals.disposition import disposition
from evals.perturb import RULES, perturbed
from evals.questions import SUITES, Question, read_written
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.rag.citations import cite
from medmodel.records import Answer, Claim, Passage, RedFlag, Source, Span
from medmodel.registry import register

KINDS = (*RULES, "paraphrase")


class Base(Question):
    source: str = Field(min_length=1)
    cites: str = ""  # id of the guideline in the product's references
    paraphrase: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_measure(self) -> Base:
        if bool(self.cites) == bool(self.flag):
            raise ValueError("give either 'cites' or 'flag': what makes an answer right")
        return self

    def variants(self) -> dict[str, str]:
        """Kind -> the question in that form, where the kind changes it."""
        by_rule = {kind: perturbed(self.text, kind, self.language) for kind in RULES}
        return {**{kind: text for kind, text in by_rule.items() if text}, "paraphrase": self.paraphrase}


@register("suite", "robustness")
class Robustness(Suite[Base]):
    needs: ClassVar[Needs] = "product"
    metrics: ClassVar[tuple[str, ...]] = ("plain", "kept", "right", *(f"kept_{kind}" for kind in KINDS))

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items = read_written(SUITES / "robustness.yaml", Base, material.part)

    def items(self) -> Sequence[Base]:
        return self._items

    def score(self, base: Base, subject: Subject) -> Scored:
        plain = subject.answer(base.text, base.language)
        variants = base.variants()
        answers = {kind: subject.answer(text, base.language) for kind, text in variants.items()}
        values = {
            "plain": float(_right(base, plain)),
            "right": sum(_right(base, answer) for answer in answers.values()) / len(answers),
        }
        lost = {kind for kind, answer in answers.items() if not _same(base, plain, answer)}
        if values["plain"]:
            values |= {f"kept_{kind}": float(kind not in lost) for kind in variants}
            values["kept"] = 1 - len(lost) / len(variants)
        shown = {kind: text for kind, text in variants.items() if kind in lost and values["plain"]}
        about = {"plain": plain.status, "group": f"{base.group} {base.language}"}
        return Scored(id=base.id, cluster=base.cites or base.id, values=values, shown={**about, **shown})

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """By group and language: a language whose plain questions are never right has nothing to keep."""
        groups = sorted({row.shown["group"] for row in rows if row.values})
        parts = {group: [row for row in rows if row.shown.get("group") == group] for group in groups}
        return {
            group: {"n": len(part), **{metric: run.mean(part, metric) for metric in ("plain", "kept", "right")}}
            for group, part in parts.items()
        }

    def perfect(self, base: Base, prompt: str = "") -> Answer:
        text = "This is what the guideline says."
        passage = Passage(
            id=f"{base.cites}/a#0",
            document_id=f"{base.cites}/a",
            text=text,
            start=0,
            end=len(text),
            sentences=(Span(start=0, end=len(text)),),
            source=Source(id=base.cites, title=base.source, licence="CC0-1.0", tier="guideline"),
        )
        flag = RedFlag(id=base.flag, title="", action="", urgency="emergency", matched="", source=base.source)
        return Answer(
            id=base.id,
            question=base.text,
            language=base.language,
            status="answered",
            origin="model",
            claims=(Claim(text=text, citations=(cite(passage, 0, 1),), verdict="supported"),),
            passages=(passage,),
            red_flags=(flag,) if base.flag else (),
        )

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """What was never right cannot be kept; who raises every flag is right where a flag was asked for, and keeps it."""
        items = self.items()
        right = {"oracle": 1.0, "truncated": 1.0}.get(fake, 0.0)
        if fake == "all":
            right = sum(bool(base.flag) for base in items) / len(items)
        kinds = {kind for base in items if base.flag or fake != "all" for kind in base.variants()}
        kept = {f"kept_{kind}": 1.0 if right and kind in kinds else None for kind in KINDS}
        return {"plain": right, "right": right, "kept": 1.0 if right else None, **kept}


def _right(base: Base, answer: Answer) -> bool:
    found = disposition(answer)
    return base.flag in found.flags if base.flag else answer.status == "answered" and base.cites in found.sources


def _same(base: Base, plain: Answer, answer: Answer) -> bool:
    before, after = disposition(plain), disposition(answer)
    kept = not base.cites or base.cites in after.sources
    return before.status == after.status and before.flags == after.flags and kept
