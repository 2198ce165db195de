"""How much the API takes at once: bytes in a body, answers under way. Beyond that it says no at once.

A queue that grows without bound turns overload into time-outs for everyone; 503 with Retry-After, which the SDK
obeys, keeps the answers that are under way fast. Rates per tenant are a gateway's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medmodel.serve.problems import Problem, respond

MAX_BODY = 1_048_576  # bytes; a feedback with its answer's snapshot has about 20 kB
MAX_CASES = 67_108_864  # bytes of a batch: ten thousand cases of 6 kB
MAX_QUESTION = 8_000  # characters: four times the longest case in MedQA
MAX_RUNNING = 64  # answers; two cores are busy with 8, a GPU with some hundreds (raise it there)


class Places:
    """Counts answers under way."""

    def __init__(self, limit: int = MAX_RUNNING) -> None:
        self.limit = limit
        self.taken = 0

    def check(self) -> None:
        """Refuse when none is free."""
        if self.taken >= self.limit:
            raise Problem(503, "overloaded", f"{self.limit} answers are under way; try again in a moment")

    @contextmanager
    def one(self) -> Iterator[None]:
        self.check()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class BodyLimit:
    """Refuses a body over MAX_BODY under /v1 (a batch: MAX_CASES), by its declared length or while it comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        limit = MAX_CASES if scope["path"].startswith("/v1/batches/") else MAX_BODY
        too_large = f"the body is larger than {limit} bytes"
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await respond(Problem(413, "too_large", too_large))(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, too_large)  # the one kind that FastAPI lets through while it reads a body
            return message

        await self._app(scope, counted, send)
