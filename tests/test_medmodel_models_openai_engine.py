"""The HTTP engine against a fake OpenAI server on a real socket: what it sends, what it refuses to take for an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from serving import DONE, chunk, openai_server

from medmodel.errors import EngineError, EngineTimeout
from medmodel.models.engine import NextToken
from medmodel.models.openai_engine import OpenAIEngine, discover_model
from medmodel.records import Message

PROMPT = (Message(role="user", content="a synthetic prompt"),)


async def good(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("[1] one ")
    yield chunk("two", "stop")
    yield b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}\n\n'
    yield DONE


async def cut_by_length(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one", "length")
    yield DONE


async def without_end(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one")


async def aborted(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one", "abort")
    yield DONE


async def failing(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one")
    yield b'data: {"error": {"message": "patient Jane broke it", "code": 500}}\n\n'


async def hanging(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one ")
    await asyncio.sleep(60)


async def slow_for_the_second(body: dict[str, Any]) -> AsyncIterator[bytes]:
    if body["max_tokens"] == 2:  # waits its turn, longer than the patience
        await asyncio.sleep(1.0)
        yield chunk("late", "stop")
    else:
        for _ in range(10):
            yield chunk("a")
            await asyncio.sleep(0.15)
        yield chunk("", "stop")
    yield DONE


def test_text_usage_and_pieces_are_put_together_from_the_stream() -> None:
    bodies: list[dict[str, Any]] = []
    pieces: list[str] = []
    with openai_server(good, bodies) as url:
        engine = OpenAIEngine(url, "pico")
        completion = asyncio.run(engine.generate(PROMPT, regex="x+", max_tokens=9, cache_salt="s", on_text=pieces.append))
    assert completion.text == "[1] one two"
    assert (completion.finish_reason, completion.prompt_tokens, completion.tokens) == ("stop", 7, 2)
    assert pieces == ["[1] one ", "two"]
    assert bodies[0]["structured_outputs"] == {"regex": "x+"}
    assert bodies[0]["cache_salt"] == "s"
    assert bodies[0]["temperature"] == 0.0


def test_an_answer_cut_by_its_length_says_so() -> None:
    with openai_server(cut_by_length, []) as url:
        assert asyncio.run(OpenAIEngine(url, "pico").generate(PROMPT)).finish_reason == "length"


@pytest.mark.parametrize("chunks", [without_end, aborted, failing])
def test_a_stream_that_does_not_end_well_is_an_error_and_quotes_nothing(chunks: Any) -> None:
    with openai_server(chunks, []) as url, pytest.raises(EngineError) as caught:
        asyncio.run(OpenAIEngine(url, "pico").generate(PROMPT))
    assert "Jane" not in str(caught.value)


def test_without_a_token_for_long_the_call_ends_and_the_engine_counts_as_stalled() -> None:
    with openai_server(hanging, []) as url:
        engine = OpenAIEngine(url, "pico", patience=0.3)
        with pytest.raises(EngineTimeout, match="no token"):
            asyncio.run(engine.generate(PROMPT))
    assert engine.stalled


@pytest.mark.slow
def test_a_token_of_another_call_shows_that_a_long_queue_is_no_hang() -> None:
    async def both(engine: OpenAIEngine) -> list[str]:
        calls = (engine.generate(PROMPT, max_tokens=tokens) for tokens in (1, 2))
        return [completion.text for completion in await asyncio.gather(*calls)]

    with openai_server(slow_for_the_second, []) as url:
        assert asyncio.run(both(OpenAIEngine(url, "pico", patience=0.6))) == ["a" * 10, "late"]


def test_likelihood_sums_the_continuation_alone() -> None:
    with openai_server(good, []) as url:
        likelihood = asyncio.run(OpenAIEngine(url, "pico").loglikelihood("abc", "de"))
    assert likelihood.tokens == 2
    assert likelihood.logprob == pytest.approx(-(ord("d") + ord("e")) / 100)


def test_likelihood_without_a_prompt_starts_from_the_beginning_token() -> None:
    bodies: list[dict[str, Any]] = []
    with openai_server(good, bodies) as url:
        assert asyncio.run(OpenAIEngine(url, "pico", bos_token_id=1).loglikelihood("", "de")).tokens == 2
        with pytest.raises(EngineError, match="beginning-of-text"):
            asyncio.run(OpenAIEngine(url, "pico").loglikelihood("", "de"))
    assert [body["prompt"] for body in bodies if "max_tokens" in body] == [[1, ord("d"), ord("e")]]


def next_token(prompt: str, continuations: list[str], bodies: list[dict[str, Any]]) -> NextToken:
    async def ask(engine: OpenAIEngine) -> NextToken:
        first = await engine.next_token(prompt, continuations)
        assert await engine.next_token(prompt, continuations) == first
        return first

    with openai_server(good, bodies) as url:
        return asyncio.run(ask(OpenAIEngine(url, "pico")))


def test_all_letters_are_scored_by_one_request_and_their_ids_are_asked_for_once() -> None:
    bodies: list[dict[str, Any]] = []
    found = next_token("Which?\nAnswer:", [" A", " B"], bodies)
    assert found == NextToken(logprobs=(-1.065, -1.066))
    asked = [body for body in bodies if "max_tokens" in body]
    assert [body["prompt"] for body in asked] == ["Which?\nAnswer:"] * 2
    assert asked[0]["logprob_token_ids"] == [1065, 1066]
    assert sorted({body["prompt"] for body in bodies if "max_tokens" not in body}) == ["Answer:", "Answer: A", "Answer: B"]
    assert len(bodies) == 2 + 4


def test_spaces_at_the_end_of_a_prompt_move_to_the_letter() -> None:
    bodies: list[dict[str, Any]] = []
    assert next_token("Answer: ", ["A"], bodies) == NextToken(logprobs=(-1.065,))
    assert {body["prompt"] for body in bodies if "max_tokens" in body} == {"Answer:"}


@pytest.mark.parametrize(("length", "cut", "asked"), [(38, 0, 0), (39, 0, 1), (40, 1, 1), (49, 10, 1)])
def test_a_prompt_that_does_not_fit_says_how_much_it_lost(length: int, cut: int, asked: int) -> None:
    """The fake server's model has 40 tokens, one of them for the answer; only who fills it is asked for its length."""
    bodies: list[dict[str, Any]] = []
    assert next_token("x" * length, ["A"], bodies) == NextToken(logprobs=(-0.065,), cut=cut)
    assert sum("max_tokens" not in body and len(body["prompt"]) == length for body in bodies) == 2 * asked


