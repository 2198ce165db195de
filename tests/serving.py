"""Doubles for the serving tests: an answerer over one synthetic passage, a product of it, and a fake OpenAI server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from medmodel.client import Readiness
from medmodel.models.engine import Engine
from medmodel.prompts import grounded_messages
from medmodel.rag.citations import rechecked
from medmodel.records import Answer, Citation, Claim, Passage, RedFlag, Source, Span
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Fixed, Language, OnEvent, Product
from medmodel.serve.run import running

TEXT = "When warfarin is used, target INR is 2.0–3.0."
SOURCE = Source(id="synthetic", title="A synthetic guideline", licence="CC0-1.0", tier="guideline")
PASSAGE = Passage(
    id="synthetic/1#0",
    document_id="synthetic/1",
    text=TEXT,
    start=0,
    end=len(TEXT),
    sentences=(Span(start=0, end=len(TEXT)),),
    source=SOURCE,
)
FLAG = RedFlag(id="f", title="Emergency", action="Call", urgency="emergency", matched="collapse", source="synthetic")
RELEASE = {"name": "tiny", "fingerprint": "f0", "digest": "d0", "key": "development", "gated": False, "gate": None}


class OnePassage:
    """Answers every question from PASSAGE; with an engine it lets that write, without one it quotes."""

    def __init__(self, engine: Engine | None, seen: dict[str, Any]) -> None:
        self.engine = engine
        self.seen = seen

    async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
        tell = on_event or (lambda name, payload: None)
        if "collapse" in question:
            tell("flag", FLAG)
        if "break" in question:
            raise ValueError(f"a library that quotes its input: {question}")
        if "wait" in question:
            self.seen["waiting"] = True
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.seen["cancelled"] = True
                raise
        tell("status", {"stage": "retrieving"})
        tell("evidence", {"passages": [PASSAGE]})
        text, notice = TEXT, "the model is not running"
        if self.engine is not None:
            completion = await self.engine.generate(
                grounded_messages(question, [PASSAGE], [1]), on_text=lambda piece: tell("delta", {"text": piece})
            )
            text, notice = completion.text.removeprefix("[1] "), ""
        citation = Citation(passage_id=PASSAGE.id, source=SOURCE, quote=TEXT, start=0, end=len(TEXT), number=1)
        claim = Claim(text=text, citations=(citation,), verdict="supported")
        tell("claim", claim)
        answer = Answer(
            id="a1",
            question=question,
            language=language,
            status="answered",
            origin="model" if self.engine else "extractive",
            claims=(claim,),
            passages=(PASSAGE,),
            notice=notice,
            engine=self.engine.name if self.engine else "",
        )
        tell("done", answer)
        return answer

    def recheck(self, answer: Answer) -> Answer:
        return rechecked(answer, {PASSAGE.id: PASSAGE}, lambda passage_id: "deleted on request")

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]:
        return [(PASSAGE, 0.9)]


class Switch:
    """An engine source that a test turns on and off."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.current = engine

    def engine(self) -> Engine | None:
        return self.current

    def readiness(self) -> Readiness:
        return Readiness(self.current is not None, "ready" if self.current else "starting", "35 s of about 100 s")


def product(source: Any = None, seen: dict[str, Any] | None = None) -> Product:
    kept: dict[str, Any] = {} if seen is None else seen
    return Product(lambda engine: OnePassage(engine, kept), source or Fixed(None), RELEASE)


@contextmanager
def served(folder: Path, source: Any = None, seen: dict[str, Any] | None = None) -> Iterator[str]:
    """The whole API over the doubles, on a real socket; yields its address."""
    store = FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")
    with running(create_app(product(source, seen), store, folder / "batches")) as url:
        yield url
    store.close()


CONTEXT = 40  # tokens of the fake server's model
SPACED = 1000  # added to the number of a letter that has its space
Chunks = Callable[[dict[str, Any]], AsyncIterator[bytes]]


@contextmanager
def openai_server(chunks: Chunks, bodies: list[dict[str, Any]]) -> Iterator[str]:
    """A server that streams `chunks(body)` for every chat, and keeps the bodies it got.

    A letter is a token, and so is a space with the letter after it. " Z" never gets a log-probability; a prompt of
    text is cut to CONTEXT tokens less one, as vLLM does it when it is asked to.
    """
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> StreamingResponse:
        bodies.append(await request.json())
        return StreamingResponse(chunks(bodies[-1]), media_type="text/event-stream")

    @app.post("/v1/completions")
    async def complete(request: Request) -> JSONResponse:
        bodies.append(await request.json())
        prompt = bodies[-1]["prompt"]
        tokens = _tokens(prompt) if isinstance(prompt, str) else prompt
        if wanted := bodies[-1].get("logprob_token_ids"):
            assert (bodies[-1]["truncate_prompt_tokens"], bodies[-1]["truncation_side"]) == (-1, "left")
            found = {f"token_id:{token}": -token / 1000 for token in wanted if token != SPACED + ord("Z")}
            usage = {"prompt_tokens": min(len(tokens), CONTEXT - 1)}
            return JSONResponse({"choices": [{"text": "x", "logprobs": {"top_logprobs": [found]}}], "usage": usage})
        scored = [None] + [{str(token): {"logprob": -token / 100}} for token in prompt[1:]]
        return JSONResponse({"choices": [{"text": "x", "prompt_logprobs": scored}]})

    @app.post("/tokenize")
    async def tokenize(request: Request) -> JSONResponse:
        body = await request.json()
        bodies.append(body)
        return JSONResponse({"tokens": _tokens(body["prompt"]), "max_model_len": CONTEXT})

    @app.get("/v1/models")
    async def models() -> JSONResponse:
        return JSONResponse({"data": [{"id": "pico"}]})

    with running(app) as url:
        yield url + "/v1"


def _tokens(text: str) -> list[int]:
    return [ord(piece[-1]) + SPACED * (len(piece) - 1) for piece in re.findall(r" ?.", text, re.DOTALL)]


def chunk(text: str = "", finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
