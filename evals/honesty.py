"""Does a scorer flatter? Fake models are put to every benchmark and suite, and each must score what it is truly worth.

    empty       says nothing                            truncated   the right reply, cut off in the middle
    refusal     declines whatever is asked              random      a guess, seeded by the item
    constant    the first option, one fixed sentence    oracle      the right reply
    all         every option and every sentence at once broken      every call fails
    hedge       two options at once, "ask a doctor"

A published medical scorer gives 24 % to empty output and 26 % to a refusal (its regular expression guesses, and takes the
better of the first and the last match); here unparsed and truncated are wrong, and a failed call is no score at all.
A suite is examined on its `specimen`, a few made-up items, and says in `truth` what each fake is worth there: unless it
says otherwise, 1 for the oracle and 0 for all others. One fake is made for each item, so that the oracle knows it.

    python -m evals honesty [NAME]
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from evals import run
from evals.suite import Expected, Item, Scored, Subject, Suite
from medmodel import safety
from medmodel.errors import EngineError
from medmodel.models.engine import Completion, Likelihood, NextToken
from medmodel.records import Answer, Claim, FirstTry, Message, RedFlag

FAKES = ("empty", "refusal", "constant", "all", "hedge", "truncated", "random", "oracle", "broken")
SAID = {
    "empty": "",
    "refusal": "I'm sorry, but I can't help with that. Please see a doctor.",
    "constant": "The answer is A.",
    "all": "A B C D E. Yes, no and maybe. 0 1 2 3 4 5 6 7 8 9 10 100.",
    "hedge": "It could be A or B; it depends on the patient, and both yes and no are possible.",
}
HIGH, LOW = -0.1, -6.0  # nats a token: what a fake is sure of, and what it is not


class Finding(NamedTuple):
    """One metric of one fake, as it came out and as it should."""

    fake: str
    metric: str
    value: float | None  # None: no item had it
    expected: Expected
    honest: bool


def examine(plugin: type[Suite[Any]], folder: Path) -> list[Finding]:
    """Every fake through one suite's specimen. `folder` is scratch space for a benchmark's made-up files."""
    suite = plugin(plugin.specimen(folder))
    findings = []
    for fake in FAKES:
        rows = [_scored(suite, item, fake) for item in suite.items()]
        assert rows, f"the specimen of {plugin.__name__} has no items"
        if fake == "broken":
            failed, asked = run.errors(rows), suite.needs != "data"
            findings.append(_finding(fake, "errors", float(failed), float(len(rows)) if asked else 0.0))
            findings.append(_finding(fake, "scored", float(sum(bool(row.values) for row in rows)), 0.0 if asked else len(rows)))
            continue
        for metric, expected in suite.truth(fake).items():
            findings.append(_finding(fake, metric, run.mean(rows, metric), expected))
    return findings


def subject(fake: str, suite: Suite[Item], item: Item) -> Subject:
    """The fake, for this one item."""
    voice = _Voice(fake, suite, item)
    return Subject(ask=voice.ask, loglikelihood=voice.likelihood, next_token=voice.next_token, generate=voice.generate)


def _scored(suite: Suite[Item], item: Item, fake: str) -> Scored:
    return run.score(suite, item, subject(fake, suite, item))


def _finding(fake: str, metric: str, value: float | None, expected: Expected) -> Finding:
    if value is None or expected is None:
        return Finding(fake, metric, value, expected, value is expected)
    low, high = expected if isinstance(expected, tuple) else (expected, expected)
    return Finding(fake, metric, value, expected, low - 1e-6 <= value <= high + 1e-6)


class _Voice:
    """A fake's reply to each way of asking. It knows the item it is made for, which only the oracle and `truncated` use."""

    def __init__(self, fake: str, suite: Suite[Any], item: Any) -> None:
        self._fake = fake
        self._suite = suite
        self._item = item
        self._options: dict[str, list[str]] = {}  # prompt -> continuations asked for so far

    def next_token(self, prompt: str, continuations: Sequence[str]) -> NextToken:
        return NextToken(logprobs=tuple(self._nats(prompt, continuation) for continuation in continuations))

    def likelihood(self, prompt: str, continuation: str) -> Likelihood:
        """As many tokens as characters, so that a likelihood per token says nothing about length."""
        return Likelihood(logprob=self._nats(prompt, continuation) * len(continuation), tokens=len(continuation))

    def generate(self, messages: Sequence[Message], most: int) -> Completion:
        self._fail()
        said = SAID.get(self._fake)
        if said is None:
            said = self._right("\n".join(message.content for message in messages))
            if self._fake == "random":
                said = self._draw(said).choice(["A", "B", "C", "D", "yes", "no", "7", "12"])
            if self._fake == "truncated":
                return Completion(text=said[: len(said) // 2], finish_reason="length", tokens=most)
        return Completion(text=said, finish_reason="stop", tokens=len(said.split()))

    def ask(self, question: str, language: str) -> Answer:
        self._fail()
        right = self._suite.perfect(self._item, question)
        assert isinstance(right, Answer), f"{type(self._suite).__name__}.perfect gives no Answer"
        if self._fake == "oracle":
            return right
        bare: dict[str, Any] = {"id": "fake", "question": question, "language": language, "passages": right.passages}
        if self._fake == "refusal":
            return Answer(**bare, status="refused", origin="none", notice=SAID["refusal"])
        if self._fake == "truncated":
            claims = tuple(claim.model_copy(update={"text": claim.text[: len(claim.text) // 2]}) for claim in right.claims[:1])
            return right.model_copy(update={"claims": claims, "first_try": _tried(right, claims[0].text if claims else "")})
        said = self._sentence(right)
        claims = tuple(_bare(sentence) for sentence in said)
        flags = _every_flag() if self._fake == "all" else ()
        text = "\n".join(said)
        return Answer(
            **bare, status="answered", origin="model", claims=claims, red_flags=flags, first_try=_tried(right, text, "stop")
        )

    def _sentence(self, right: Answer) -> list[str]:
        """What stands in an answer: every sentence at hand for `all`, words drawn from them for `random`."""
        if self._fake not in ("all", "random"):
            return [SAID[self._fake]] if SAID[self._fake] else []
        sentences = [passage.sentence(at) for passage in right.passages for at in range(len(passage.sentences))]
        if self._fake == "all":
            return [*sentences, SAID["all"]]
        words = " ".join(sentences).split() or ["perhaps"]
        return [" ".join(self._draw(right.question).choices(words, k=8))]

    def _nats(self, prompt: str, continuation: str) -> float:
        self._fail()
        asked = self._options.setdefault(prompt, [])
        if continuation not in asked:
            asked.append(continuation)
        if self._fake == "random":
            return LOW * self._draw(prompt + continuation).random()
        liked = {"constant": asked[:1], "hedge": asked[:2], "all": asked}.get(self._fake, [])
        right = self._fake == "oracle" and continuation == self._right(prompt)
        return HIGH if right or continuation in liked else LOW

    def _right(self, prompt: str) -> str:
        right = self._suite.perfect(self._item, prompt)
        assert isinstance(right, str), f"{type(self._suite).__name__}.perfect gives no text"
        return right

    def _draw(self, seed: str) -> random.Random:
        return random.Random(f"{self._item.id}\n{seed}")

    def _fail(self) -> None:
        if self._fake == "broken":
            raise EngineError("the engine died")


def _bare(sentence: str) -> Claim:
    return Claim(text=sentence, citations=(), verdict="unsupported", reason="nothing is cited")


def _tried(right: Answer, text: str, finish_reason: str = "length") -> FirstTry | None:
    """A first try that the product could only have judged one way; None where the product asks no model."""
    if right.first_try is None:
        return None
    reason = "cut off" if finish_reason == "length" else "a line does not parse"
    return FirstTry(text=text, finish_reason=finish_reason, well_formed=False, grounded=False, abstained=False, reason=reason)


@cache  # the rules are 40 kB of YAML, and a suite asks some hundred times
def _every_flag() -> tuple[RedFlag, ...]:
    rules = yaml.safe_load(safety.RULES.read_text(encoding="utf-8"))["red_flags"]
    return tuple(RedFlag(id=rule["id"], title="", action="", urgency="emergency", matched="", source="") for rule in rules)


def table(findings: Mapping[str, Sequence[Finding]]) -> list[tuple[str, ...]]:
    """(suite, fake, metric, value, expected, verdict) of what is not honest; text for a terminal."""
    return [
        (name, found.fake, found.metric, "none" if found.value is None else f"{found.value:.4g}", _expected(found.expected))
        for name, all_found in findings.items()
        for found in all_found
        if not found.honest
    ]


def _expected(expected: Expected) -> str:
    if expected is None:
        return "none"
    return f"{expected[0]:.4g} … {expected[1]:.4g}" if isinstance(expected, tuple) else f"{expected:.4g}"
