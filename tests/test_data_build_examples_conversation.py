"""Examples from conversations: only whole, alternating ones, and a choice whose answer is found again after the shuffle."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build import multiple_choice
from data_build.candidates import Candidate, Material
from data_build.dialogue import render
from data_build.kinds.conversation import make
from data_build.multiple_choice import Question
from data_build.shapes import paired
from medmodel.records import Document, Drop, Example, Message, Source

SOURCE = Source(id="invented", title="Invented", licence="CC0-1.0", tier="none")
OPTIONS = ("Furosemide", "Spironolactone", "Digoxin", "Heparin")
WORDS = st.text(st.characters(whitelist_categories=("Ll", "Nd")), min_size=3, max_size=12)


def document(text: str, domain: str = "dialogue", part: str = "1", **fields: Any) -> Document:
    return Document.model_validate({"id": f"invented/{part}", "text": text, "source": SOURCE, "domain": domain, **fields})


def chat(*said: str, **fields: Any) -> Document:
    return document(render(paired(said)), **fields)


def asked(rationale: str, answer: str = "B", options: tuple[str, ...] = OPTIONS, part: str = "1") -> Document:
    question = multiple_choice.write(Question("Which drug keeps potassium?", options))
    return chat(question, rationale, domain="choice", part=part, attributes={"answer": answer})


def examples_of(documents: list[Document], **settings: Any) -> tuple[list[Example], Counter[str]]:
    """The examples in the order of the documents, and how many were rejected for which reason."""
    found = list(make(Material(documents, **{"longest": 8000, **settings})))
    rejected = Counter(each.reason for each in found if isinstance(each, Drop))
    return [each.example for each in found if isinstance(each, Candidate)], rejected


def only(found: Document, **settings: Any) -> Example:
    examples, rejected = examples_of([found], **settings)
    assert not rejected
    return examples[0]


def rejection(found: Document, **settings: Any) -> str:
    examples, rejected = examples_of([found], **settings)
    assert not examples
    return next(iter(rejected))


@pytest.mark.parametrize(("domain", "kind"), [("dialogue", "dialogue"), ("instruction", "general"), ("note", "note")])
def test_a_domain_has_its_kind_and_the_example_names_its_document(domain: str, kind: str) -> None:
    example = only(chat(" Is it safe? ", "Yes.\n", domain=domain))
    assert (example.kind, example.documents, example.id) == (kind, ("invented/1",), f"invented/1:{kind}")
    assert [message.content for message in example.messages] == ["Is it safe?", "Yes."]


def test_documents_that_hold_no_conversation_by_their_domain_are_passed_over() -> None:
    assert examples_of([document("# Heart\n\nBeats.", domain="guideline")]) == ([], Counter())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Just words.", "not a conversation"),
        ("[user]\nHello\n", "no assistant turn"),
        ("", "no assistant turn"),
        ("[user]\nHello\n[assistant]\n \n", "empty turn"),
        ("[user]\nHello\n[user]\nStill there?\n[assistant]\nYes\n", "turns do not alternate"),
        ("[assistant]\nHello\n[user]\nHi\n", "turns do not alternate"),
        ("[user]\nHello\n[assistant]\nYes\n[user]\nThanks\n", "turns do not alternate"),
        ("[user]\nHello\n[system]\nBe brief\n[assistant]\nYes\n", "turns do not alternate"),
    ],
)
def test_what_is_no_whole_conversation_is_rejected_with_the_reason(text: str, reason: str) -> None:
    assert rejection(document(text)) == reason


def test_an_empty_system_turn_goes_and_a_full_one_stays() -> None:
    assert [turn.role for turn in only(document("[system]\n\n[user]\nA\n[assistant]\nB\n")).messages] == ["user", "assistant"]
    assert only(document("[system]\nBe brief.\n[user]\nA\n[assistant]\nB\n")).messages[0].content == "Be brief."


def test_length_is_measured_over_all_turns_in_the_callers_unit() -> None:
    found = chat("one two three", "four five")
    assert only(found, longest=5, count=lambda text: len(text.split()))
    assert rejection(found, longest=4, count=lambda text: len(text.split())) == "too long"


def test_held_out_and_quarantined_documents_teach_nothing() -> None:
    assert rejection(chat("A", "B", split="heldout")) == "held out"
    assert rejection(chat("A", "B", attributes={"quarantined": "medqa"})) == "quarantined"


def test_rejections_are_counted_and_the_rest_keeps_its_order() -> None:
    examples, rejected = examples_of([chat("A", "B", part="2"), document("x"), document("y"), chat("C", "D", part="1")])
    assert [example.documents[0] for example in examples] == ["invented/2", "invented/1"]
    assert rejected == {"not a conversation": 2}


def test_a_choice_keeps_its_right_option_whatever_letter_it_gets() -> None:
    letters = set()
    for number in range(20):
        example = only(asked("It blocks aldosterone.\nAnswer: (B)", part=str(number)))
        question = multiple_choice.read(example.messages[0].content)
        letter = multiple_choice.answer_of(example.messages[1].content)
        assert question is not None
        assert sorted(question.options) == sorted(OPTIONS)
        assert question.options["ABCD".index(letter)] == "Spironolactone"
        assert example.messages[1].content == f"It blocks aldosterone.\n\nAnswer: {letter}"
        letters.add(letter)
    assert len(letters) == 4


def test_the_shuffle_hangs_on_the_seed_and_the_document_alone() -> None:
    found = asked("Answer: B")
    assert only(found, seed=1) == only(found, seed=1)
    assert len({only(found, seed=seed).messages for seed in range(10)}) > 1


@pytest.mark.parametrize(
    "rationale",
    [
        "Option A wastes potassium.",
        "This rules out (C).",
        "Loop agents waste it, making B the right one.",
        "Therefore D is false.",
    ],
)
def test_options_named_by_letter_in_the_rationale_keep_their_order(rationale: str) -> None:
    example = only(asked(f"{rationale}\n\nAnswer: (B)"))
    question = multiple_choice.read(example.messages[0].content)
    assert question is not None
    assert question.options == OPTIONS


@pytest.mark.parametrize("last", ["None of the above", "All of the above", "Both A and B", "None", "All of these"])
def test_an_option_that_speaks_of_the_others_keeps_the_order(last: str) -> None:
    example = only(asked("Answer: B", options=(*OPTIONS, last)))
    question = multiple_choice.read(example.messages[0].content)
    assert question is not None
    assert question.options == (*OPTIONS, last)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (asked("It is a loop agent.\nAnswer: (A)"), "rationale disagrees with the answer key"),
        (asked("None of them seems right."), "no answer stated"),
        (asked("Answer: (B) or (C)"), "no answer stated"),
        (asked("Answer: F", answer="F"), "answer not among the options"),
        (asked("Answer: B", options=("Heparin", "Heparin")), "options empty or the same"),
        (chat("Which drug?", "Answer: B", domain="choice"), "no options"),
        (chat("Which drug?\n\nA. Heparin\nC. Digoxin", "Answer: A", domain="choice"), "no options"),
    ],
)
def test_a_choice_whose_answer_is_in_doubt_is_rejected(found: Document, reason: str) -> None:
    assert rejection(found) == reason


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Answer: (C)", "C"),
        ("So the answer is B.", "B"),
        ("Because.\nAnswer: (C) Digoxin", "C"),
        ("Answer: Option D", "D"),
        ("Answer: (B) or (C)", ""),
        ("the answer is a matter of taste", ""),
        ("Answer: A\nBut who knows?", ""),
    ],
)
def test_an_answer_is_the_letter_that_a_text_ends_on(text: str, letter: str) -> None:
    assert multiple_choice.answer_of(text) == letter


@given(st.lists(WORDS, min_size=1, max_size=3).map("\n".join), st.lists(WORDS, min_size=2, max_size=10, unique=True))
def test_a_question_reads_back_as_it_was_written(stem: str, options: list[str]) -> None:
    question = Question(stem, tuple(options))
    assert multiple_choice.read(multiple_choice.write(question)) == question


@given(
    st.lists(
        st.builds(Message, role=st.sampled_from(("system", "user", "assistant")), content=st.text(max_size=20)), max_size=5
    )
)
def test_every_document_is_either_an_example_or_one_counted_rejection(messages: list[Message]) -> None:
    for domain in ("dialogue", "instruction", "choice", "note"):
        examples, rejected = examples_of([document(render(messages), domain=domain)])
        assert len(examples) + rejected.total() == 1
