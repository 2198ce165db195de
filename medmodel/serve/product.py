"""The product: a verified release (or a model and an index) made ready to answer. The API, the gate and the app open this one.

It answers from the first second: until the model has produced a token, and whenever it is gone, answers are quotes
with a notice. vLLM is started first and in the background, while the index loads.

    with open_product(release=Path("R"), trust=[fingerprint]) as product:
        answer = await product.answer("…", on_event=print)
"""

from __future__ import annotations

import asyncio
import os
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from medmodel import tools
from medmodel.client import Readiness
from medmodel.errors import InputError
from medmodel.models.engine import Completion, Engine, Likelihood, NextToken
from medmodel.models.languages import writes_chinese
from medmodel.records import Answer, Message, Passage

Language = Literal["en", "zh"]
OnEvent = Callable[[str, Any], None]
CANDIDATES = 20  # passages retrieved before the answerer chooses up to three
ENGINE_KEY = "MEDMODEL_ENGINE_KEY"  # environment variable: the API key of an engine given by URL


class Answering(Protocol):
    """What the product asks: `rag.answer.Answerer`, or a test's double."""

    async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer: ...

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]: ...

    def recheck(self, answer: Answer) -> Answer: ...


class EngineSource(Protocol):
    """Where the engine comes from at any moment."""

    def engine(self) -> Engine | None: ...

    def readiness(self) -> Readiness: ...


class Product:
    """Answers questions. `release` says what answers: name, fingerprint, digest, key, gated, gate."""

    def __init__(self, answering: Callable[[Engine | None], Answering], source: EngineSource, release: dict[str, Any]) -> None:
        self._answering = answering
        self._source = source
        self.release = release

    @property
    def engine(self) -> Engine | None:
        """The engine, or None while the model is not running."""
        return self._source.engine()

    @property
    def answerer(self) -> Answering:
        return self._answering(self.engine)

    def readiness(self) -> Readiness:
        return self._source.readiness()

    @property
    def named(self) -> str:
        """What answers, as every answer says it: name and digest."""
        return f"{self.release['name']} {self.release.get('digest', '')[:12]}".strip()

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]:
        """(passage, cosine) best first, at most CANDIDATES: what an answer would rest on, without one."""
        return await self.answerer.retrieve(question)

    def recheck(self, answer: Answer) -> Answer:
        """An answer given before, against the references as they are now: what is gone or retracted is marked."""
        return self.answerer.recheck(answer)

    async def answer(
        self,
        question: str,
        language: Language = "en",
        on_event: OnEvent | None = None,
        cache_salt: str | None = None,
    ) -> Answer:
        engine = self.engine
        if engine is not None and cache_salt is not None:
            engine = Salted(engine, cache_salt)
        answer = await self._answering(engine).answer(question, language, on_event)
        return answer if answer.status == "refused" else await asyncio.to_thread(_with_tools, answer)


def _with_tools(answer: Answer) -> Answer:
    """The tools that the user's own question names, beside the evidence: no passage and no model decides which."""
    offers = tools.find(answer.question)
    return answer.model_copy(update={"tools": offers}) if offers else answer


