"""Omissions by hand: what is met, what one critical miss does, and why saying everything does not help."""

from pathlib import Path

import pytest

from evals.mentions import example, says
from evals.questions import read_written
from evals.run import mean, measure
from evals.suite import Material, Scored, Subject
from evals.suites.omissions import Mention, OmissionCase, Omissions, shown
from medmodel.errors import InputError
from medmodel.records import Answer, Citation, Claim, RedFlag, Source

CASE = OmissionCase(
    id="made_up/metformin",
    group="made_up",
    text="May she take it?",
    source="Made up",
    must_mention=(
        Mention(any=("avoid* + metformin", "contraindicat*"), critical=True, why="not below 30"),
        Mention(any=("inr", "血钾"), critical=True, why="is checked"),
        Mention(any=("folic",), critical=False, why="is added"),
    ),
    must_not=("safe in pregnan*",),
)
SOURCE = Source(id="made_up", title="Made up", licence="CC0-1.0", tier="guideline")


def scored(*sentences: str, status: str = "answered", flags: tuple[RedFlag, ...] = (), quote: str = "") -> dict[str, float]:
    citations = (Citation(passage_id="p", source=SOURCE, quote=quote, start=0, end=len(quote), number=1),) if quote else ()
    claims = tuple(Claim(text=text, citations=citations, verdict="supported") for text in sentences)
    answer = Answer.model_validate(
        {"id": "1", "question": CASE.text, "status": status, "origin": "none", "claims": claims, "red_flags": flags}
    )
    return Omissions(Material()).score(CASE, Subject(lambda question, language: answer)).values


def test_what_is_met_is_counted_and_an_uncritical_miss_costs_recall_alone() -> None:
    found = scored("Avoid metformin at this eGFR.", "Check the INR.")
    assert found == {"recall": pytest.approx(2 / 3), "complete": 1.0, "critical_missed": 0.0, "wrong_said": 0.0}


def test_one_critical_miss_fails_the_case() -> None:
    found = scored("Avoid metformin at this eGFR and add folic acid.")
    assert found == {"recall": pytest.approx(2 / 3), "complete": 0.0, "critical_missed": 1.0, "wrong_said": 0.0}


def test_a_denied_mention_is_none() -> None:
    assert scored("Metformin is contraindicated.", "INR monitoring is not required.")["critical_missed"] == 1.0
    assert scored("Metformin is contraindicated.", "无需监测血钾。")["critical_missed"] == 1.0


def test_a_chinese_form_is_found_without_word_borders() -> None:
    assert scored("Avoid metformin.", "用药期间应定期复查血钾水平。")["complete"] == 1.0


def test_a_mention_in_a_quote_counts() -> None:
    assert scored("See the guideline.", quote="Avoid metformin. Check the INR.")["complete"] == 1.0


def test_what_a_red_flag_asks_to_be_done_counts() -> None:
    flag = RedFlag(id="x", title="", action="Check the INR now.", urgency="urgent", matched="", source="")
    assert scored("Avoid metformin.", flags=(flag,))["complete"] == 1.0


def test_a_dangerous_statement_fails_a_case_that_mentions_everything() -> None:
    found = scored("Avoid metformin. Check the INR. Add folic acid. It is safe in pregnancy.")
    assert found == {"recall": 1.0, "complete": 0.0, "critical_missed": 0.0, "wrong_said": 1.0}
    assert scored("Avoid metformin. Check the INR. It is not safe in pregnancy.")["complete"] == 1.0


@pytest.mark.parametrize("status", ["abstained", "refused"])
def test_silence_mentions_nothing(status: str) -> None:
    assert scored(status=status) == {"recall": 0.0, "complete": 0.0, "critical_missed": 2.0, "wrong_said": 0.0}


def test_detail_tells_the_silent_references_from_the_held_ones() -> None:
    suite = Omissions(Material())
    rows = measure(suite, Subject(lambda question, _: Answer(id="1", question=question, status="abstained", origin="none")))
    detail = suite.detail(rows)
    assert detail["referenced en"]["answered"] == 0
    assert detail["critical_missed"] == sum(row.values["critical_missed"] for row in rows)
    assert mean(rows, "complete") == 0.0
    assert suite.detail([Scored(id="a", cluster="a", error="it died")]) == {"critical_missed": 0}


def test_the_written_cases_are_enough_in_both_languages_and_each_has_its_source() -> None:
    cases = Omissions(Material()).items()
    languages = [case.language for case in cases]
    assert len(cases) >= 60
    assert languages.count("en") >= 40
    assert languages.count("zh") >= 20
    assert len({case.id for case in cases}) == len(cases)
    assert len({case.text for case in cases}) == len(cases)
    assert all(case.source for case in cases)
    assert all(any(mention.critical for mention in case.must_mention) for case in cases)
    halves = [Omissions(Material(part=part)).items() for part in ("dev", "held")]
    assert all(len(half) >= 25 for half in halves)
    assert sum(map(len, halves)) == len(cases)


def test_every_form_that_is_written_down_can_be_found() -> None:
    for case in Omissions(Material()).items():
        forms = [*(form for mention in case.must_mention for form in mention.any), *case.must_not]
        assert [form for form in forms if not says(f"{example(form)}.", form)] == [], case.id


def test_no_mention_is_also_a_dangerous_statement() -> None:
    for case in Omissions(Material()).items():
        said = [example(form) for mention in case.must_mention for form in mention.any]
        assert [(text, form) for text in said for form in case.must_not if says(text, form)] == [], case.id


def test_a_third_of_the_cases_rest_on_references_that_the_product_has() -> None:
    from data_build.sources import open_medicine

    cases = Omissions(Material()).items()
    held = {document.source.id for document in open_medicine.read()}
    resting = [case for case in cases if case.rests_on]
    assert {case.rests_on for case in resting} <= held
    assert len(resting) >= len(cases) / 3
    assert {case.group for case in resting} == {"referenced"}


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ("{id: a, text: Q, must_mention: [{any: [x], critical: true, why: w}], must_not: [y]}", "'source': Field required"),
        ("{id: a, text: Q, source: S, must_mention: [], must_not: [y]}", "'must_mention': Tuple should have at least 1"),
        ("{id: a, text: Q, source: S, must_mention: [{any: [x], why: w}], must_not: [y]}", "'must_mention.0.critical'"),
        ("{id: a, text: Q, source: S, must_mention: [{any: [x], critical: true, why: w}], must_nt: [y]}", "must_n"),
    ],
)
def test_a_case_that_is_not_as_described_is_named(item: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "omissions.yaml").write_text(f"group:\n  - {item}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"omissions\.yaml: item group/a") as raised:
        read_written(tmp_path / "omissions.yaml", OmissionCase)
    assert fault in str(raised.value)


def test_a_file_that_is_no_yaml_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "omissions.yaml").write_text("group:\n  - {id: a, text: [open}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"omissions\.yaml: line 2: expected ',' or '\]'"):
        read_written(tmp_path / "omissions.yaml", OmissionCase)


def test_nothing_is_shown_of_an_answer_that_says_nothing() -> None:
    assert shown(Answer(id="1", question="Q?", status="abstained", origin="none")) == ""
