"""Every refusal of the API as one JSON shape: {"error": {"type": …, "message": …}} with the fitting status.

OpenAI's clients read the same shape. A message names fields and limits, never what was in them; an error that nobody
foresaw is logged as its type and place alone, since exception texts (pydantic's above all) quote their input.
"""

from __future__ import annotations

import errno
import json
import logging
import traceback

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medmodel.errors import EngineError, EngineTimeout, InputError, MedmodelError

log = logging.getLogger("medmodel.serve")
RETRY_AFTER = "5"  # seconds: vLLM's next attempt, or a free place
_HTTP_TYPES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


class Problem(Exception):
    """A refusal with its HTTP status."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


def as_problem(error: Exception) -> Problem:
    """What the caller is told of any error. Logs the unforeseen."""
    match error:
        case Problem():
            return error
        case EngineTimeout():
            return Problem(504, "engine_timeout", str(error))
        case EngineError():  # its text may have many lines of vLLM's log: those are for the operator
            return Problem(503, "engine_unavailable", str(error).split(";")[0])
        case InputError():
            return Problem(409, "conflict", str(error))
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return Problem(
                507, "disk_full", "the server's disk is full; what was answered is kept: make room, then send it again"
            )
        case MedmodelError():
            return Problem(500, "internal", str(error))
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("unforeseen %s at %s:%s", type(error).__name__, place.filename, place.lineno)
    return Problem(500, "internal", f"an internal error ({type(error).__name__}); the server's log names its place")


def respond(problem: Problem) -> JSONResponse:
    headers = {"Retry-After": RETRY_AFTER} if problem.status in (429, 503) else {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": {"type": problem.kind, "message": problem.message}}, problem.status, headers)


def install(app: FastAPI) -> None:
    """Answer every error of this application in the one shape."""

    async def known(_: Request, error: Exception) -> JSONResponse:
        return respond(as_problem(error))

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return respond(Problem(422, "invalid_request", describe(error)))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return respond(Problem(error.status_code, _HTTP_TYPES.get(error.status_code, "http"), str(error.detail)))

    app.add_exception_handler(Problem, known)
    app.add_exception_handler(MedmodelError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_middleware(CatchAll)


def describe(error: RequestValidationError) -> str:
    """Fields and what is wrong with them, without their content."""
    faults = [(".".join(str(part) for part in fault["loc"] if part != "body"), fault["msg"]) for fault in error.errors()]
    return "; ".join(f"'{where}': {what}" if where else what for where, what in faults[:3])


class CatchAll:
    """The last catcher. Without it uvicorn logs the traceback with the exception's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
                raise  # of an application mounted beside ours
            problem = as_problem(error)
            if not begun:
                await respond(problem)(scope, receive, send)


def as_json(problem: Problem) -> str:
    """The payload of an `error` event."""
    return json.dumps({"message": problem.message, "status": problem.status, "type": problem.kind})