class Fixed:
    """An engine that is simply there (scripted, or at a URL), or meant to be absent."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def engine(self) -> Engine | None:
        return self._engine

    def readiness(self) -> Readiness:
        if self._engine is None:
            return Readiness(True, "none", "runs without a model: answers are quotes")
        return Readiness(True, "ready", self._engine.name)


class Salted:
    """An engine as one tenant sees it: every prompt carries the tenant's cache salt."""

    def __init__(self, engine: Engine, cache_salt: str) -> None:
        self.name = engine.name
        self.fake = engine.fake
        self._engine = engine
        self._salt = cache_salt

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
        return await self._engine.generate(
            messages,
            regex=regex,
            max_tokens=max_tokens,
            temperature=temperature,
            on_text=on_text,
            cache_salt=cache_salt or self._salt,
        )

    async def loglikelihood(self, prompt: str, continuation: str) -> Likelihood:
        return await self._engine.loglikelihood(prompt, continuation)

    async def next_token(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        return await self._engine.next_token(prompt, continuations)

    async def ready(self) -> bool:
        return await self._engine.ready()

    async def aclose(self) -> None:
        await self._engine.aclose()


@contextmanager
def open_product(
    *,
    release: Path | None = None,
    model: Path | None = None,
    index: Path | None = None,
    engine: str = "vllm",
    trust: Sequence[str] = (),
    repair: bool = True,
    unsupported: Literal["drop", "mark"] = "drop",
) -> Iterator[Product]:
    """Open a release, verified before anything in it is loaded, or a bare model and index, which say that they are none.

    `engine`: "vllm", "scripted" (a fake), "none" (quotes only), or the URL of an OpenAI-compatible server. `repair`: ask
    again when a first try does not hold up. `unsupported`: what becomes of a sentence of the model's that its source does
    not support, beside others that it does: left out, or shown and marked. Raises ReleaseRefused, InputError, EngineError (nothing at the URL).
    """
    if release is not None:
        about = _verify(release, trust)
        model, index = release / "model", release / "index"
    else:
        about = {"name": "no release", "fingerprint": "", "digest": "", "key": "none", "gated": False, "gate": None}
    if index is None:
        raise InputError("there is nothing to answer from: give a release, or an index")
    with ExitStack() as stack:
        source = _source(engine, model, stack)
        speaks = model is None or engine != "vllm" or writes_chinese(model)
        yield Product(_answering(index, about, repair, unsupported, speaks), source, about)


def _verify(release: Path, trust: Sequence[str]) -> dict[str, Any]:
    from medmodel.release import verify_release

    info = verify_release(release, trust)
    report = info.report.model_dump(mode="json") if info.report else None
    return {**info.model_dump(mode="json", exclude={"report"}), "gate": report}


def _source(engine: str, model: Path | None, stack: ExitStack) -> EngineSource:
    if engine == "none":
        return Fixed(None)
    if engine == "scripted":
        from medmodel.models.scripted import ScriptedEngine

        return Fixed(ScriptedEngine())
    if engine.startswith(("http://", "https://")):
        from medmodel.models.openai_engine import OpenAIEngine, discover_model

        key = os.environ.get(ENGINE_KEY)
        return Fixed(OpenAIEngine(engine, discover_model(engine, key), key))
    if engine != "vllm":
        raise InputError(f"there is no engine '{engine}': give vllm, scripted, none, or a URL that ends in /v1")
    if model is None:
        raise InputError("vllm needs a model: give a release or a model folder, or choose --engine none")
    from medmodel.models.vllm_server import VllmServer, check_model
    from medmodel.serve.supervisor import Supervisor

    check_model(model)
    folder = model  # a name of its own: the lambda runs again at every restart
    return stack.enter_context(Supervisor(lambda: VllmServer(folder)))


def _answering(
    index_folder: Path, about: dict[str, Any], repair: bool, unsupported: Literal["drop", "mark"], writes_chinese: bool
) -> Callable[[Engine | None], Answering]:
    os.environ.setdefault("LANGSMITH_TRACING", "false")  # langchain-core would send questions away
    from medmodel import safety
    from medmodel.rag import complaints, refs
    from medmodel.rag.abstention import rarity
    from medmodel.rag.answer import Answerer
    from medmodel.rag.index import Index
    from medmodel.rag.profiles import ANSWERS, open_retriever
    from medmodel.rag.retrievers.together import Together

    safety.country_of()  # a setting that names no known country fails now, not at the first emergency
    safety.red_flags("warm-up")  # reads the rules now, not with the first question
    safety.refusal("warm-up")
    index = Index.open(index_folder)
    index.search_dense("warm-up", 1)  # loads the embedder now, not with the first question
    tools.find("warm-up")  # and the calculators
    complaints.clues("warm-up", lambda text: ())  # and how complaints are told
    own = refs.load_index()
    retriever = Together(index=index, own=own, k=CANDIDATES) if own else open_retriever(index, CANDIDATES, ANSWERS)
    release = f"{about['name']} {about['digest'][:12]}".strip()
    held = ChainMap(index.passages, own.passages) if own else index.passages  # type: ignore[arg-type]  # read, never written

    rare = rarity(index, own) if own else rarity(index)

    def withdrawn(passage_id: str) -> str | None:
        gone = index.withdrawn(passage_id) or (own.withdrawn(passage_id) if own else None)
        return gone.reason if gone else None

    def answering(engine: Engine | None) -> Answering:
        answerer: Answering = Answerer(
            retriever, engine, release, repair, unsupported, writes_chinese, held=held, withdrawn=withdrawn, rare=rare
        )
        return answerer

    return answering
