"""Benchmarks whose answer is written, with reasoning, and then read: the shared base.

A benchmark says how it asks (`prompt`), how it finds the answer in what was written (`parse`) and when that is right
(`is_right`); one whose answer is not a short one overrides `values`. Whoever asks, the answer goes through `scored`
(the command lets inspect-ai ask: evals/inspected.py).

What is strict here, since scorers that guess give 24 % to empty output:
  an answer that was cut off (finish_reason "length") is wrong, whatever stands in it   -> `truncated`
  one without an answer in the form that was asked for, or with two, is wrong           -> `unparsed`
  a failed call is an error of that item and no score
How replies are read: evals/replies.py.

Prompts go through the model's chat template, in one turn or in the publisher's; lm-eval sends bare text unless told
otherwise, so a base model without a template of its own reads lower here.

    python -m evals run gsm8k --model DIR --data DIR --limit 50 --log-dir logs
    python -m evals run medqa --generate --model DIR --limit 50
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import yaml

from evals import publishers, run
from evals.closed_book import ClosedBook
from evals.multiple_choice import LETTERS
from evals.multiple_choice import Question as Choice
from evals.publishers import Bad, Numbered, Row
from evals.replies import Reply, final_letter, read
from evals.suite import Expected, Item, Material, Needs, Scored, Subject, Suite
from medmodel import prompts
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.records import Message

if TYPE_CHECKING:
    from evals.judges import Judge

T = TypeVar("T")


class Written(Suite[Item]):
    """Subclasses override `items` (or fill `self._items`), `prompt`, `parse` and `is_right`; or `values`."""

    needs: ClassVar[Needs] = "model"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "unparsed", "truncated")
    at_once: ClassVar[int | None] = 16  # two cores write 147 tokens/s at 8 answers in flight and 338 at 32 (evals/run.py)
    most: ClassVar[int] = 512  # tokens of an answer
    stops: ClassVar[tuple[str, ...]] = ()  # where a benchmark's own task ends an answer; what follows is not read

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self.bad: list[Bad] = []  # items that were left out, and why

    def prompt(self, item: Item) -> Sequence[Message]:
        raise NotImplementedError

    def parse(self, item: Item, text: str) -> str | None:
        """The answer in this text; None when there is none, or more than one."""
        raise NotImplementedError

    def is_right(self, item: Item, said: str) -> bool:
        raise NotImplementedError

    def cluster(self, item: Item) -> str:
        return item.id

    def score(self, item: Item, subject: Subject) -> Scored:
        return self.scored(item, subject.write(self.prompt(item), self.most))

    def scored(self, item: Item, completion: Completion) -> Scored:
        """The one scorer: of inspect's run, of the gate's and of the honesty kit's."""
        reply = read(completion, self.stops)
        values = {**self.values(item, reply), "truncated": float(reply.truncated), "tokens": float(completion.tokens)}
        return Scored(id=item.id, cluster=self.cluster(item), values=values, shown={"asked": self._asked(item)})

    def settled(self, row: Scored) -> bool:
        """A kept row of another prompt, of another number of worked examples or of another judge is measured anew."""
        return self._asked_for.get(row.id) == row.shown.get("asked")

    def values(self, item: Item, reply: Reply) -> dict[str, float]:
        said = None if reply.truncated else self.parse(item, reply.text)
        return {
            "accuracy": float(said is not None and self.is_right(item, said)),
            "unparsed": float(said is None and not reply.truncated),
        }

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        """What was left out, whoever reads the answers, and what an answer cost."""
        about: dict[str, Any] = {}
        if self.bad:
            about["bad_items"] = publishers.bad_items(self.bad)
        if self.material.judge is not None:
            about["judge"] = self.material.judge.identity("criterion").model_dump()
        tokens = run.mean(rows, "tokens")
        return about if tokens is None else {**about, "tokens_per_answer": round(tokens, 1)}

    @cached_property
    def _asked_for(self) -> dict[str, str]:
        return {item.id: self._asked(item) for item in self.items()}

    def _asked(self, item: Item) -> str:
        """The first 16 digits of a SHA-256 over what is asked, how much may be written and who reads it."""
        judge = self.material.judge.identity("criterion").model_dump_json() if self.material.judge else ""
        parts = [judge, str(self.most), *(message.model_dump_json() for message in self.prompt(item))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Nobody but the oracle knows, and what no fake does is to keep to the form of the answer."""
        return {
            "accuracy": float(fake == "oracle"),
            "unparsed": float(fake not in ("oracle", "truncated")),
            "truncated": float(fake == "truncated"),
        }


class ReasonedChoice(Written[Choice]):
    """Multiple choice with reasoning: any closed-book benchmark, asked to think and to end in `Answer: X`."""

    plugin: ClassVar[type[ClosedBook]]

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        if material.shots or material.index:
            raise InputError("with --generate a question stands alone: no --shots and no --retrieval")
        self._closed = self.plugin(material)
        self.bad = self._closed.bad

    def items(self) -> Sequence[Choice]:
        return self._closed.items()

    def prompt(self, item: Choice) -> Sequence[Message]:
        options = "\n".join(
            f"{letter}. {prompts.one_line(option)}" for letter, option in zip(LETTERS, item.options, strict=False)
        )
        last = LETTERS[len(item.options) - 1]
        asked = (
            f'{item.question}\n\n{options}\n\nThink step by step. Then end with one line of the form "Answer: X", '
            f"where X is one letter from A to {last}."
        )
        return messages(f"{item.context}\n\n{asked}" if item.context else asked)

    def parse(self, item: Choice, text: str) -> str | None:
        return final_letter(text, item.options)

    def is_right(self, item: Choice, said: str) -> bool:
        return said == LETTERS[item.answer]

    def cluster(self, item: Choice) -> str:
        return item.cluster or item.id

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        return cls.plugin.specimen(folder)

    def perfect(self, item: Choice, prompt: str = "") -> str:
        return f"One of these must be right, and I know which.\nAnswer: {LETTERS[item.answer]}"

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """The constant fake says "The answer is A." and keeps to the form: right as often as A is."""
        if fake == "constant":
            share = sum(item.answer == 0 for item in self.items()) / len(self.items())
            return {"accuracy": share, "unparsed": 0.0, "truncated": 0.0}
        return super().truth(fake)


def reasoned(plugin: type[ClosedBook]) -> type[ReasonedChoice]:
    """The benchmark, asked with reasoning instead of by the log-probabilities of its letters."""
    about = {"plugin": plugin, "folder": plugin.folder, "__module__": plugin.__module__}
    return type(f"Reasoned{plugin.__name__}", (ReasonedChoice,), about)


class Found(NamedTuple, Generic[T]):
    items: list[T]
    bad: list[Bad]
    source: str  # the file's name, or the set's on the hub


def read_data(name: str, data: Path | None, patterns: Sequence[str], make: Callable[[int, Row], T]) -> Found[T]:
    """The first file that is there, or a set on the hub."""
    if data is not None and publishers.is_hub_name(data):
        return _found(name, data, publishers.read_hub(data), make, f"hub: {data}")
    path = publishers.find(name, data, patterns)[0]
    return _found(name, path, publishers.read(path), make, path.name)


def _found(name: str, path: Path, rows: Iterable[Numbered], make: Callable[[int, Row], T], source: str) -> Found[T]:
    items, bad = publishers.parsed(rows, path, make)
    publishers.usable(name, str(path), items, bad)
    return Found(items, bad, source)


def lm_eval_prompt(definition: str) -> dict[str, Any]:
    """A task of lm-eval that has its worked examples in its definition: `doc_to_text`, `fewshot_config`, `description`."""
    package = find_spec("lm_eval")
    if package is None or not package.submodule_search_locations:
        raise InputError("the task's text comes from lm-eval: pip install 'medmodel[eval]'")
    path = Path(package.submodule_search_locations[0]) / "tasks" / definition
    task: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return task


def messages(text: str, system: str = "") -> tuple[Message, ...]:
    asked = Message(role="user", content=text)
    return (Message(role="system", content=system), asked) if system else (asked,)


def judge_of(name: str, material: Material) -> Judge:
    if material.judge is None:
        raise InputError(f"'{name}' is scored by a judge: give --judge URL, an address that ends in /v1")
    return material.judge
