"""An engine over HTTP: vLLM, or any server that speaks OpenAI's protocol.

Every generation is streamed, since the stream is also the watchdog: vLLM's `/health` says 200 while its engine hangs,
so what counts is tokens. A call ends with EngineTimeout when no call of this engine has got a token for 120 s.
The grammar (`structured_outputs`) and the likelihoods (`prompt_logprobs`, `logprob_token_ids`, `/tokenize`) are vLLM's own
extensions; another server may ignore the first, which the product's support check catches, and has no others.

    engine = OpenAIEngine("http://127.0.0.1:8000/v1", "merged", api_key)
    completion = await engine.generate(messages, regex=grammar)
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import httpx

from medmodel.errors import EngineError, EngineTimeout
from medmodel.models.engine import Completion, Likelihood, NextToken
from medmodel.records import Message
from medmodel.sse import Decoder

PATIENCE = 120.0  # seconds without a token anywhere; two cores with 32 waiting prompts need up to 20 for the next one
PROBE = 30.0  # seconds for one token
BORDER = 16  # characters before a continuation that may share a token with it: the last word of a prompt, cut at this


@dataclass
class _Local:
    """What belongs to one event loop: a connection pool, and the time limits of the calls under way."""

    http: httpx.AsyncClient
    running: set[asyncio.Timeout] = field(default_factory=set)


class OpenAIEngine:
    """Implements `Engine`. May be used from several event loops at once (the API's, a gate's).

    `stalled` is True from a call's EngineTimeout until the next token: the sign of a hung engine.
    """

    fake = False
    stalled = False

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        name: str | None = None,
        bos_token_id: int | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`base_url` ends in /v1. `bos_token_id` is what `loglikelihood` starts from when its prompt is empty."""
        self.base_url = base_url.rstrip("/")
        self.model = model
        self.api_key = api_key
        self.name = name or f"{model} at {httpx.URL(base_url).host}"
        self._bos = bos_token_id
        self._patience = patience
        self._locals: WeakKeyDictionary[asyncio.AbstractEventLoop, _Local] = WeakKeyDictionary()
        self._context = 0  # tokens; known once something has been tokenised
        self._next_ids: dict[tuple[str, str], int] = {}  # (end of the prompt, continuation) -> its one token

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        regex: str | None = None,
        max_tokens: int = 256,
        temperature: float = 0.0,
        on_text: Callable[[str], None] | None = None,
        cache_salt: str | None = None,
    ) -> Completion:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [message.model_dump() for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if regex is not None:
            body["structured_outputs"] = {"regex": regex}
        if cache_salt is not None:
            body["cache_salt"] = cache_salt
        text, finish_reason, usage = "", "", {"prompt_tokens": 0, "completion_tokens": 0}
        async with self._watched() as tick:
            async for chunk in self._stream("/chat/completions", body):
                tick()
                usage = chunk.get("usage") or usage
                for choice in chunk.get("choices", ()):
                    piece = choice["delta"].get("content") or ""
                    text += piece
                    finish_reason = choice.get("finish_reason") or finish_reason
                    if piece and on_text is not None:
                        on_text(piece)
        if finish_reason not in ("stop", "length"):
            raise EngineError(f"{self.name} ended an answer with '{finish_reason}'")
        return Completion(
            text=text, finish_reason=finish_reason, prompt_tokens=usage["prompt_tokens"], tokens=usage["completion_tokens"]
        )

    async def loglikelihood(self, prompt: str, continuation: str) -> Likelihood:
        """Prompt and continuation are tokenised apart, so that no token straddles the border: the sum is exact."""
        before = await self._tokenize(prompt, special=True) or self._beginning()
        after = await self._tokenize(continuation, special=False)
        if not after:
            return Likelihood(logprob=0.0, tokens=0)
        body = {"model": self.model, "prompt": before + after, "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0}
        reply = await self._post(self.base_url + "/completions", body)
        scored = reply["choices"][0]["prompt_logprobs"][-len(after) :]
        total = sum(float(entry[str(token)]["logprob"]) for token, entry in zip(after, scored, strict=True))
        return Likelihood(logprob=total, tokens=len(after))

    async def next_token(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        """Tokenised as lm-eval's `hf` does: prompt and continuation as one string, spaces at the border to the continuation.

        The prompt goes as text, so that one request does it all and the prefix cache is used; the ids of continuations are
        asked for once. One that does not fit is cut from the left by the server; how much, a second request finds out.
        """
        kept = prompt.rstrip()
        ids = [await self._next_id(kept, prompt[len(kept) :] + continuation) for continuation in continuations]
        if len(set(ids)) != len(ids):
            raise EngineError(f"{self.name}: two of the continuations {list(continuations)} are the same token")
        body = {
            "model": self.model,
            "prompt": kept,
            "max_tokens": 1,
            "temperature": 0.0,
            "logprobs": len(ids),  # vLLM takes the ids alone, and wants this set; another server sends its best ones
            "logprob_token_ids": ids,
            "return_tokens_as_token_ids": True,
            "truncate_prompt_tokens": -1,  # to all of the context but one token, which the answer takes
            "truncation_side": "left",
        }
        reply = await self._post(self.base_url + "/completions", body)
        read = reply["usage"]["prompt_tokens"]
        cut = len(await self._tokenize(kept, special=True)) - read if read >= self._context - 1 else 0
        found = ((reply["choices"][0].get("logprobs") or {}).get("top_logprobs") or [None])[0] or {}
        for token, continuation in zip(ids, continuations, strict=True):
            if f"token_id:{token}" not in found:
                raise EngineError(f"{self.name} gave no log-probability for '{continuation}'")
        return NextToken(logprobs=tuple(float(found[f"token_id:{token}"]) for token in ids), cut=cut)

    async def ready(self) -> bool:
        body = {"model": self.model, "prompt": "a", "max_tokens": 1}
        try:
            async with asyncio.timeout(PROBE):
                await self._post(self.base_url + "/completions", body)
        except (EngineError, TimeoutError):
            return False
        return True

    async def aclose(self) -> None:
        local = self._locals.pop(asyncio.get_running_loop(), None)
        if local is not None:
            await local.http.aclose()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[Callable[[], None]]:
        """Bounds the time without progress; a token of any call is progress for all, so a long queue is no hang."""
        loop = asyncio.get_running_loop()
        running = self._local().running

        def tick() -> None:
            self.stalled = False
            for timeout in running:
                if not timeout.expired():
                    timeout.reschedule(loop.time() + self._patience)

        try:
            async with asyncio.timeout(self._patience) as limit:
                running.add(limit)
                try:
                    yield tick
                finally:
                    running.discard(limit)
        except TimeoutError:
            self.stalled = True
            raise EngineTimeout(f"{self.name} has produced no token for {self._patience:.0f} s") from None

    async def _stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        decoder = Decoder()
        try:
            async with self._local().http.stream("POST", self.base_url + path, json=body) as response:
                if response.status_code != 200:
                    raise self._refusal(response.status_code, (await response.aread()).decode("utf-8", "replace"))
                async for piece in response.aiter_bytes():
                    for event in decoder.feed(piece):
                        if event.data == "[DONE]":
                            return
                        chunk = _parsed(event.data)
                        if chunk is None:
                            raise EngineError(f"{self.name} sent what is not a JSON object")
                        if "error" in chunk:
                            raise self._refusal(int(chunk["error"].get("code") or 500), event.data)
                        yield chunk
        except httpx.TransportError as error:
            raise EngineError(f"{self.name} broke off ({type(error).__name__})") from None
        raise EngineError(f"{self.name} ended a stream before its end")

    async def _tokenize(self, text: str, special: bool) -> list[int]:
        if not text:
            return []
        root = self.base_url.removesuffix("/v1")
        reply = await self._post(root + "/tokenize", {"model": self.model, "prompt": text, "add_special_tokens": special})
        self._context = reply["max_model_len"]
        return [int(token) for token in reply["tokens"]]

    async def _next_id(self, prompt: str, continuation: str) -> int:
        """The one token of a continuation after this prompt; the border is tokenised as one string."""
        end = (prompt[-BORDER:].split() or [""])[-1]
        if (end, continuation) not in self._next_ids:
            before = await self._tokenize(end, special=False)
            both = await self._tokenize(end + continuation, special=False)
            if both[: len(before)] != before or len(both) != len(before) + 1:
                raise EngineError(
                    f"{self.name}: '{continuation}' is not one token after '{end}', so it has no next-token score"
                )
            self._next_ids[end, continuation] = both[-1]
        return self._next_ids[end, continuation]

    def _beginning(self) -> list[int]:
        if self._bos is None:
            raise EngineError(f"{self.name}: a likelihood without a prompt needs the id of the beginning-of-text token")
        return [self._bos]

    async def _post(self, url: str, body: dict[str, Any]) -> Any:
        async with self._watched() as tick:
            try:
                response = await self._local().http.post(url, json=body)
            except httpx.TransportError as error:
                raise EngineError(f"{self.name} does not answer ({type(error).__name__})") from None
            tick()
        if response.status_code != 200:
            raise self._refusal(response.status_code, response.text)
        reply = _parsed(response.text)
        if reply is None:
            raise EngineError(f"{self.name} sent what is not a JSON object")
        return reply

    def _refusal(self, status: int, body: str) -> EngineError:
        # A server's message may quote the prompt; only the sentence about length is known not to.
        known = re.search(r"maximum context length (?:is|of) \d+ tokens", body)
        return EngineError(f"{self.name} refused with status {status}{f': {known[0]}' if known else ''}")

    def _local(self) -> _Local:
        loop = asyncio.get_running_loop()
        if loop not in self._locals:
            headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
            # No idle connections: nobody could close those of an event loop that has ended.
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            timeout = httpx.Timeout(None, connect=10.0)  # `_watched` knows better when to give up
            self._locals[loop] = _Local(httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits, trust_env=False))
        return self._locals[loop]


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def discover_model(base_url: str, api_key: str | None = None) -> str:
    """The first model a server offers. Raises EngineError when nothing answers there."""
    try:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        response = httpx.get(base_url.rstrip("/") + "/models", headers=headers, timeout=10.0, trust_env=False)
        return str(response.raise_for_status().json()["data"][0]["id"])
    except (httpx.HTTPError, ValueError, KeyError, IndexError):
        raise EngineError(f"no OpenAI-compatible server answers at {base_url}; its address ends in /v1") from None
