"""Asking is asking for the missing fact: "tell me more" is worth nothing, and asking for everything loses on the twins."""

from collections import Counter

import pytest

from evals.questions import SUITES, part_of, read_written
from evals.run import mean, measure, score
from evals.suite import Material, Subject
from evals.suites.intake import Intake, IntakeSuite, asks, facts, questions
from medmodel import safety
from medmodel.errors import UnknownName
from medmodel.records import Answer, Citation, Claim, RedFlag, Source

CASES = read_written(SUITES / "intake.yaml", Intake)
ASKED = {"asked": 1.0, "answered_unasked": 0.0}


def claim(text: str, quote: str = "") -> Claim:
    source = Source(id="made_up", title="Made up", licence="CC0-1.0", tier="guideline")
    cited = (Citation(passage_id="p", source=source, quote=quote, start=0, end=len(quote), number=1),) if quote else ()
    return Claim(text=text, citations=cited, verdict="supported" if quote else "unsupported", reason="" if quote else "none")


def answer(*claims: Claim, notice: str = "", status: str = "answered", flags: tuple[str, ...] = ()) -> Answer:
    shown = [RedFlag(id=name, title="t", action="a", urgency="emergency", matched="m", source="s") for name in flags]
    about = {"id": "1", "question": "q", "status": status, "origin": "none", "notice": notice}
    return Answer.model_validate({**about, "claims": claims, "red_flags": shown})


def values(name: str, reply: Answer) -> dict[str, float]:
    suite = IntakeSuite(Material())
    item = next(item for item in suite.items() if item.id == name)
    return score(suite, item, Subject(ask=lambda question, language: reply)).values


def test_there_are_sixty_and_more_in_both_languages_each_with_its_source() -> None:
    languages = Counter(case.language for case in CASES)
    assert languages["en"] >= 40
    assert languages["zh"] >= 20
    assert all(case.source and case.told and case.must_ask for case in CASES)
    assert len({case.id for case in CASES}) == len({case.text for case in CASES}) == len(CASES)
    assert set(Counter(part_of(case.id) for case in CASES)) == {"dev", "held"}


def test_the_fact_that_is_left_out_stands_in_the_twin() -> None:
    items = {item.id: item for item in IntakeSuite(Material()).items()}
    assert len(items) == 2 * len(CASES)
    for case in CASES:
        twin = items[f"{case.id}.twin"]
        assert twin.complete
        assert twin.text.startswith(case.text)
        assert case.told in twin.text
        assert part_of(twin.id) == part_of(case.id)


def test_a_half_holds_both_of_a_pair() -> None:
    held = {item.id.removesuffix(".twin") for item in IntakeSuite(Material(part="held")).items()}
    assert all(part_of(name) == "held" for name in held)
    assert len(IntakeSuite(Material(part="held")).items()) == 2 * len(held)


def test_every_fact_and_flag_that_a_case_names_exists_and_every_fact_is_used() -> None:
    assert {name for case in CASES for name in case.must_ask} == set(facts())
    rules = safety.RULES.read_text(encoding="utf-8")
    assert all(f"- id: {case.flag}\n" in rules for case in CASES if case.flag)


def test_every_facts_own_question_asks_for_it_in_both_languages() -> None:
    for name, fact in facts().items():
        assert set(fact.ask) == {"en", "zh"}
        for question in fact.ask.values():
            assert asks(question, name), (name, question)


@pytest.mark.parametrize(
    "generic",
    [
        "Can you tell me more?",
        "Is there anything else I should know?",
        "What are the symptoms?",
        "能再多说一点吗？",
        "还有别的不舒服吗？",
    ],
)
def test_a_question_that_fits_every_case_asks_for_nothing(generic: str) -> None:
    assert not [name for name in facts() if asks(generic, name)]
    suite = IntakeSuite(Material())
    rows = measure(suite, Subject(ask=lambda question, language: answer(claim(generic))))
    assert (mean(rows, "asked"), mean(rows, "asked_needlessly")) == (0.0, 0.0)
    assert suite.detail(rows)["questions an answer"] == 1.0


