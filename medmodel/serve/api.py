"""The HTTP API over a product: what the SDK, the app, the batch runner and the gate ask.

    POST /v1/answers            JSON, or server-sent events with `Accept: text/event-stream`
    POST /v1/answers/recheck    an answer given before: quotes that the references no longer hold are marked
    POST /v1/retrieve           the passages that an answer would rest on
    POST /v1/tools/NAME         a calculator or a table (tool_routes.py has the rest)
    PUT  /v1/batches/ID         cases for the server to ask by itself (batch_routes.py has the rest)
    POST /v1/chat/completions   the bare model, OpenAI's protocol (see relay.py)
    GET  /v1/models             POST and GET /v1/feedback            GET /v1/release
    GET  /healthz  /readyz  /metrics  /openapi.json

Everything under /v1 asks for a key when `$MEDMODEL_API_KEY` is set. Question texts are never logged.
Run it with `medmodel serve --release R`, or `python -m app --release R`, which mounts the page on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic_core import to_json

from medmodel import __version__
from medmodel.errors import InputError
from medmodel.recipe import home_dir
from medmodel.records import Answer, Feedback
from medmodel.serve import problems
from medmodel.serve.answers import Answers, Question, Retrieval, wants_events
from medmodel.serve.auth import Keys
from medmodel.serve.batch_routes import batch_routes
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.jobs import Jobs
from medmodel.serve.limits import BodyLimit, Places
from medmodel.serve.metrics import Metrics
from medmodel.serve.problems import Problem
from medmodel.serve.product import Product
from medmodel.serve.relay import Relay
from medmodel.serve.tool_routes import tool_routes


def create_app(product: Product, feedback_store: FeedbackStore, batches: Path | None = None) -> FastAPI:
    """The application. Something else may be mounted on it at `/`. `batches` keeps them: $MEDMODEL_HOME/batches."""
    places, metrics, keys = Places(), Metrics(), Keys()
    answers, relay = Answers(product, places, metrics), Relay(product)
    jobs = Jobs(batches or home_dir() / "batches", product, answers, keys)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        jobs.resume()
        yield
        await jobs.aclose()
        await relay.aclose()
        engine = product.engine
        if engine is not None:
            await engine.aclose()

    app = FastAPI(title="medmodel", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    problems.install(app)
    app.add_middleware(BodyLimit)
    app.include_router(_v1(product, feedback_store, answers, relay, metrics, keys))
    app.include_router(batch_routes(jobs, keys))
    app.include_router(tool_routes(keys))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process runs. Whether the model does, /readyz says."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        state = product.readiness()
        body = {"ready": state.ready, "engine": state.engine, "detail": state.detail}
        return JSONResponse(body, 200 if state else 503)

    @app.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics.render(places.taken, bool(product.readiness())), media_type="text/plain; version=0.0.4")

    return app


def _v1(product: Product, store: FeedbackStore, answers: Answers, relay: Relay, metrics: Metrics, keys: Keys) -> APIRouter:
    v1 = APIRouter(prefix="/v1", dependencies=[Depends(keys)])

    @v1.post("/answers")
    async def answer(question: Question, request: Request, salt: str = Depends(keys)) -> Response:
        if wants_events(request):
            return answers.streamed(question, request, salt)
        return await answers.whole(question, request, salt)

    @v1.post("/answers/recheck")
    async def recheck(answer: Answer) -> Response:
        return Response(product.recheck(answer).model_dump_json(), media_type="application/json")

    @v1.post("/retrieve")
    async def retrieve(asked: Retrieval) -> Response:
        found = await product.retrieve(asked.question)
        passages = [{"passage": passage, "cosine": cosine} for passage, cosine in found[: asked.k]]
        return Response(to_json({"passages": passages}), media_type="application/json")

    @v1.post("/chat/completions")
    async def chat(request: Request, body: Any = Body(), salt: str = Depends(keys)) -> Response:
        metrics.chatted()
        return await relay.chat(body, request, salt)

    @v1.get("/models")
    async def models() -> dict[str, Any]:
        name = getattr(product.engine, "model", None)
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": product.release["name"]}] if name else []
        return {"object": "list", "data": listed}

    @v1.post("/feedback", status_code=201)
    def rate(feedback: Feedback) -> Response:
        try:
            stored = store.add(feedback)
        except InputError as error:
            raise Problem(409, "conflict", str(error)) from None
        metrics.rated(stored.rating)
        return Response(stored.model_dump_json(), 201, media_type="application/json")

    @v1.get("/feedback")
    def feedbacks() -> StreamingResponse:
        """All of it, one JSON record a line."""
        return StreamingResponse(_lines(store), media_type="application/x-ndjson")

    @v1.get("/release")
    async def release() -> dict[str, Any]:
        return product.release

    return v1


def _lines(store: FeedbackStore) -> Iterator[str]:
    for feedback in store.all():
        yield feedback.model_dump_json() + "\n"
