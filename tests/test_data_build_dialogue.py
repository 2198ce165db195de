"""Conversations in a document's text: whatever the turns say, they come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_build.dialogue import parse, render
from data_build.steps.clean import clean
from medmodel.errors import InputError
from medmodel.records import Message

ROLES = ("system", "user", "assistant")
PIECES = st.sampled_from(
    [
        "[user]",
        "[assistant]",
        "[system]",
        "\\",
        "[",
        "]",
        "\n",
        "\r\n",
        " ",
        "\u2028",
        "\u200b",
        "> ",
        "**",
        "user",
        "word.",
        "[1]",
    ]
)
CONTENTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))
MESSAGES = st.builds(Message, role=st.sampled_from(ROLES), content=CONTENTS)


def turn(role: str, content: str) -> Message:
    return Message.model_validate({"role": role, "content": content})


def test_a_conversation_reads_as_roles_and_turns() -> None:
    messages = [turn("system", "Be brief."), turn("user", "Is 5.9 high?\nOr normal?"), turn("assistant", "High.")]
    assert render(messages) == "[system]\nBe brief.\n[user]\nIs 5.9 high?\nOr normal?\n[assistant]\nHigh.\n"


@given(st.lists(MESSAGES, max_size=6))
@example([Message(role="user", content="a\n[user]\nb"), Message(role="assistant", content="[assistant]\n")])
@example([Message(role="user", content="\\[user]\n[\\user]\n[\\\\user]"), Message(role="assistant", content="")])
@example([Message(role="user", content="[[user]]\n[ user ]"), Message(role="assistant", content="\n\n")])
def test_parsing_undoes_rendering(messages: list[Message]) -> None:
    assert parse(render(messages)) == tuple(messages)


@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_a_turn_never_adds_a_turn_even_after_cleaning(messages: list[Message]) -> None:
    cleaned = clean(render(messages))
    assert [message.role for message in parse(cleaned)] == [message.role for message in messages]


def test_cleaning_keeps_what_the_turns_say() -> None:
    messages = (turn("user", "Can I take 5–10 mg?"), turn("assistant", "Yes, if eGFR ≥ 30.\n\nElse ask."))
    again = parse(clean(render(messages)))
    assert [message.content.strip() for message in again] == [message.content for message in messages]


def test_a_last_turn_without_its_line_end_is_whole() -> None:
    assert parse("[user]\nHello") == (turn("user", "Hello"),)
    assert parse("[user]\nHello\n[assistant]") == (turn("user", "Hello"), turn("assistant", ""))


def test_words_before_the_first_turn_are_an_error_that_does_not_repeat_them() -> None:
    with pytest.raises(InputError, match=r"words stand before the first line") as caught:
        parse("My neighbour said\n[user]\nHello")
    assert "neighbour" not in str(caught.value)


def test_no_text_is_no_turns() -> None:
    assert parse("") == () == parse("\n \n")
