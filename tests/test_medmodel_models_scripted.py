"""The public fake behaves like an engine: same prompt same text, it streams, it can be cut and it can die."""

from __future__ import annotations

import asyncio

import pytest

from medmodel.errors import EngineError
from medmodel.models.scripted import ScriptedEngine
from medmodel.prompts import NO_ANSWER
from medmodel.records import Message

PROMPT = (
    Message(role="system", content="Answer from the numbered sentences."),
    Message(
        role="user",
        content="Society 2023: Title\n[1] Aspirin is not recommended.\n[2] When warfarin is used, target INR is 2.0–3.0.\n"
        "[3] 华法林的目标值为二。\n\nQuestion: Which INR target is used with warfarin?",
    ),
)


def test_it_copies_the_sentence_that_shares_most_words_with_the_question() -> None:
    completion = asyncio.run(ScriptedEngine().generate(PROMPT))
    assert completion.text == "[2] When warfarin is used, target INR is 2.0–3.0."
    assert completion.finish_reason == "stop"


def test_it_matches_chinese_questions_by_character() -> None:
    prompt = (
        Message(role="user", content=PROMPT[1].content.replace("Which INR target is used with warfarin?", "华法林的目标？")),
    )
    assert asyncio.run(ScriptedEngine().generate(prompt)).text.startswith("[3]")


def test_it_abstains_when_no_word_is_shared() -> None:
    prompt = (Message(role="user", content="[1] Aspirin.\n\nQuestion: Which vaccine?"),)
    assert asyncio.run(ScriptedEngine().generate(prompt)).text == NO_ANSWER


def test_pieces_add_up_to_the_text() -> None:
    pieces: list[str] = []
    completion = asyncio.run(ScriptedEngine().generate(PROMPT, on_text=pieces.append))
    assert len(pieces) > 1
    assert "".join(pieces) == completion.text


def test_a_text_over_max_tokens_is_cut_and_says_so() -> None:
    completion = asyncio.run(ScriptedEngine().generate(PROMPT, max_tokens=3))
    assert completion.finish_reason == "length"
    assert completion.text == "[2] When warfarin"


def test_replies_come_in_order_and_an_error_among_them_is_raised() -> None:
    engine = ScriptedEngine(["first", EngineError("the model died")])
    assert asyncio.run(engine.generate(PROMPT)).text == "first"
    with pytest.raises(EngineError, match="the model died"):
        asyncio.run(engine.generate(PROMPT))
    with pytest.raises(EngineError, match="no reply left"):
        asyncio.run(engine.generate(PROMPT))


def test_it_says_that_it_is_a_fake() -> None:
    engine = ScriptedEngine()
    assert engine.fake
    assert "fake" in engine.name


def test_a_continuation_from_the_prompt_is_likelier() -> None:
    engine = ScriptedEngine()
    known = asyncio.run(engine.loglikelihood("warfarin", "warfarin"))
    assert known.logprob > asyncio.run(engine.loglikelihood("warfarin", "apixaban")).logprob


def test_letters_are_all_alike_to_it_and_words_of_the_prompt_are_not() -> None:
    engine = ScriptedEngine()
    letters = asyncio.run(engine.next_token("Question: warfarin?\nAnswer:", [" A", " B"]))
    assert letters.logprobs[0] == letters.logprobs[1]
    words = asyncio.run(engine.next_token("Question: warfarin?\nAnswer:", [" warfarin", " apixaban"]))
    assert words.logprobs[0] > words.logprobs[1]
