"""POST /v1/answers: one question, answered whole (JSON) or as it comes about (server-sent events).

A stream always ends with `done` or `error`: what ends otherwise was cut off on the way. A caller who goes away cancels
the work behind, down to vLLM, which is then free for the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Literal, TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from medmodel.records import Answer
from medmodel.serve.limits import MAX_QUESTION, Places
from medmodel.serve.metrics import Metrics
from medmodel.serve.problems import Problem, as_json, as_problem
from medmodel.serve.product import CANDIDATES, Product
from medmodel.sse import KEEP_ALIVE, encode

QUIET = 10.0  # seconds without an event before a keep-alive comment
CLIENT_GONE = 499  # nginx's number; nobody reads it
T = TypeVar("T")


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MAX_QUESTION, pattern=r"\S")
    language: Literal["en", "zh"] = "en"


class Retrieval(Question):
    k: int = Field(default=3, ge=1, le=CANDIDATES)  # 3: as many as an answer is written from


class Answers:
    """Answers for one application."""

    def __init__(self, product: Product, places: Places, metrics: Metrics) -> None:
        self._product = product
        self._places = places
        self._metrics = metrics

    async def ask(self, question: Question, salt: str) -> Answer:
        """The answer itself, counted like every other, without a place: a batch bounds itself. Raises Problem."""
        try:
            return await self._ask(question, salt, None)
        except Exception as error:
            raise self._counted(error) from None

    async def whole(self, question: Question, request: Request, salt: str) -> Response:
        try:
            with self._places.one():
                answer = await unless_gone(request, self._ask(question, salt, None))
        except Exception as error:
            raise self._counted(error) from None
        if answer is None:
            return Response(status_code=CLIENT_GONE)
        return Response(answer.model_dump_json(), media_type="application/json")

    def streamed(self, question: Question, request: Request, salt: str) -> Response:
        self._places.check()  # here, since a begun stream can carry no status
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter: nginx would hold events back
        return StreamingResponse(self._events(question, request, salt), media_type="text/event-stream", headers=headers)

    async def _events(self, question: Question, request: Request, salt: str) -> AsyncIterator[bytes]:
        events: asyncio.Queue[bytes] = asyncio.Queue()

        def on_event(name: str, payload: Any) -> None:
            if name not in ("done", "error"):  # ours to send, once, last
                events.put_nowait(encode(name, to_json(payload).decode()))

        async def work() -> None:
            try:
                with self._places.one():
                    answer = await self._ask(question, salt, on_event)
                events.put_nowait(encode("done", answer.model_dump_json()))
            except Exception as error:
                events.put_nowait(encode("error", as_json(self._counted(error))))

        working = asyncio.create_task(work())
        gone = asyncio.create_task(disconnected(request))
        try:
            while not gone.done():
                waiting = asyncio.create_task(events.get())
                await asyncio.wait({waiting, gone}, timeout=QUIET, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    yield KEEP_ALIVE
                    continue
                event = waiting.result()
                yield event
                if event.startswith((b"event: done\n", b"event: error\n")):
                    return
        finally:
            working.cancel()
            gone.cancel()
            await asyncio.gather(working, gone, return_exceptions=True)

    async def _ask(self, question: Question, salt: str, on_event: Any) -> Answer:
        started = time.monotonic()
        answer = await self._product.answer(question.question, question.language, on_event, salt)
        self._metrics.answered(answer, time.monotonic() - started)
        return answer

    def _counted(self, error: Exception) -> Problem:
        problem = as_problem(error)
        self._metrics.failed(problem.kind)
        return problem


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`; None, and `work` cancelled, when the caller goes away first."""
    working = asyncio.create_task(work)
    gone = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def disconnected(request: Request) -> None:
    """Return when the caller has closed the connection. To be awaited after the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def wants_events(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("Accept", "")
