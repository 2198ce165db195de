"""Nothing that is measured was trained on: no run of 13 words of a held-out text stands in anything trained on.

13 words is the length of GPT-3's and the lm-evaluation-harness' overlap check (arXiv 2005.14165, appendix C). Checked
are every held-out document, every case and every choice item, against every training document and training example;
and, by lineage, that no example names a held-out document. Left out as boilerplate, by rules fixed in advance: runs of
the product's own prompt, and runs that stand in training documents of three or more sources (a publisher's phrases).
Not covered: paraphrases, and what the base model had read before it came here.

    medmodel run demo --until gate
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel import prompts
from medmodel.records import Document, Record, Source
from medmodel.registry import register

WORDS = 13
SHARED_BY = 3  # sources; a run in two may be one copying the other
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


class Held(Record):
    """Something that is measured on; or an example, held to name training documents only."""

    id: str
    text: str = ""
    names: tuple[str, ...] = ()


class Trained(NamedTuple):
    """13-word runs of what is trained on -> where they stand; and the runs too common to mean anything."""

    where: dict[int, str]
    boilerplate: set[int]


@register("suite", "contamination")
class Contamination(Suite[Held]):
    needs: ClassVar[Needs] = "data"
    metrics: ClassVar[tuple[str, ...]] = ("runs",)

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._trained = _trained(material)
        self._training = {document.id for document in material.documents if document.split == "train"}

    def items(self) -> Sequence[Held]:
        material = self.material
        held = [Held(id=document.id, text=document.text) for document in material.documents if document.split == "heldout"]
        held += [Held(id=f"case {case.id}", text=case.question) for case in material.cases]
        held += [
            Held(id=f"choice {item.id}", text=f"{item.question}\n{item.options[item.answer]}") for item in material.choices
        ]
        return [*held, *(Held(id=f"example {example.id}", names=example.documents) for example in material.examples)]

    def score(self, item: Held, subject: Subject) -> Scored:
        found = [run for run in runs(item.text) if run in self._trained.where and run not in self._trained.boilerplate]
        wrong = [name for name in item.names if name not in self._training]
        where = [self._trained.where[run] for run in found[:1]] + [f"names {name}" for name in wrong[:1]]
        return Scored(
            id=item.id,
            cluster=item.id,
            values={"runs": float(len(found) + len(wrong))},
            shown={"first": where[0]} if where else {},
        )

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        """One held-out text whose first 14 words stand in a training document, so two runs of 13; and one that shares 12."""
        source = Source(id="made-up", title="Made up", licence="CC0-1.0", tier="guideline")
        texts = {"train": [*range(14), *range(100, 112)], "heldout": range(20), "clean": range(100, 112)}
        return Material(
            documents=[
                Document(
                    id=f"made-up/{name}",
                    text=" ".join(f"w{number}" for number in numbers),
                    source=source,
                    domain="guideline",
                    split="train" if name == "train" else "heldout",
                )
                for name, numbers in texts.items()
            ]
        )

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """No model is asked: two runs over two held-out texts, whoever is examined."""
        return {"runs": 1.0}


def runs(text: str) -> Iterator[int]:
    """A hash of every run of 13 words (a Chinese character is a word), lower case, punctuation aside."""
    words = _WORD.findall(text.lower())
    return (hash(tuple(words[at : at + WORDS])) for at in range(len(words) - WORDS + 1))


def _trained(material: Material) -> Trained:
    where: dict[int, str] = {}
    sources: dict[int, set[str]] = {}
    for document in material.documents:
        if document.split == "train":
            for run in runs(document.text):
                where.setdefault(run, document.id)
                sources.setdefault(run, set()).add(document.source.id)
    for example in material.examples:
        for run in _all_runs(message.content for message in example.messages):
            where.setdefault(run, f"example {example.id}")
    common = {run for run, holders in sources.items() if len(holders) >= SHARED_BY}
    return Trained(where, common | set(runs(prompts.SYSTEM)))


def _all_runs(texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        yield from runs(text)