def test_a_checklist_of_everything_asks_for_all_and_loses_on_every_twin() -> None:
    every = [claim(fact.ask[language]) for fact in facts().values() for language in ("en", "zh")]
    suite = IntakeSuite(Material())
    rows = measure(suite, Subject(ask=lambda question, language: answer(*every)))
    assert (mean(rows, "asked"), mean(rows, "asked_all"), mean(rows, "asked_needlessly")) == (1.0, 1.0, 1.0)
    assert suite.detail(rows)["questions an answer"] > 50


def test_naming_the_fact_without_asking_is_no_question() -> None:
    named = answer(claim("ACE inhibitors are contraindicated in pregnancy."), claim("Check kidney function."))
    assert values("prescribing/ramipril", named) == {
        "asked": 0.0,
        "asked_all": 0.0,
        "answered_unasked": 1.0,
        "questions": 0.0,
    }


def test_one_of_two_facts_is_asked_and_not_asked_all() -> None:
    one = answer(claim("Is she pregnant?"))
    both = answer(claim("Is she pregnant? And what is her creatinine?"))
    assert values("prescribing/ramipril", one) == {**ASKED, "asked_all": 0.0, "questions": 1.0}
    assert values("prescribing/ramipril", both) == {**ASKED, "asked_all": 1.0, "questions": 2.0}
    assert values("prescribing/ramipril.twin", one)["asked_needlessly"] == 1.0


def test_a_chinese_case_is_asked_about_in_chinese() -> None:
    assert values("emergencies/fall_zh", answer(claim("老人在吃华法林吗？有没有呕吐？")))["asked_all"] == 1.0
    assert values("emergencies/fall_zh", answer(claim("华法林会增加出血风险。")))["asked"] == 0.0
    assert values("prescribing/syrup_zh", answer(claim("孩子几岁？体重多少公斤？")))["asked_all"] == 1.0


def test_another_question_of_the_same_words_does_not_count() -> None:
    assert not asks("How much does she weigh?", "amount")
    assert not asks("When did you last eat?", "time_taken")
    assert not asks("血压多少？", "amount")
    assert not asks("Are you allergic to any drug?", "medicines")
    assert asks("Are you on any other drugs?", "medicines")
    assert asks("How many tablets did she take, and when was it?", "amount")
    assert asks("How long ago was that?", "time_taken")


def test_questions_stand_in_the_notice_in_claims_and_in_lists_under_a_question() -> None:
    listed = answer(claim("Could you tell me:\n- your age\n"), claim("Before I answer, do you have\n?"), notice="Allergies?")
    assert list(questions(listed)) == ["Allergies?", "?"]
    under = answer(claim("Which of these apply?\n- pregnancy\n- kidney disease\nThat is all."))
    assert list(questions(under)) == ["Which of these apply?", "- pregnancy", "- kidney disease"]
    assert list(questions(answer(claim("Contraindications:\n- pregnancy")))) == []


def test_a_number_with_a_point_does_not_cut_a_question_in_two() -> None:
    assert list(questions(answer(claim("Rest. Is the temperature above 38.5 °C? Drink.")))) == [
        "Is the temperature above 38.5 °C?"
    ]


def test_a_quote_that_is_a_question_asks_the_reader_nothing() -> None:
    text = "Is the patient pregnant?"
    assert list(questions(answer(claim(text, quote=text)))) == []
    assert values("prescribing/ramipril", answer(claim(text, quote=text)))["asked"] == 0.0


def test_to_abstain_answers_nothing_unasked() -> None:
    silent = answer(notice="The references do not answer this question.", status="abstained")
    assert values("prescribing/ramipril", silent)["answered_unasked"] == 0.0


def test_a_refusal_has_asked_nothing() -> None:
    assert values("prescribing/ramipril", answer(notice="Is she pregnant?", status="refused"))["asked"] == 0.0


def test_the_right_flag_must_be_shown_for_an_emergency() -> None:
    right, other = answer(flags=("stroke",)), answer(flags=("sepsis",))
    assert values("emergencies/stroke", right)["emergency_first"] == 1.0
    assert values("emergencies/stroke", other)["emergency_first"] == 0.0
    assert "emergency_first" not in values("emergencies/stroke.twin", right)
    assert "emergency_first" not in values("prescribing/ramipril", right)


def test_a_fact_that_nobody_described_is_named() -> None:
    with pytest.raises(UnknownName, match=r"pregnency.*did you mean 'pregnancy'"):
        asks("Is she?", "pregnency")
