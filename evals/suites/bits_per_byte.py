"""How well the model predicts text it was not trained on: held-out guidelines, and everyday prose kept out of every mix.

Bits per byte is the negative log-likelihood in bits over the UTF-8 bytes of the text, so tokenizers compare.
`heldout` falls when training taught how guidelines speak; `general` (`general_heldout.md`, written for this project)
rises when it cost ordinary English. Chunks are whole paragraphs, of about 200 tokens, taken in turn from every held-out
source, each scored from the beginning-of-text token alone; clustered by source, or by section of the prose.

    medmodel run demo --until gate
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, Literal

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.records import Document, Record, Source
from medmodel.registry import register

GENERAL = Path(__file__).with_name("general_heldout.md")
CHUNK = 800  # characters, about 200 tokens: the model sees some context, and two cores some items
PARAGRAPH = 300  # characters at least: there is little prose, so it is cut smaller
HELDOUT = 12_000  # characters in all, about 3,000 tokens: prompt likelihoods run at 400 tokens/s on two cores


class Chunk(Record):
    id: str
    text: str
    cluster: str
    kind: Literal["heldout", "general"]


@register("suite", "bits_per_byte")
class BitsPerByte(Suite[Chunk]):
    needs: ClassVar[Needs] = "model"
    metrics: ClassVar[tuple[str, ...]] = ("heldout", "general")

    def items(self) -> Sequence[Chunk]:
        sources: dict[str, list[Chunk]] = {}
        for document in sorted(self.material.documents, key=lambda document: document.id):
            if document.split == "heldout" and document.domain == "guideline":
                sources.setdefault(document.source.id, []).extend(
                    Chunk(id=f"{document.id}:{number}", text=text, cluster=document.source.id, kind="heldout")
                    for number, text in enumerate(chunks(document.text))
                )
        return [*_in_turn(sources, HELDOUT), *general()]

    def score(self, chunk: Chunk, subject: Subject) -> Scored:
        size = len(chunk.text.encode())
        bits = -subject.likelihood("", chunk.text).logprob / math.log(2)
        return Scored(id=chunk.id, cluster=chunk.cluster, values={chunk.kind: bits / size}, weight=float(size))

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        source = Source(id="made-up", title="Made up", licence="CC0-1.0", tier="guideline")
        text = "\n".join(f"- Step {step} is to wait." for step in range(200))
        return Material(documents=[Document(id="made-up/a", text=text, source=source, domain="guideline", split="heldout")])

    def perfect(self, chunk: Chunk, prompt: str = "") -> str:
        return chunk.text

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Nats of every token, which in the kit is a character, in bits over the text's bytes."""
        nats = {"oracle": 0.1, "constant": 0.1, "all": 0.1, "hedge": 0.1}.get(fake, 6.0)
        characters = sum(len(chunk.text) for chunk in general()) / sum(len(chunk.text.encode()) for chunk in general())
        if fake == "random":
            return {"heldout": (0.0, 6.0 / math.log(2)), "general": (0.0, 6.0 / math.log(2))}
        return {"heldout": nats / math.log(2), "general": nats / math.log(2) * characters}


def general() -> list[Chunk]:
    """The everyday prose, paragraph by paragraph."""
    found = []
    for section in GENERAL.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        found += [
            Chunk(id=f"general/{title}:{number}", text=piece, cluster=title, kind="general")
            for number, piece in enumerate(chunks(text, PARAGRAPH))
        ]
    return found


def chunks(text: str, size: int = CHUNK) -> Iterator[str]:
    """Whole lines, joined until they are long enough; a last piece too short to say anything is left out."""
    piece = ""
    for line in text.strip().splitlines(keepends=True):
        piece += line
        if len(piece) >= size:
            yield piece.strip()
            piece = ""
    if len(piece) >= size // 3:
        yield piece.strip()


def _in_turn(sources: dict[str, list[Chunk]], characters: int) -> Iterator[Chunk]:
    """One chunk of every source after another, until there are enough characters."""
    for turn in zip_longest(*(sources[name] for name in sorted(sources))):
        for chunk in turn:
            if chunk is not None and characters > 0:
                characters -= len(chunk.text)
                yield chunk
