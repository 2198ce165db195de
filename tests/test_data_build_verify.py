"""Verifiers: each rule rejects what breaks it and nothing else, and gives the reason that is counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data_build.candidates import Candidate, Options, Quote
from data_build.steps import protected
from data_build.verify import (
    Asked,
    Verifier,
    leaks,
    malformed,
    not_quoted,
    one_right,
    options_fault,
    reason_class,
    recovered,
    repeats_heldout,
    repeats_test,
    right_is_longest,
    runs_of,
)
from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.rag.passages import split_document
from medmodel.records import Document, Example, Message, Source

TEXT = (
    "# Zeltin\n\nZeltin is started at 5 mg once daily in adults with stable kidney function. "
    "Zeltin should be stopped when potassium rises above 6 mmol/L during treatment. "
    "Serum creatinine is measured two weeks after the first dose of the drug."
)
SOURCE = Source(id="zeltin", title="Zeltin", organization="Invented", year=2024, licence="CC0-1.0", tier="guideline")
DOCUMENT = Document(id="zeltin/1", text=TEXT, source=SOURCE, domain="guideline")
SHOWN = tuple(split_document(DOCUMENT))
FIRST, SECOND, THIRD = (SHOWN[0].sentence(number) for number in range(3))
HELDOUT = "Held out words that stand in a row so that nobody may train on any of the thirteen of them"
EXAM = "Which invented drug for the imaginary disease of the left knee should never be given with tea?"
LISTS = protected.merge({"invented_test": protected.hashed(EXAM)})


def said(*contents: str) -> tuple[Message, ...]:
    return tuple(Message(role="assistant" if at % 2 else "user", content=content) for at, content in enumerate(contents))


def candidate(answer: str = f"[1] {FIRST}", question: str = "What is the first dose?", **fields: Any) -> Candidate:
    prompt = prompts.grounded_messages(question, SHOWN, [1, 2])
    changed = {
        "messages": (*prompt, Message(role="assistant", content=answer)),
        "id": "e",
        "kind": "grounded",
        "documents": ("zeltin/1",),
        **fields.pop("example", {}),
    }
    known = {"quotes": (Quote("zeltin/1", FIRST),), "secret": FIRST, "shown": SHOWN, **fields}
    return Candidate(example=Example.model_validate(changed), question=question, **known)


def verifier(longest: int = 10_000) -> Verifier:
    return Verifier([DOCUMENT], [HELDOUT], LISTS, longest, lambda text: len(text.split()))


def choice(name: str, right: str, *wrong: str) -> Candidate:
    messages = said(f"Pick {name}.", "Answer: A")
    example = Example(id=name, kind="choice", messages=messages, documents=("zeltin/1",))
    return Candidate(example=example, question=f"Pick {name}.", options=Options((right, *wrong), 0))


def test_what_breaks_no_rule_is_kept() -> None:
    assert verifier().why_not(candidate()) == ""


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (candidate(example={"documents": ("another/1",)}), "held out"),
        (candidate(example={"documents": ()}), "held out"),
        (candidate(fault="answer not recovered: elsewhere"), "answer not recovered"),
        (candidate(example={"messages": said("Only a question")}), "malformed"),
        (candidate(answer=FIRST), "malformed"),  # cites no sentence
        (candidate(answer="[9] " + FIRST), "malformed"),  # nor one that exists
        (candidate(answer=f"[2] {FIRST}"), "not supported"),  # another sentence than the one cited
        (candidate(answer=f"[1] {FIRST.replace('5 mg', '50 mg')}"), "not supported"),
        (candidate(quotes=(Quote("zeltin/1", FIRST.replace("5 mg", "50 mg")),)), "not quoted"),
        (candidate(question=f"Is it true that {FIRST}"), "leak"),
        (candidate(options=Options(("a", "a"), 0)), "options"),
        (candidate(question=HELDOUT), "leak"),
        (candidate(question=EXAM), "leak"),
    ],
)
def test_each_rule_has_its_reason(broken: Candidate, reason: str) -> None:
    assert reason_class(verifier().why_not(broken)) == reason


def test_an_example_may_be_as_long_as_the_limit_and_no_longer() -> None:
    size = sum(len(message.content.split()) for message in candidate().example.messages)
    assert verifier(size).why_not(candidate()) == ""
    assert verifier(size - 1).why_not(candidate()) == "too long"


def test_what_is_asked_nearly_the_same_again_is_kept_once_in_each_kind() -> None:
    judge = verifier()
    question = "What is the first dose of the drug called Zeltin in adults who have stable kidneys?"
    assert judge.why_not(candidate(question=question)) == ""
    again = candidate(question=f"{question} Please", example={"id": "again"})
    assert judge.why_not(again) == "near duplicate: of e"
    twin = again._replace(example=again.example.model_copy(update={"kind": "twin"}))
    assert judge.why_not(twin) == ""


def test_a_rejected_example_keeps_no_other_out() -> None:
    judge = verifier()
    assert judge.why_not(candidate(fault="answer not recovered: elsewhere"))
    assert judge.why_not(candidate()) == ""


@given(st.text(min_size=1), st.data())
def test_a_quote_is_any_piece_of_its_document_and_the_example_must_say_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = Quote("d", text[start : data.draw(st.integers(start + 1, len(text)))])
    assert not_quoted([quote], {"d": text}, f"[1] {quote.text}") == ""
    assert not_quoted([quote], {"other": text}, quote.text)


@given(st.text(min_size=1), st.integers(0), st.characters())
def test_a_quote_with_one_character_changed_is_none(text: str, at: int, character: str) -> None:
    at %= len(text)
    changed = text[:at] + character + text[at + 1 :]
    assume(changed not in text)
    assert not_quoted([Quote("d", changed)], {"d": text}, changed).startswith("not quoted")


def test_a_quote_that_the_example_does_not_say_and_an_empty_one_are_none() -> None:
    assert not_quoted([Quote("d", "ten of them")], {"d": "ten of them"}, "Five.") == "not quoted: the example does not say it"
    assert not_quoted([Quote("d", "")], {"d": "text"}, "text")


def test_brackets_and_line_breaks_of_a_quote_stand_in_the_example_as_the_prompt_shows_them() -> None:
    assert not_quoted([Quote("d", "take [two]\nof them")], {"d": "Please take [two]\nof them."}, "take (two) of them") == ""


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        (said("Q", "A"), ""),
        ((Message(role="system", content="S"), *said("Q", "A", "Q", "A")), ""),
        (said("Q", "A", "Q"), "malformed: turns do not alternate"),
        ((), "malformed: turns do not alternate"),
        ((Message(role="system", content="S"),), "malformed: turns do not alternate"),
        (said("Q", "A")[::-1], "malformed: turns do not alternate"),
        (said("Q", " \n"), "malformed: an empty turn"),
    ],
)
def test_a_conversation_alternates_and_every_turn_says_something(messages: tuple[Message, ...], fault: str) -> None:
    assert malformed(messages) == fault


@pytest.mark.parametrize(
    ("question", "secret", "leaked"),
    [
        ("What should be done about Zeltin?", SECOND, False),
        ("Should zeltin be stopped when the potassium rises above 6 mmol/L in treatment?", SECOND, True),
        ("Which disease is acute mock fever?", "Mock fever", True),
        ("Which fever does one mock?", "Mock fever", False),
        ("什么是腭裂？", "腭裂", True),
        ("什么病？", "腭裂", False),
        ("Anything", "", False),
    ],
)
def test_a_question_leaks_most_of_a_sentence_or_a_whole_name(question: str, secret: str, leaked: bool) -> None:
    assert bool(leaks(question, secret)) == leaked


def test_thirteen_words_of_held_out_text_are_a_leak_and_twelve_are_not() -> None:
    runs, words = runs_of([HELDOUT, "too short to count"]), HELDOUT.split()
    assert repeats_heldout("So: " + " ".join(words[:13]), runs) == "leak: repeats held-out text"
    assert repeats_heldout("So: " + " ".join(words[:12]), runs) == ""
    assert repeats_heldout("too short to count", runs_of([])) == ""


def test_a_published_test_is_named_when_an_example_repeats_it() -> None:
    assert repeats_test(f"Tell me.\n{EXAM}", LISTS, exam=False).startswith("leak: repeats invented_test")
    assert repeats_test("Tell me about the left knee.", LISTS, exam=False) == ""


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (Options(("Aspirin", "Heparin"), 1), ""),
        (Options(("Aspirin", "aspirin."), 0), "options: not distinct"),
        (Options(("Aspirin", " "), 0), "options: not distinct"),
        (Options(("Aspirin",), 0), "options: not distinct"),
        (Options(("Aspirin", "Heparin"), 2), "options: not distinct"),
    ],
)
def test_options_are_several_and_distinct_and_the_right_one_is_among_them(options: Options, fault: str) -> None:
    assert options_fault(options) == fault


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (("5 mg once daily", "10 mg once daily", "5 mg twice daily"), ""),
        (("50 mg once daily", "10 mg once daily"), "options: the right one is not in the source"),
        (("5 mg once daily", "in adults with stable kidney function"), "options: more than one right"),
    ],
)
def test_by_the_sentence_one_option_is_right(texts: tuple[str, ...], fault: str) -> None:
    assert one_right(Options(texts, 0), FIRST) == fault


def test_the_right_option_is_the_longest_in_about_half_of_those_kept_at_most() -> None:
    judge = verifier()
    reasons = [
        judge.why_not(choice(f"number {n} of invented things", "the longest option", "short", "brief")) for n in range(4)
    ]
    assert reasons == ["", "", *["options: the right one is the longest too often"] * 2]
    assert judge.why_not(choice("another sort of thing", "short", "the longest option", "brief")) == ""
    assert judge.why_not(choice("yet one more of them", "the longest option", "short", "brief")) == ""


def test_options_of_equal_length_have_no_longest() -> None:
    assert not right_is_longest(Options(("four", "five"), 0))
    assert right_is_longest(Options(("three", "four"), 0))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (f"[2] {SECOND}", ""),
        (f"[1] {FIRST}\n[2] {SECOND}", ""),
        (prompts.NO_ANSWER, "not recovered: it finds no answer"),
        (f"[1] {FIRST}", "not recovered: it rests on another sentence"),
        ("Zeltin.", "not recovered: its own answer does not hold up"),
        (f"[2] {SECOND.replace('6', '7')}", "not recovered: its own answer does not hold up"),
    ],
)
def test_an_answer_is_recovered_when_another_look_rests_on_the_same_sentence(reply: str, reason: str) -> None:
    assert recovered(Completion(text=reply, finish_reason="stop"), SHOWN, 2) == reason


def test_an_answer_is_recovered_from_another_sentence_that_says_the_same() -> None:
    twice = Document(id="z/2", text=f"# Z\n\n{FIRST}\n\nNote: {FIRST}", source=SOURCE, domain="guideline")
    shown = split_document(twice)
    assert recovered(Completion(text=f"[1] {FIRST}", finish_reason="stop"), shown, 2) == ""


def test_a_sentence_too_short_for_the_support_check_is_recovered_by_copying_it() -> None:
    shown = split_document(Document(id="z/3", text="# Z\n\n- Chills\n- Fever", source=SOURCE, domain="guideline"))
    replies = [Completion(text=text, finish_reason="stop") for text in ("[1] Chills", "[1] Chill", "[2] Fever")]
    assert [bool(recovered(reply, shown, 1)) for reply in replies] == [False, True, True]


def test_an_answer_that_was_cut_off_recovers_nothing() -> None:
    cut = Completion(text=f"[2] {SECOND}", finish_reason="length")
    assert recovered(cut, SHOWN, 2) == "not recovered: its own answer does not hold up"


@given(st.lists(st.sampled_from("one two three four five six seven eight".split()), min_size=1, max_size=30))
def test_a_question_is_a_near_duplicate_of_itself_and_not_of_other_words(words: list[str]) -> None:
    asked = Asked()
    asked.add("first", " ".join(words))
    assert asked.near(" ".join(words).upper()) == "first"
    assert asked.near(" ".join(f"other{word}" for word in words)) == ""
