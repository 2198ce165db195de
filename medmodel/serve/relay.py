"""POST /v1/chat/completions: the bare model through OpenAI's protocol, without retrieval and without checks.

For people who bring their own pipeline. Fields are an allowlist with caps, since vLLM's own extensions include ways to
crash or read it (`n` without bound, server-side templates); the tenant's cache salt is always ours. aiohttp carries the
bytes: it adds 1 ms to the first token of 16 streams where httpx adds 24 (measured). A stream that vLLM breaks off ends
with an `error` event, never in silence.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from medmodel.models.engine import Engine
from medmodel.models.openai_engine import PATIENCE, OpenAIEngine
from medmodel.serve.answers import CLIENT_GONE, unless_gone
from medmodel.serve.problems import Problem
from medmodel.serve.product import Product

FIELDS = frozenset(
    [
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "temperature",
        "top_p",
        "stop",
        "seed",
        "stream",
        "stream_options",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
        "logprobs",
        "top_logprobs",
        "tools",
        "tool_choice",
    ]
)
CAPS = {"max_tokens": 2048, "max_completion_tokens": 2048, "n": 4, "top_logprobs": 20}
DEFAULT_MAX_TOKENS = 512  # vLLM's own default is all that fits the context


class Relay:
    """Passes chats on to the engine's server. `aclose` when the application ends."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._session: aiohttp.ClientSession | None = None

    async def chat(self, body: Any, request: Request, salt: str) -> Response:
        engine = _served(self._product.engine)
        checked = check(body, engine.model)
        sent = {**checked, "model": engine.model, "cache_salt": salt}
        upstream = await unless_gone(request, self._post(engine, sent))
        if upstream is None:
            return Response(status_code=CLIENT_GONE)
        if checked.get("stream") and upstream.status == 200:
            return StreamingResponse(_pass_on(upstream), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        try:
            content = await unless_gone(request, upstream.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(502, "engine_unavailable", f"the model's server broke off ({type(error).__name__})") from None
        finally:
            upstream.close()
        if upstream.status in (401, 403):  # our key, not the caller's
            raise Problem(502, "engine_unavailable", "the model's server refused our key")
        if content is None:
            return Response(status_code=CLIENT_GONE)
        return Response(content, upstream.status, media_type="application/json")

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, engine: OpenAIEngine, body: dict[str, Any]) -> aiohttp.ClientResponse:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=PATIENCE)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        headers = {"Authorization": f"Bearer {engine.api_key}"} if engine.api_key else {}
        try:
            return await self._session.post(engine.base_url + "/chat/completions", json=body, headers=headers)
        except TimeoutError:
            raise Problem(504, "engine_timeout", f"the model's server has sent nothing for {PATIENCE:.0f} s") from None
        except aiohttp.ClientError as error:
            raise Problem(503, "engine_unavailable", f"the model's server does not answer ({type(error).__name__})") from None


def check(body: Any, model: str) -> dict[str, Any]:
    """The body, if every field may be passed on and none is over its cap. Nothing is dropped or cut in silence."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise Problem(422, "invalid_request", "the body needs a list 'messages'")
    unknown = sorted(set(body) - FIELDS)
    if unknown:
        names = ", ".join(name[:40] for name in unknown[:3])
        raise Problem(422, "invalid_request", f"not passed on: {names}; allowed: {', '.join(sorted(FIELDS))}")
    for name, cap in CAPS.items():
        value = body.get(name)
        if value is not None and (type(value) is not int or not 0 < value <= cap):
            raise Problem(422, "invalid_request", f"'{name}' must be a whole number from 1 to {cap}")
    if body.get("model") not in (None, model):
        raise Problem(404, "not_found", f"there is no such model here; GET /v1/models names '{model}'")
    if body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
        return {**body, "max_tokens": DEFAULT_MAX_TOKENS}
    return body


def _served(engine: Engine | None) -> OpenAIEngine:
    if engine is None:
        raise Problem(503, "engine_unavailable", "the model is not running; GET /readyz says why")
    if not isinstance(engine, OpenAIEngine):
        raise Problem(501, "not_implemented", "the scripted engine, a fake, does not chat; run with --engine vllm")
    return engine


async def _pass_on(upstream: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """vLLM's bytes as they come. Closing the response, which a caller's going away does, aborts the request there."""
    tail = b""
    try:
        async for chunk in upstream.content.iter_any():
            tail = (tail + chunk)[-32:]
            yield chunk
        reason = "" if b"[DONE]" in tail else "ended early"
    except (TimeoutError, aiohttp.ClientError) as error:
        reason = f"broke off ({type(error).__name__})"
    finally:
        upstream.close()
    if reason:
        problem = {"error": {"type": "engine_unavailable", "message": f"the model's server {reason}", "code": 502}}
        yield b"\n\ndata: " + json.dumps(problem).encode() + b"\n\n"
