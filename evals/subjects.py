"""Start what is examined, and stop it: a product behind its own HTTP API, a bare model, or a server that already runs.

Product suites ask through `Client` over a real socket, the one front door, so what is gated is what is served.
Likelihoods are not an answer of the product; they are read from the same vLLM, through the product's engine.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evals.suite import Subject
from medmodel.client import Client
from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Engine, Likelihood, NextToken
from medmodel.records import Message
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Product, open_product
from medmodel.serve.run import running

T = TypeVar("T")
FOR_BENCHMARKS = (
    *("--max-model-len", "auto"),  # PubMedQA's five worked examples have 2,100 tokens, over the product's context
    *("--block-size", "32"),  # the CPU's own 128 reads about 64 cached tokens an item anew: 2.1 against 2.8 five-shot items/s
)
_routing = (
    threading.Lock()
)  # FastAPI silences a warning of pydantic's while it adds a route, which two threads undo for each other
Waiting = Callable[[str], None]  # told every second or so what is being waited for


class RunningProduct:
    """A product that is being served. Its model may still be starting: `wait` for it."""

    def __init__(self, client: Client, product: Product, stack: ExitStack) -> None:
        self._client = client
        self._product = product
        self._stack = stack

    def wait(self, on_wait: Waiting = lambda what: None) -> Subject:
        """Return when its model writes answers. Raises EngineError when it never will."""
        while not (state := self._client.ready()):
            if state.engine not in ("starting", "restarting"):
                raise EngineError(f"the product's model does not start: {state.detail or state.engine}")
            on_wait(state.detail)
            time.sleep(1.0)
        engine = self._product.engine
        if engine is None:
            raise EngineError("the product runs without a model, so there is nothing to measure")
        return replace(self._stack.enter_context(synchronous(engine)), ask=self._client.ask)

    def without_model(self) -> Subject:
        return Subject(self._client.ask)


@contextmanager
def running_product(model: Path | None, index: Path, engine: str, repair: bool = True) -> Iterator[RunningProduct]:
    """The product of this model over this index, on loopback; what is left as feedback is thrown away."""
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="gate-"))
        store = stack.enter_context(closing(FeedbackStore(f"sqlite:///{scratch}/feedback.sqlite")))
        product = stack.enter_context(open_product(model=model, index=index, engine=engine, repair=repair))
        with _routing:
            app = create_app(product, store)
        client = stack.enter_context(Client(stack.enter_context(running(app))))
        yield RunningProduct(client, product, stack)


@contextmanager
def running_model(
    model: Path, on_wait: Waiting = lambda what: None, options: Sequence[str] = FOR_BENCHMARKS
) -> Iterator[Subject]:
    """A bare model under vLLM, for closed-book benchmarks: as much context as it has and the cache holds."""
    from medmodel.models.vllm_server import VllmServer

    with VllmServer(model, options=options) as server:
        server.wait_ready(lambda waited, expected, what: on_wait(f"{what}: {waited:.0f} s of about {expected:.0f} s"))
        with synchronous(server.engine()) as subject:
            yield subject


@contextmanager
def served_at(url: str) -> Iterator[Subject]:
    """A product that somebody else runs."""
    with Client(url) as client:
        yield Subject(client.ask)


@contextmanager
def synchronous(engine: Engine) -> Iterator[Subject]:
    """What the engine can do, callable from many threads at once."""
    with calling() as wait_for:

        def loglikelihood(prompt: str, continuation: str) -> Likelihood:
            return wait_for(engine.loglikelihood(prompt, continuation))

        def next_token(prompt: str, continuations: Sequence[str]) -> NextToken:
            return wait_for(engine.next_token(prompt, continuations))

        def generate(messages: Sequence[Message], most: int) -> Completion:
            return wait_for(engine.generate(messages, max_tokens=most, temperature=0.0))

        try:
            yield Subject(loglikelihood=loglikelihood, next_token=next_token, generate=generate)
        finally:
            wait_for(engine.aclose())


@contextmanager
def calling() -> Iterator[Call]:
    """Waits for coroutines from any thread: they share one event loop, as engines want it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="engine calls", daemon=True)
    thread.start()
    try:
        yield lambda call: asyncio.run_coroutine_threadsafe(call, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Call(Protocol):
    def __call__(self, call: Coroutine[Any, Any, T], /) -> T: ...
