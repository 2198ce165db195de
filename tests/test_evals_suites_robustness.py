"""Robustness by hand: what a variant keeps, what it loses, and why steady silence is worth nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evals.questions import read_written
from evals.run import mean, measure
from evals.suite import Material, Scored, Subject
from evals.suites.robustness import KINDS, Base, Robustness
from medmodel import safety
from medmodel.errors import InputError
from medmodel.records import Answer, Citation, Claim, RedFlag, Source

SUITE = Robustness(Material())
TEXT = "Is metformin 1 g given?"
BASE = Base(id="made_up/a", group="made_up", text=TEXT, cites="right", source="Made up", paraphrase="How much metformin?")
URGENT = Base(id="made_up/b", group="made_up", text=TEXT, flag="stroke", source="Made up", paraphrase="How much metformin?")


def answer(*sources: str, flags: tuple[str, ...] = (), status: str = "answered") -> Answer:
    cited = [
        Citation(
            passage_id=name,
            source=Source(id=name, title=name, licence="CC0-1.0", tier="guideline"),
            quote="q",
            start=0,
            end=1,
            number=1,
        )
        for name in sources
    ]
    shown = [RedFlag(id=name, title="", action="", urgency="emergency", matched="", source="") for name in flags]
    claims = [Claim(text="It is.", citations=tuple(cited), verdict="supported")] if sources else []
    fields: dict[str, Any] = {
        "id": "1",
        "question": "Q?",
        "status": status,
        "origin": "none",
        "claims": claims,
        "red_flags": shown,
    }
    return Answer.model_validate(fields)


def scored(base: Base, plain: Answer, others: Mapping[str, Answer]) -> Scored:
    """`others`: kind -> answer; the kinds that are not named get the plain one."""
    by_text = {text: others.get(kind, plain) for kind, text in base.variants().items()}
    return SUITE.score(base, Subject(lambda question, language: plain if question == base.text else by_text[question]))


def test_the_question_has_a_variant_of_every_kind_that_changes_it() -> None:
    assert set(BASE.variants()) == {"typos", "case", "spacing", "units", "paraphrase"}
    assert BASE.variants()["units"] == "Is metformin 1000 milligrams given?"
    assert BASE.variants() == BASE.variants()


def test_an_answer_that_stays_is_kept_in_every_kind() -> None:
    row = scored(BASE, answer("right", "other"), {"typos": answer("another", "right")})
    assert row.values == {"plain": 1.0, "right": 1.0, "kept": 1.0, **{f"kept_{kind}": 1.0 for kind in BASE.variants()}}
    assert row.cluster == "right"


@pytest.mark.parametrize("changed", [answer("other"), answer(status="abstained"), answer("right", flags=("stroke",))])
def test_another_source_another_status_or_a_flag_is_a_loss(changed: Answer) -> None:
    row = scored(BASE, answer("right"), {"case": changed})
    assert (row.values["kept"], row.values["kept_case"], row.values["kept_typos"]) == (0.8, 0.0, 1.0)
    assert row.shown["case"] == BASE.variants()["case"]


def test_the_fourth_source_is_not_among_the_cited_ones() -> None:
    assert scored(BASE, answer("a", "b", "c", "right"), {}).values == {"plain": 0.0, "right": 0.0}


def test_an_emergency_is_right_by_its_flag() -> None:
    flagged = answer(flags=("stroke",), status="abstained")
    row = scored(URGENT, flagged, {"typos": answer(status="abstained")})
    assert (row.values["plain"], row.values["kept"], row.values["right"]) == (1.0, 0.8, 0.8)


def test_steady_silence_keeps_nothing() -> None:
    rows = measure(SUITE, Subject(lambda question, language: answer(status="abstained")))
    assert (mean(rows, "plain"), mean(rows, "right"), mean(rows, "kept")) == (0.0, 0.0, None)
    assert SUITE.detail(rows)["referenced zh"] == {"n": 6, "plain": 0.0, "kept": None, "right": 0.0}


def test_a_question_that_only_its_paraphrase_gets_right_is_not_kept() -> None:
    row = scored(BASE, answer("other"), {"paraphrase": answer("right")})
    assert row.values == {"plain": 0.0, "right": 0.2}


def test_the_written_questions_are_enough_in_both_languages_and_each_has_its_source() -> None:
    from data_build.sources import open_medicine

    known = {rule["id"] for rule in yaml.safe_load(safety.RULES.read_text(encoding="utf-8"))["red_flags"]}
    held = {document.source.id for document in open_medicine.read()}
    items = SUITE.items()
    assert len(items) >= 60
    assert sum(base.language == "zh" for base in items) >= 15
    assert len({base.id for base in items}) == len(items)
    assert all(base.source and (base.flag in known or base.cites in held) for base in items)
    assert all(base.paraphrase != base.text for base in items)
    counts = {kind: sum(kind in base.variants() for base in items) for kind in KINDS}
    assert min(counts.values()) >= 15, counts
    halves = [Robustness(Material(part=part)).items() for part in ("dev", "held")]
    assert all(len(half) >= 25 for half in halves)


@pytest.mark.parametrize("measure_of", ["", "cites: a, flag: b, "])
def test_an_item_must_say_what_makes_an_answer_right(measure_of: str, tmp_path: Path) -> None:
    item = f"group:\n  - {{id: a, {measure_of}text: Q, source: S, paraphrase: P}}\n"
    (tmp_path / "robustness.yaml").write_text(item, encoding="utf-8")
    with pytest.raises(InputError, match=r"robustness\.yaml: item group/a: .*give either 'cites' or 'flag'"):
        read_written(tmp_path / "robustness.yaml", Base)
