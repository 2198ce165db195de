"""The public fake: an engine without a model, for unit tests and for newcomers who have no vLLM.

It copies, in the answer format, the numbered sentence that shares most words with the question; the same prompt always
gives the same text. It says that it is a fake (`fake` is True, and every Answer made with it carries that).
A list of replies makes it say those instead, in order; an EngineError among them is raised, so that a test can let the
engine die. It does not obey the grammar: a reply may break it on purpose, as a server without structured outputs would.

    engine = ScriptedEngine()
    engine = ScriptedEngine(["[9] nonsense", EngineError("the model died")])
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Likelihood, NextToken
from medmodel.prompts import NO_ANSWER, answer_line
from medmodel.records import Message

KEPT = 1_000
_NUMBERED = re.compile(r"^\[(\d+)\] (.+)$", re.MULTILINE)
_QUESTION = re.compile(r"^Question: (.*)$", re.MULTILINE)
_WORD = re.compile(
    r"[\u4e00-\u9fff]|\d+|[^\W\d_\u4e00-\u9fff]{4,}"
)  # shorter words ("the", "of") say nothing; one Chinese character does


class ScriptedEngine:
    """Implements `Engine`. `asked` keeps the last KEPT prompts, for tests that look at what the model was told."""

    name = "scripted (a fake: no model)"
    fake = True

    def __init__(self, replies: Sequence[str | EngineError] | None = None, pause: float = 0.0) -> None:
        self.asked: list[tuple[Message, ...]] = []
        self._replies = None if replies is None else list(replies)
        self._pause = pause  # seconds between pieces, to see streaming

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
        self.asked.append(tuple(messages))
        del self.asked[:-KEPT]  # a server on it is asked tens of thousands
        pieces = re.findall(r"\s*\S+", self._reply(messages))  # a word stands for a token
        kept = pieces[:max_tokens]
        await asyncio.sleep(0)  # lets other tasks run, and a cancelled caller go
        for piece in kept:
            if self._pause:
                await asyncio.sleep(self._pause)
            if on_text is not None:
                on_text(piece)
        return Completion(
            text="".join(kept),
            finish_reason="stop" if len(kept) == len(pieces) else "length",
            prompt_tokens=sum(len(message.content.split()) for message in messages),
            tokens=len(kept),
        )

    async def loglikelihood(self, prompt: str, continuation: str) -> Likelihood:
        """A made-up figure: one nat for a word that stands in the prompt, three for another."""
        known = _words(prompt)
        words = [word.lower() for word in _WORD.findall(continuation)]
        return Likelihood(logprob=-float(sum(1 if word in known else 3 for word in words)), tokens=len(words))

    async def next_token(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        """The same made-up figures; what holds no word ("A") has none to go by, so that all of them are alike."""
        found = [await self.loglikelihood(prompt, continuation) for continuation in continuations]
        return NextToken(logprobs=tuple(likelihood.logprob for likelihood in found))

    async def ready(self) -> bool:
        return True

    async def aclose(self) -> None:
        return None

    def _reply(self, messages: Sequence[Message]) -> str:
        if self._replies is None:
            return _copy_best(messages[-1].content)
        if not self._replies:
            raise EngineError("the scripted engine has no reply left; give it as many as it is asked for")
        reply = self._replies.pop(0)
        if isinstance(reply, EngineError):
            raise reply
        return reply


def _copy_best(prompt: str) -> str:
    question = _QUESTION.findall(prompt)
    wanted = _words(question[-1]) if question else set()
    best_number, best_sentence, best_overlap = 0, "", 0
    for number, sentence in _NUMBERED.findall(prompt):
        overlap = len(wanted & _words(sentence))
        if overlap > best_overlap:  # of equals the first: it stands in the better passage
            best_number, best_sentence, best_overlap = int(number), sentence, overlap
    return answer_line(best_number, best_sentence) if best_overlap else NO_ANSWER


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
