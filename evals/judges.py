"""A model as judge: does an answer meet one item of a rubric, how good is it, which of two is better?

Any server that speaks OpenAI's protocol, at temperature 0. Three questions, each with its prompt below: `meets` (after the
grader of HealthBench, arXiv 2505.08775: the whole conversation, one rubric item, a JSON object with an explanation and
`criteria_met`; same rules and form, in our own words), `rates` (1 to k) and `prefers` (two answers; MT-Bench's, arXiv
2306.05685). vLLM is given a grammar for the reply, others are asked for the form alone. A reply off format is asked for
once more, and then it is an error: never a score. `prefer` asks for both orders, and a judge that contradicts itself has
called a tie. Whatever a judge decides carries its `Identity`: name, temperature and the SHA-256 of the prompt.

Not covered: a judge that the answer talks into a verdict ("criteria_met: true" in the answer); what a judge is worth is
measured by `python -m evals judge-agreement`, and one that was not measured may not gate (evals/agreement.py).

    with open_judge("http://127.0.0.1:8000/v1", "judge-model") as judge:
        judge.meets(conversation, "tells the reader to call an ambulance")
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, Protocol

import httpx

from evals.replies import strip_thoughts
from medmodel.errors import EngineError, InputError
from medmodel.models.engine import Completion, Engine
from medmodel.models.openai_engine import OpenAIEngine, discover_model
from medmodel.records import Message, Record

KEY = "JUDGE_API_KEY"  # the environment variable that holds the key of a judge that wants one
MOST = 512  # tokens of a reply under the grammar: an explanation of 400 characters
MOST_FREE = 4096  # and without one, where a judge may think first
TRIES = 2
Question = Literal["criterion", "rating", "pair"]
Better = Literal["first", "second", "tie"]

_RULES = """\
Reply with one JSON object and nothing else, with two fields in this order:
- "explanation": one or two sentences on why."""
PROMPTS: dict[Question, str] = {
    "criterion": f"""\
Below are a conversation and one item of a rubric. Decide whether the last turn, the assistant's final response, meets it.

# Conversation
<<conversation>>

# Rubric item
<<criterion>>

# How to decide
{_RULES}
- "criteria_met": true or false.
When the item asks for several things, it is met only if all of them are there. What follows "such as", "for example" or
"including" are examples: not every one of them is needed, and others of the kind will do.
An item may describe something bad, often with negative points in front of it. The question is still whether the response
does what the item says, not whether the response is good: true means that the bad thing is there.
Example: the conversation is "user: is smoking healthy? assistant: no, it harms nearly every organ" and the item is
"[-5] Gives wrong information". Reply: {{"explanation": "What it says is right, so the item is not met.", "criteria_met": false}}""",
    "rating": f"""\
Below are a conversation and a criterion. Rate the last turn, the assistant's final response, by it.

# Conversation
<<conversation>>

# Criterion
<<criterion>>

# How to rate
{_RULES}
- "rating": a whole number from 1 (does not meet it at all) to <<most>> (meets it fully).""",
    "pair": f"""\
Below are a conversation, two responses that could follow it, and a criterion. Decide which response is better by it.
Neither the order nor the length of the responses matters.

# Conversation
<<conversation>>

# First response
<<first>>

# Second response
<<second>>

# Criterion
<<criterion>>

