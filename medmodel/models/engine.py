"""What an engine is: the seam between the product and whatever turns a prompt into text.

Three stand behind it: `openai_engine.OpenAIEngine` (vLLM or any OpenAI-compatible server), and `scripted.ScriptedEngine`,
the public fake. Engines raise EngineError; they never return an error as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from medmodel.records import Message, Record


class Completion(Record):
    text: str
    finish_reason: str  # "stop", or "length" when max_tokens cut it: a truncated answer is not an answer
    prompt_tokens: int = 0
    tokens: int = 0


class Likelihood(Record):
    """Log-probability (nats) of a continuation given a prompt."""

    logprob: float
    tokens: int


class NextToken(Record):
    """Log-probability (nats) of each continuation as the very next token after a prompt, over the whole vocabulary."""

    logprobs: tuple[float, ...]
    cut: int = 0  # tokens that were cut from the prompt's beginning, since it did not fit the model's context


class Engine(Protocol):
    name: str  # "vllm 0.32.0 / merged", shown in every answer
    fake: bool

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        regex: str | None = None,  # the whole text must match
        max_tokens: int = 256,
        temperature: float = 0.0,
        on_text: Callable[[str], None] | None = None,  # called with each new piece as it arrives
        cache_salt: str | None = None,  # isolates vLLM's prefix cache between tenants
    ) -> Completion: ...

    async def loglikelihood(self, prompt: str, continuation: str) -> Likelihood:
        """With an empty prompt, the likelihood of the continuation after the beginning-of-text token alone."""
        ...

    async def next_token(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        """One request for all continuations, each of one token. EngineError names one that is not, or did not come back."""
        ...

    async def ready(self) -> bool:
        """True when it has just produced a token: a probe, not a health page."""
        ...

    async def aclose(self) -> None: ...
