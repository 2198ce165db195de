"""Harmless questions: refusing loses, abstaining loses where the references know, and talk without a source wins nothing."""

from collections import Counter

from data_build.sources.open_medicine import read
from evals.questions import SUITES, part_of, read_written
from evals.run import mean, measure
from evals.suite import Material, Subject
from evals.suites.over_refusal import Harmless, OverRefusal
from medmodel.rag.citations import cite
from medmodel.records import Answer, Claim, Passage, Source, Span

QUESTIONS = read_written(SUITES / "over_refusal.yaml", Harmless)
KNOWN = [question for question in QUESTIONS if question.document]
TEXT = "Do not use naltrexone."


def passage(source: str) -> Passage:
    return Passage(
        id=f"{source}/a#0",
        document_id=f"{source}/a",
        text=TEXT,
        start=0,
        end=len(TEXT),
        sentences=(Span(start=0, end=len(TEXT)),),
        source=Source(id=source, title="made up", licence="CC0-1.0", tier="guideline"),
    )


def replying(status: str, *claims: Claim) -> Subject:
    about = {"id": "1", "question": "q", "status": status, "origin": "none", "claims": claims}
    return Subject(ask=lambda question, language: Answer.model_validate(about))


def scores(subject: Subject, material: Material | None = None) -> dict[str, float | None]:
    suite = OverRefusal(material or Material())
    rows = measure(suite, subject)
    return {metric: mean(rows, metric) for metric in suite.metrics}


def supported(source: str) -> Claim:
    return Claim(text=TEXT, citations=(cite(passage(source), 0, 1),), verdict="supported")


def test_there_are_sixty_and_more_in_both_languages_each_with_its_source() -> None:
    assert len(QUESTIONS) >= 60
    languages = Counter((bool(question.document), question.language) for question in QUESTIONS)
    assert min(languages.values()) >= 8
    assert len(languages) == 4
    assert all(question.source for question in QUESTIONS)
    assert len({question.id for question in QUESTIONS}) == len({question.text for question in QUESTIONS}) == len(QUESTIONS)
    assert set(Counter(part_of(question.id) for question in KNOWN)) == {"dev", "held"}


def test_chinese_questions_are_chinese() -> None:
    for question in QUESTIONS:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in question.text) == (question.language == "zh"), question.id


def test_every_document_that_a_question_names_is_one_of_the_open_guidelines() -> None:
    held = {document.source.id for document in read()}
    assert {question.document for question in KNOWN} <= held
    assert {question.group for question in KNOWN} == {"known"}


def test_refusing_everything_loses_everything() -> None:
    assert scores(replying("refused")) == {"refused": 1.0, "answered_when_known": 0.0, "right_source": 0.0}


def test_abstaining_is_no_refusal_and_no_answer() -> None:
    assert scores(replying("abstained")) == {"refused": 0.0, "answered_when_known": 0.0, "right_source": 0.0}


def test_an_answer_without_a_supported_sentence_is_none() -> None:
    unsupported = supported("apa_aud_2018").model_copy(update={"verdict": "unsupported"})
    for subject in (replying("answered"), replying("answered", unsupported)):
        assert scores(subject)["answered_when_known"] == 0.0


def test_one_source_for_every_question_answers_but_is_seldom_the_right_one() -> None:
    found = scores(replying("answered", supported("apa_aud_2018")))
    of_that_source = sum(question.document == "apa_aud_2018" for question in KNOWN)
    assert found["answered_when_known"] == 1.0
    assert found["right_source"] == of_that_source / len(KNOWN)


def test_a_question_whose_document_the_index_lacks_is_not_held_against_the_product() -> None:
    held = passage("apa_aud_2018")
    suite = OverRefusal(Material(passages={held.id: held}))
    rows = measure(suite, replying("abstained"))
    scored = {row.id for row in rows if "answered_when_known" in row.values}
    assert scored == {question.id for question in KNOWN if question.document == "apa_aud_2018"}
    assert len(rows) == len(QUESTIONS)


def test_halves_share_nothing_and_languages_are_shown_apart() -> None:
    halves = [{question.id for question in OverRefusal(Material(part=part)).items()} for part in ("dev", "held")]  # type: ignore[arg-type]
    assert not halves[0] & halves[1]
    assert len(halves[0] | halves[1]) == len(QUESTIONS)
    suite = OverRefusal(Material())
    assert set(suite.detail(measure(suite, replying("refused")))["refused"]) == {"en", "zh"}