@pytest.mark.parametrize(
    ("continuations", "fault"),
    [
        ([" A", " Z"], "no log-probability for ' Z'"),
        ([" A", " no"], "' no' is not one token after 'Answer:'"),
        ([" A", " A"], "are the same token"),
    ],
)
def test_a_letter_that_cannot_be_scored_is_an_error_that_names_it(continuations: list[str], fault: str) -> None:
    with pytest.raises(EngineError, match=fault):
        next_token("Answer:", continuations, [])


def test_one_engine_serves_two_event_loops_at_once() -> None:
    texts: list[str] = []
    with openai_server(good, []) as url:
        engine = OpenAIEngine(url, "pico")
        threads = [threading.Thread(target=lambda: texts.append(asyncio.run(engine.generate(PROMPT)).text)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == ["[1] one two"] * 2


def test_nothing_at_the_address_is_an_engine_error() -> None:
    engine = OpenAIEngine("http://127.0.0.1:9/v1", "pico")
    with pytest.raises(EngineError, match="ConnectError"):
        asyncio.run(engine.generate(PROMPT))
    assert asyncio.run(engine.ready()) is False
    with pytest.raises(EngineError, match="/v1"):
        discover_model("http://127.0.0.1:9/v1")


def test_the_model_of_a_foreign_server_is_discovered() -> None:
    with openai_server(good, []) as url:
        assert discover_model(url) == "pico"
        assert asyncio.run(OpenAIEngine(url, "pico").ready()) is True
