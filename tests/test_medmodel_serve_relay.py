"""Chat passthrough against a fake OpenAI server: what is let through, what is capped, and that no stream ends in silence."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import DONE, chunk, openai_server, served

from medmodel.models.openai_engine import OpenAIEngine
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.product import Fixed
from medmodel.serve.relay import CAPS, DEFAULT_MAX_TOKENS

MESSAGES = [{"role": "user", "content": "a synthetic prompt"}]


async def two_pieces(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one ")
    yield chunk("two", "stop")
    yield DONE


async def cut_off(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one ")


@contextmanager
def chatting(folder: Path, chunks: Any, bodies: list[dict[str, Any]]) -> Iterator[str]:
    with openai_server(chunks, bodies) as upstream, served(folder, Fixed(OpenAIEngine(upstream, "pico"))) as url:
        yield url + "/v1/chat/completions"


def test_a_chat_is_passed_on_with_our_salt_our_model_and_a_bound_on_its_length(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = []
    with chatting(tmp_path, two_pieces, bodies) as url:
        response = httpx.post(url, json={"messages": MESSAGES, "stream": True, "temperature": 0.5})
    assert response.content == chunk("one ") + chunk("two", "stop") + DONE
    assert bodies[0]["max_tokens"] == DEFAULT_MAX_TOKENS
    assert bodies[0]["model"] == "pico"
    assert len(bodies[0]["cache_salt"]) == 64
    assert bodies[0]["temperature"] == 0.5


def test_a_stream_that_the_model_breaks_off_ends_with_an_error(tmp_path: Path) -> None:
    with chatting(tmp_path, cut_off, []) as url:
        response = httpx.post(url, json={"messages": MESSAGES, "stream": True})
    assert b'"engine_unavailable"' in response.content.split(b"\n\n")[-2]


@pytest.mark.parametrize(
    "field",
    [
        {"cache_salt": "another tenant's"},
        {"chat_template": "{{ a template runs on the server }}"},
        {"n": CAPS["n"] + 1},
        {"n": True},
        {"max_tokens": CAPS["max_tokens"] + 1},
        {"max_tokens": -1},
        {"messages": "no list"},
    ],
)
def test_what_may_harm_the_engine_or_a_neighbour_is_refused_by_name(tmp_path: Path, field: dict[str, Any]) -> None:
    bodies: list[dict[str, Any]] = []
    with chatting(tmp_path, two_pieces, bodies) as url:
        response = httpx.post(url, json={"messages": MESSAGES, **field})
    assert response.status_code == 422
    assert next(iter(field)) in response.json()["error"]["message"]
    assert bodies == []


def test_an_unknown_model_is_not_found(tmp_path: Path) -> None:
    with chatting(tmp_path, two_pieces, []) as url:
        response = httpx.post(url, json={"messages": MESSAGES, "model": "gpt"})
        assert httpx.get(url.replace("chat/completions", "models")).json()["data"][0]["id"] == "pico"
    assert response.status_code == 404
    assert "pico" in response.json()["error"]["message"]


def test_without_a_model_and_with_the_fake_the_chat_says_so(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        assert httpx.post(url + "/v1/chat/completions", json={"messages": MESSAGES}).status_code == 503
    with served(tmp_path, Fixed(ScriptedEngine())) as url:
        assert httpx.post(url + "/v1/chat/completions", json={"messages": MESSAGES}).status_code == 501
    with served(tmp_path, Fixed(OpenAIEngine("http://127.0.0.1:9/v1", "pico"))) as url:
        response = httpx.post(url + "/v1/chat/completions", json={"messages": MESSAGES})
    assert response.status_code == 503
    assert "Retry-After" in response.headers


def test_a_caller_who_goes_away_ends_the_chat_at_the_model(tmp_path: Path) -> None:
    ended: list[bool] = []

    async def endless(body: dict[str, Any]) -> AsyncIterator[bytes]:
        try:
            while True:
                yield chunk("word ")
                await asyncio.sleep(0.02)
        finally:
            ended.append(True)

    body = b'{"stream": true, "messages": [{"role": "user", "content": "q"}]}'
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with chatting(tmp_path, endless, []) as url:
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as caller:
            caller.sendall(head.encode() + body)
            received = b""
            while b"word" not in received:
                received += caller.recv(1000)
        deadline = time.monotonic() + 10
        while not ended and time.monotonic() < deadline:
            time.sleep(0.02)
    assert ended
