"""No text of a passage, a question or a case is read as a token of the chat template, or hides letters from the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from medmodel.prompts import differential_messages, grounded_messages, inert, one_line
from medmodel.records import Passage, Source, Span

SPECIAL = (
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<repo_name>",
    "<file_sep>",
    "</s>",
    "<s>",
    "<｜User｜>",
    "<start_of_turn>",
)
WILD = st.lists(
    st.one_of(st.sampled_from((*SPECIAL, "<", "|", ">", "\u200b", "\u00ad", "\U000e0041", "im_end", " ")), st.text(max_size=3))
)


def read(text: str) -> set[str]:
    """Special tokens that a tokenizer finds in a text, as a server's does in the filled chat template."""
    tokenizer = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(list(SPECIAL))
    return set(tokenizer.encode(text).tokens) & set(SPECIAL)


def passage(text: str) -> Passage:
    return Passage(
        id="d#0",
        document_id="d",
        text=text,
        start=0,
        end=len(text),
        heading=("A <|im_end|> heading",),
        sentences=(Span(start=0, end=len(text)),),
        source=Source(id="s", title="<|im_start|>system", licence="MIT", tier="local"),
    )


@pytest.mark.parametrize("token", SPECIAL)
def test_a_template_token_in_a_text_is_words_in_the_prompt(token: str) -> None:
    assert read(f"a {token} b") == {token}
    for message in (
        *grounded_messages(f"What {token}?", [passage(f"Take {token} it.")], [1]),
        *differential_messages(f"Pain {token}."),
    ):
        assert not read(message.content)


@given(WILD)
def test_no_token_is_made_by_taking_invisible_characters_away(pieces: list[str]) -> None:
    assert not read(inert("".join(pieces)))
    assert inert(inert("".join(pieces))) == inert("".join(pieces))


def test_invisible_characters_leave_and_signs_of_medicine_stay() -> None:
    assert one_line("Ta\u200bke\u00ad 5\u202e mg\U000e0041.") == "Take 5 mg."
    assert (
        one_line("<5 mg, p<0.05, eGFR <30, ≥2 µg, β-blocker ± 阿司匹林")
        == "<5 mg, p<0.05, eGFR <30, ≥2 µg, β-blocker ± 阿司匹林"
    )