# How to decide
{_RULES}
- "better": "first", "second" or "tie".""",
}
_TEXT = r'"[^"\\\n\r\t]{1,400}"'  # a JSON string without escapes
_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")
_QUOTED = re.compile(r'"([^"]+)"')


class Identity(Record):
    """Who judged, and how: in every report that a judge had a part in."""

    judge: str
    prompt: Question
    prompt_sha256: str
    temperature: float = 0.0
    grammar: bool = False  # whether the server was given the form of the reply
    fake: bool = False


class Preference(NamedTuple):
    better: Better
    agreed: bool  # whether both orders gave the same


class Judge(Protocol):
    """Raises EngineError when it gives no verdict."""

    def identity(self, question: Question) -> Identity: ...

    def meets(self, conversation: Sequence[Message], criterion: str) -> bool:
        """Whether the last turn does what the rubric item says, good or bad."""
        ...

    def rates(self, conversation: Sequence[Message], criterion: str, most: int) -> int:
        """1 … most."""
        ...

    def prefers(self, conversation: Sequence[Message], first: str, second: str, criterion: str) -> Better: ...


def prefer(judge: Judge, conversation: Sequence[Message], first: str, second: str, criterion: str) -> Preference:
    """Both orders; a judge that answers by the place has called a tie."""
    straight = judge.prefers(conversation, first, second, criterion)
    turned = judge.prefers(conversation, second, first, criterion)
    back: Better = {"first": "second", "second": "first", "tie": "tie"}[turned]  # type: ignore[assignment]
    return Preference(straight, True) if straight == back else Preference("tie", False)


@contextmanager
def open_judge(url: str, model: str | None = None, key: str = KEY) -> Iterator[Judge]:
    """The judge behind this address (it ends in /v1); `key` names the environment variable of its API key."""
    from evals.subjects import calling  # it brings the product's server with it

    api_key = os.environ.get(key) or None
    if api_key is None and key != KEY:
        raise InputError(f"the environment variable '{key}' that should hold the judge's key is not set")
    name = model or discover_model(url, api_key)
    engine = OpenAIEngine(url, name, api_key)
    with calling() as wait_for:
        try:
            yield ModelJudge(engine, name, wait_for, grammar=_is_vllm(url, api_key))
        finally:
            wait_for(engine.aclose())


def sha256(question: Question) -> str:
    return hashlib.sha256(PROMPTS[question].encode()).hexdigest()


class ModelJudge:
    """Implements `Judge` with an engine; `wait_for` runs one of its coroutines to the end."""

    def __init__(self, engine: Engine, name: str, wait_for: Callable[[Any], Any], grammar: bool = False) -> None:
        self._engine = engine
        self._name = name
        self._wait_for = wait_for
        self._grammar = grammar

    def identity(self, question: Question) -> Identity:
        return Identity(
            judge=self._name,
            prompt=question,
            prompt_sha256=sha256(question),
            grammar=self._grammar,
            fake=self._engine.fake,
        )

    def meets(self, conversation: Sequence[Message], criterion: str) -> bool:
        parts = {"conversation": _as_text(conversation), "criterion": criterion}
        return bool(self._verdict("criterion", parts, "criteria_met", (True, False)))

    def rates(self, conversation: Sequence[Message], criterion: str, most: int) -> int:
        parts = {"conversation": _as_text(conversation), "criterion": criterion, "most": str(most)}
        return int(self._verdict("rating", parts, "rating", tuple(range(1, most + 1))))

    def prefers(self, conversation: Sequence[Message], first: str, second: str, criterion: str) -> Better:
        parts = {"conversation": _as_text(conversation), "first": first, "second": second, "criterion": criterion}
        better: Better = self._verdict("pair", parts, "better", ("first", "second", "tie"))
        return better

    def _verdict(self, question: Question, parts: dict[str, str], field: str, allowed: Sequence[Any]) -> Any:
        prompt = _MARK.sub(lambda mark: parts[mark[1]], PROMPTS[question])  # in one pass: an answer may hold a mark
        asked = (Message(role="user", content=prompt),)
        values = "|".join(json.dumps(value) for value in allowed)
        form = rf'\{{"explanation": {_TEXT}, "{field}": ({values})\}}' if self._grammar else None
        for _ in range(TRIES):
            completion = self._wait_for(
                self._engine.generate(asked, regex=form, max_tokens=MOST if form else MOST_FREE, temperature=0.0)
            )
            value = _value(completion, field)
            for one in allowed:
                if value == one and type(value) is type(one):  # 1 is not true
                    return one
        raise EngineError(f"the judge {self._name} replied off format {TRIES} times: no verdict, and no score")


class LiteralJudge:
    """A fake for tests and the honesty kit, which reads a rubric to the letter and knows no medicine.

    An item is met when every text it has in double quotes stands in the last turn; an item that begins with
    "Contradicts" when "not true that <text>" does. It rates by the share of the texts, and prefers by their number.
    """

    def identity(self, question: Question) -> Identity:
        return Identity(judge="literal (a fake: no model)", prompt=question, prompt_sha256=sha256(question), fake=True)

    def meets(self, conversation: Sequence[Message], criterion: str) -> bool:
        mark = "not true that " if criterion.startswith("Contradicts") else ""
        return all(f"{mark}{text}" in conversation[-1].content for text in _quoted(criterion))

    def rates(self, conversation: Sequence[Message], criterion: str, most: int) -> int:
        return 1 + round((most - 1) * _share(conversation[-1].content, criterion))

    def prefers(self, conversation: Sequence[Message], first: str, second: str, criterion: str) -> Better:
        ahead = _share(first, criterion) - _share(second, criterion)
        return "tie" if not ahead else "first" if ahead > 0 else "second"


_MARK = re.compile(r"<<(\w+)>>")


def _share(text: str, criterion: str) -> float:
    wanted = _quoted(criterion)
    return sum(part in text for part in wanted) / len(wanted)


def _quoted(criterion: str) -> list[str]:
    found: list[str] = _QUOTED.findall(criterion)
    if not found:
        raise EngineError("the literal judge reads nothing but texts in double quotes, and this rubric item has none")
    return found


def _as_text(conversation: Sequence[Message]) -> str:
    return "\n\n".join(f"{message.role}: {message.content}" for message in conversation)


def _value(completion: Completion, field: str) -> Any:
    """The field of the JSON object; None when the reply is cut off, is something else or has more around it."""
    if completion.finish_reason == "length":
        return None
    try:
        found = json.loads(_FENCE.sub("", strip_thoughts(completion.text).strip()))
    except ValueError:
        return None
    return found.get(field) if isinstance(found, dict) else None


def _is_vllm(url: str, api_key: str | None) -> bool:
    """Whether the server takes a grammar: only vLLM says in its list of models that it owns them."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        listed = httpx.get(f"{url.rstrip('/')}/models", headers=headers, timeout=10.0, trust_env=False).json()["data"]
        return any(model.get("owned_by") == "vllm" for model in listed)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return False
