"""Examples: in the product's own format, true to the sentence they cite, and never from a held-out guideline."""

import random
from collections.abc import Sequence
from types import SimpleNamespace

from data_build.examples import (
    FRAME,
    HELDOUT_FORMS,
    TRAIN_FORMS,
    Pool,
    choices,
    facts,
    make_example,
    subject_of,
    take_cases,
)
from medmodel.rag.citations import parse
from medmodel.rag.passages import split_document
from medmodel.records import Document, Example, Passage, Source

CONFIG = SimpleNamespace(turns=3, abstain_share=0.0, two_line_share=0.0, longest=1000)


def guideline(name: str, *bullets: str, split: str = "train") -> Document:
    source = Source(id=name, title=name.title(), organization="Invented", year=2024, licence="MIT", tier="guideline")
    text = f"# {name.title()} — Invented 2024\n\n" + "\n".join(f"- {bullet}" for bullet in bullets)
    return Document.model_validate({"id": f"{name}/1", "text": text, "source": source, "domain": "guideline", "split": split})


HEART = guideline(
    "heart",
    "Bisoprolol: the starting dose is 1.25 mg once daily in stable patients.",
    "Spironolactone should be considered when symptoms persist despite treatment.",
    "Digoxin is not recommended for patients with preserved ejection fraction.",
)
LUNG = guideline("lung", "Tiotropium is recommended once daily for patients with persistent breathlessness.", split="heldout")
PASSAGES = [passage for document in (HEART, LUNG) for passage in split_document(document)]


def words(text: str) -> int:
    return len(text.split())


def search(question: str) -> Sequence[Passage]:
    return PASSAGES


def made(copy: bool = False, seed: int = 1) -> Example:
    taught = [fact for fact in facts(PASSAGES) if fact.passage.document_id == "heart/1"]
    pool = Pool(taught, {PASSAGES[0].id: taught}, {"lung/1"}, words)
    example = make_example(taught[0], search, pool, random.Random(seed), copy=copy, config=CONFIG)
    assert isinstance(example, Example)
    return example


def test_each_answer_repeats_the_sentence_whose_number_it_gives() -> None:
    example = made()
    sentences = [PASSAGES[0].sentence(n) for n in range(3)]
    answers = [message.content for message in example.messages if message.role == "assistant"]
    assert len(answers) == CONFIG.turns
    for answer in answers:
        lines = parse(answer, 3)
        assert lines
        for number, text in lines:
            assert text == sentences[number - 1]


def test_several_questions_of_one_context_have_different_answers() -> None:
    answers = [message.content for message in made().messages if message.role == "assistant"]
    assert len(set(answers)) == len(answers)


def test_no_held_out_document_is_shown_even_when_the_search_finds_it() -> None:
    example = made()
    assert example.documents == ("heart/1",)
    assert not any("Tiotropium" in message.content for message in example.messages)


def test_a_question_that_does_not_find_its_passage_is_rejected_with_the_reason() -> None:
    fact = next(facts(PASSAGES))
    reason = make_example(
        fact, lambda question: [], Pool([fact], {}, set(), words), random.Random(1), copy=False, config=CONFIG
    )
    assert reason == "not retrievable: the question does not find its passage"


def abstention(**config: float) -> Example | str:
    elsewhere = guideline("kidney", "Potassium binders are recommended for chronic hyperkalaemia above six.")
    stranger = next(facts(split_document(elsewhere)))
    taught = [fact for fact in facts(PASSAGES) if fact.passage.document_id == "heart/1"]
    pool = Pool([stranger], {PASSAGES[0].id: taught}, {"lung/1"}, words)
    settings = SimpleNamespace(**{**vars(CONFIG), "abstain_share": 1.0, **config})
    return make_example(taught[0], search, pool, random.Random(1), copy=False, config=settings)


def test_an_abstention_answers_a_question_from_elsewhere_with_nothing() -> None:
    example = abstention()
    assert isinstance(example, Example)
    assert example.kind == "abstain"
    assert example.messages[-1].content == "No answer in the references."


def test_an_example_too_long_to_train_on_loses_turns_and_an_abstention_still_abstains() -> None:
    whole = abstention()
    assert isinstance(whole, Example)
    size = sum(words(message.content) + FRAME for message in whole.messages)
    assert abstention(longest=size) == whole
    shorter = abstention(longest=size - 1)
    assert isinstance(shorter, Example)
    assert len(shorter.messages) == len(whole.messages) - 2
    assert shorter.messages[-1] == whole.messages[-1]
    assert abstention(longest=50) == "too long: the passages shown leave no room for an answer"


def test_cases_come_from_every_guideline_in_turn_and_name_the_sentence_expected() -> None:
    cases = take_cases(list(facts(PASSAGES)), HELDOUT_FORMS, 3, random.Random(1))
    assert [case.expect_source for case in cases] == ["heart", "lung", "heart"]
    assert cases[1].expect_quote == PASSAGES[1].sentence(0)


def test_questions_put_to_the_gate_have_forms_that_no_training_question_has() -> None:
    assert not set(TRAIN_FORMS) & set(HELDOUT_FORMS)


def test_a_sentence_is_about_its_label_its_first_cell_or_the_words_before_its_verb() -> None:
    assert subject_of("Bisoprolol: the starting dose is 1.25 mg.") == "Bisoprolol"
    assert subject_of("Drug: Ramipril; Start: 2.5 mg; Target: 10 mg.") == "Ramipril (drug)"
    assert subject_of("The INR target is 2.0 to 3.0.") == "INR target"
    assert subject_of("Yes.") is None


def test_choices_are_of_held_out_complaints_and_their_right_option_is_the_diagnosis_described() -> None:
    sections = [f"## D{n}\n\n### Key features\n\n- feature {n} a\n- feature {n} b\n" for n in range(5)]
    document = guideline("pain", "x", split="heldout").model_copy(
        update={"domain": "differential", "text": "\n".join(sections)}
    )
    items = list(choices([document], [], 4, random.Random(1)))
    assert len(items) == 2  # half of what is wanted: the other half comes from guidelines
    assert all(item.options[item.answer].removeprefix("D") in item.question for item in items)
