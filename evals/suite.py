"""What a suite is: items, and how one of them is scored for one model. The runner, the gate and the rules know no more.

    @register("suite", "grounding")
    class Grounding(Suite[Case]):
        needs = "product"
        def items(self, material): ...
        def score(self, case, subject): ...   # -> Scored

A `Scored` holds every number of one item for one model; a metric is the weighted mean of one of them over the items.
An item whose call failed has `error` set and no values: it is counted apart and never becomes a score.
Every suite also says what a flawless model would reply (`perfect`), brings a few made-up items (`specimen`) and what each
fake of `evals.honesty` must score on them (`truth`): a scorer that flatters nobody is part of the suite.
Suites import this module; it knows none of them (`registry.get("suite", name)` does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar

from pydantic import Field

from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Likelihood, NextToken
from medmodel.records import Answer, Case, ChoiceItem, Document, Example, Message, Passage, Record

if TYPE_CHECKING:
    from evals.judges import Judge

Needs = Literal["product", "rules", "model", "data"]
Expected = float | tuple[float, float] | None  # the value, or the bounds it lies within; None: no item has the metric


class Scored(Record):
    """One item of one suite, scored for one model."""

    id: str
    cluster: str  # what related items share; an item that stands alone is its own cluster
    values: dict[str, float] = Field(default_factory=dict)  # a metric that does not apply to the item is left out
    weight: float = 1.0
    shown: dict[str, str] = Field(default_factory=dict)  # for the report: reference text only, never a patient's
    answer: Answer | None = None
    error: str = ""  # why the call failed
    of: str = ""  # digest of the item, and of what was examined: a row of another is not taken for this one's


class Part(NamedTuple):
    """One suite for one model: "candidate", "base" or "release"."""

    role: str
    suite: str


class Identified(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=Identified)


@dataclass(frozen=True)
class Subject:
    """What is examined. `ask` is `Client.ask` of a running product; the rest is its engine's, made synchronous."""

    ask: Callable[[str, str], Answer] | None = None  # (question, language)
    loglikelihood: Callable[[str, str], Likelihood] | None = None  # (prompt, continuation)
    next_token: Callable[[str, Sequence[str]], NextToken] | None = None  # (prompt, continuations of one token each)
    generate: Callable[[Sequence[Message], int], Completion] | None = None  # (messages, most tokens)

    def answer(self, question: str, language: str = "en") -> Answer:
        if self.ask is None:
            raise EngineError("this suite asks a running product: start one, or give --url")
        return self.ask(question, language)

    def likelihood(self, prompt: str, continuation: str) -> Likelihood:
        if self.loglikelihood is None:
            raise EngineError("this suite reads likelihoods: give it a model with --model")
        return self.loglikelihood(prompt, continuation)

    def next(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        """Log-probability (nats) of each continuation as the very next token: one request for all of them."""
        if self.next_token is None:
            raise EngineError("this suite reads log-probabilities of the next token: give it a model with --model")
        return self.next_token(prompt, continuations)

    def write(self, messages: Sequence[Message], most: int) -> Completion:
        if self.generate is None:
            raise EngineError("this suite lets a model write: give it a model with --model")
        return self.generate(messages, most)


@dataclass(frozen=True)
class Material:
    """What suites draw their items from; each takes what it needs, and an empty part gives a suite no items."""

    cases: Sequence[Case] = ()
    choices: Sequence[ChoiceItem] = ()
    documents: Sequence[Document] = ()  # both splits
    examples: Sequence[Example] = ()
    passages: Mapping[str, Passage] = field(default_factory=dict)  # as the index holds them: the measure of a byte-exact quote
    data: Path | None = None  # the folder of a benchmark that the user downloaded
    judge: Judge | None = None  # who reads an answer against a rubric: evals/judges.py
    part: Literal["dev", "held", "all"] = "all"  # which half of the written items: evals/questions.py
    limit: int | None = None  # items of a closed-book benchmark, after those it keeps as examples
    shots: int = 0  # worked examples before each item of a benchmark
    probe: int | None = 60  # how many of its items are scored in other ways too; None: all
    index: Path | None = None  # and what the product's retrieval in this index adds


class Suite(Generic[Item]):
    """Subclasses say what they need and override `items`, `score` and, where there is more to show, `detail`."""

    may_gate: ClassVar[bool] = True  # False: read it, and decide nothing by it
    judged: ClassVar[bool] = False  # True: a judge scores (`Material.judge`): the gate stage names one, measured against people
    needs: ClassVar[Needs]  # product: answers by the model; rules: answers without one; model: the bare model; data: neither
    metrics: ClassVar[tuple[str, ...]]  # what `python -m evals` prints of it
    shots: ClassVar[int] = 0  # worked examples before each item, unless the command says otherwise
    at_once: ClassVar[int | None] = None  # items in flight; None: what `evals.run` finds right for `needs`

    def __init__(self, material: Material) -> None:
        self.material = material

    def items(self) -> Sequence[Item]:
        raise NotImplementedError

    def score(self, item: Item, subject: Subject) -> Scored:
        """Score one item. May raise MedmodelError: the runner counts it as an error."""
        raise NotImplementedError

    def settled(self, row: Scored) -> bool:
        """Whether a kept row was measured as this run would measure it: if not, its item is scored anew."""
        return True

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """More about these rows than the metrics say: shown beside every gate of the suite, and decides nothing."""
        return {}

    @classmethod
    def degenerate(cls, rows: Sequence[Scored]) -> Sequence[str]:
        """Metrics that these rows reach by a habit (one letter to everything): they pass no gate and set no baseline.

        From the rows alone, since a report is verified without the material.
        """
        return ()

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        """A few made-up items for the honesty kit: a benchmark writes them into `folder` in its publisher's format.

        A suite that brings its own items is examined on these.
        """
        return Material()

    def perfect(self, item: Item, prompt: str = "") -> str | Answer:
        """What a flawless model replies: the product's answer; the text; or the continuation of this prompt that is right."""
        raise NotImplementedError

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """What each metric must be for a fake of `evals.honesty`: unless it is overridden, 1 for the oracle and else 0."""
        return dict.fromkeys(self.metrics, 1.0 if fake == "oracle" else 0.0)
