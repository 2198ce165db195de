"""Pairs of a claim and a quote with their label, made from reference documents: what the entailment scorer learns from, and,
from held-out documents, what it is measured on (`python -m evals support`).

A sentence is quoted; the claim is the sentence, shortened, or said otherwise by rule (supported); with one thing changed
(contradicted); or another document's (not found). Hand-written paraphrases are added as they are, and with one thing
changed. Sentences with a table's bars, headings and very long ones are left out.

    pairs(sentences(documents), ASKED, written(), most=500)
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import ConfigDict, field_validator

from medmodel.rag.passages import split_sentences
from medmodel.rag.support import content_words
from medmodel.records import Document, Record
from medmodel.train.paraphrased import claims, paraphrased
from medmodel.train.perturbed import ASKED, FURTHER, perturbed, unrelated

HAND = "claims.yaml"  # the source of a hand-written pair
FALSIFIED = "by hand: "  # what the name of a hand-made change begins with

SHORTEST, LONGEST = 50, 260  # characters of a sentence: below, nothing is left of it when one thing is changed
NEARBY = 40  # sentences of a document on either side, among which those that share words are sought
ORDERS = (
    ("order", "words"), ("voice", "signs"), ("units", "short"), ("lists", "words", "signs"), ("order", "units", "signs"),
    ("voice", "words", "short"), ("signs",), ("words",), ("lists",), ("order",),
)  # fmt: skip


class Pair(Record):
    """One line of a pairs file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    claim: str
    quote: str
    lang: str = "en"
    label: Literal["supported", "contradicted", "not_found"]
    perturbation: str = ""  # what was changed
    paraphrase: str = ""  # how it was said otherwise: "written", or the rules
    source: str = ""  # id of the document

    @field_validator("paraphrase", mode="before")
    @classmethod
    def _said_or_not(cls, given: object) -> object:
        """A file may only say whether it is one."""
        return ("yes" if given else "") if isinstance(given, bool) or given is None else given


def sentences(documents: Iterable[Document]) -> list[tuple[str, str]]:
    """(document id, sentence) of every sentence that can be quoted by itself."""
    found = []
    for document in documents:
        for span in split_sentences(document.text):
            text = re.sub(r"\s+", " ", document.text[span.start : span.end])
            if SHORTEST <= len(text) <= LONGEST and not re.search(r"[|#→]|-->|\*\*", text) and len(text.split()) >= 7:
                found.append((document.id, text))
    return found


def pairs(
    quotes: Sequence[tuple[str, str]],
    kinds: Sequence[str],
    written: Mapping[str, Sequence[tuple[str, str]]],
    most: int,
    twice: bool = False,
    seed: int = 17,
) -> Iterator[Pair]:
    """From `most` sentences: one supported copy or paraphrase each, and every kind of change that it has a place for.

    `twice`: what was said otherwise is changed too, so that a scorer cannot tell the two by how much is copied.
    """
    draw = random.Random(seed)
    chosen = draw.sample(range(len(quotes)), min(most, len(quotes)))
    for number, at in enumerate(chosen):
        document, quote = quotes[at]
        named = {"quote": quote, "source": document}
        if said := _otherwise(quote, number):
            yield Pair(id=f"p{number}", claim=said[0], label="supported", paraphrase=said[1], **named)
        elif number % 3 == 0:
            yield Pair(id=f"s{number}", claim=_shortened(quote), label="supported", **named)
        for kind in draw.sample(list(kinds), len(kinds)):
            for base, mark in ((quote, "c"), (said[0], "d")) if said and twice else ((quote, "c"),):
                if claim := perturbed(base, kind):
                    yield Pair(id=f"{mark}{number}-{kind}", claim=claim, label="contradicted", perturbation=kind, **named)
        if number % 4 == 0 and (other := unrelated(at, quotes)):
            yield Pair(id=f"u{number}", claim=other, label="not_found", perturbation="unrelated", **named)
        for rank, other in enumerate(_neighbours(at, quotes)):
            yield Pair(id=f"n{number}-{rank}", claim=other, label="not_found", perturbation="neighbour", **named)
    for lang, hand in written.items():
        for number, (quote, claim) in enumerate(hand):
            yield Pair(id=f"w{lang}{number}", claim=claim, quote=quote, lang=lang, label="supported", paraphrase="written")
            for kind in kinds:
                for base, mark in ((quote, "x"), (claim, "y")) if twice else ((quote, "x"),):
                    if changed := perturbed(base, kind, lang):
                        yield Pair(
                            id=f"{mark}{lang}{number}-{kind}",
                            claim=changed,
                            quote=quote,
                            lang=lang,
                            label="contradicted",
                            perturbation=kind,
                        )
            if lang == "zh":
                if chinese := paraphrased(quote, ("chinese",)):
                    yield Pair(
                        id=f"r{lang}{number}", claim=chinese, quote=quote, lang=lang, label="supported", paraphrase="chinese"
                    )
                for rank in range(1, min(5, len(hand))):
                    other = hand[(number + rank) % len(hand)][1]
                    yield Pair(
                        id=f"u{lang}{number}-{rank}",
                        claim=other,
                        quote=quote,
                        lang=lang,
                        label="not_found",
                        perturbation="unrelated",
                    )


def by_hand() -> Iterator[Pair]:
    """The hand-written claims of claims.yaml: what is said otherwise, that with one thing changed, and what is falsified."""
    for lang, groups in claims().items():
        for number, group in enumerate(groups):
            named = {"quote": group.quote, "lang": lang, "source": HAND}
            for rank, claim in enumerate(group.same):
                yield Pair(id=f"h{lang}{number}-{rank}", claim=claim, label="supported", paraphrase="written", **named)
                for kind in (*ASKED, *FURTHER):
                    if changed := perturbed(claim, kind, lang):
                        yield Pair(id=f"z{lang}{number}-{rank}-{kind}", claim=changed, label="contradicted", perturbation=kind, **named)  # fmt: skip
            for rank, (kind, claim) in enumerate(group.other):
                yield Pair(id=f"f{lang}{number}-{rank}", claim=claim, label="not_found", perturbation=f"{FALSIFIED}{kind}", **named)  # fmt: skip


def _neighbours(at: int, quotes: Sequence[tuple[str, str]]) -> list[str]:
    """The two sentences nearby in the same document that share most words with it, and say something else."""
    document, quote = quotes[at]
    near = [text for other, text in quotes[max(0, at - NEARBY) : at + NEARBY] if other == document and text != quote]
    mine = content_words(quote)
    shares = {text: len(content_words(text) & mine) / max(1, len(content_words(text))) for text in near}
    return sorted((text for text in near if 0.15 < shares[text] < 0.7), key=lambda text: -shares[text])[:2]


def _otherwise(quote: str, number: int) -> tuple[str, str] | None:
    """(the sentence said otherwise, by which rules): the first set of rules, from a place that differs by sentence, that works."""
    for turn in range(len(ORDERS)):
        rules = ORDERS[(number + turn) % len(ORDERS)]
        if said := paraphrased(quote, rules):
            return said, "+".join(rules)
    return None


def _shortened(quote: str) -> str:
    """Without a last bracket, or as it is."""
    return re.sub(r"\s*\([^()]{5,60}\)(?=[.]?$)", "", quote)
