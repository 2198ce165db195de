"""Quarantine training documents that repeat held-out text: what a gate asks must not have been read.

A quarantined document is held out too: nothing is trained on it, and clinicians still find it in the index. Since it
then counts as held-out text itself, the step goes on until nothing more repeats.

Two tests against all held-out documents: the longest run of words shared with one (found through 8-grams), and the
share of a document's 13-grams that stand in any. Guidelines quote each other's thresholds, so short overlaps are normal.

Sources: 13-grams, GPT-3 (arXiv 2005.14165, appendix C); longest match from 8-grams, ConTAM (arXiv 2411.03923).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from datatrove.pipeline.base import PipelineStep

from medmodel.registry import register

SEED_GRAM = 8  # words: finds candidates for a long run
LONGEST_RUN = 13  # words: what the gate calls contamination
LONG_GRAM = 13
SHARE = 0.3  # of a document's 13-grams


@register("step", "decontaminate")
class Decontaminate(PipelineStep):
    """A global step: holds out every train document that repeats held-out text, and says why in its attributes."""

    name = "decontaminate"
    type = "medmodel"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        documents = list(data)
        records = {document.id: document.metadata["document"] for document in documents}
        live = [document for document in documents if not document.metadata["drop"]]
        found = True
        while found:
            found = False
            heldout = Heldout(document.text for document in live if records[document.id]["split"] == "heldout")
            for document in live:
                record = records[document.id]
                reason = heldout.repeated_in(document.text) if record["split"] == "train" else ""
                if reason:
                    record["split"] = "heldout"
                    record["attributes"]["quarantined"] = reason
                    found = True
        yield from documents


class Heldout:
    """The n-grams of all held-out texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = [words(text) for text in texts]
        self._seeds: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        self._long: set[tuple[str, ...]] = set()
        for number, text in enumerate(self._texts):
            for at, gram in grams(text, SEED_GRAM):
                self._seeds.setdefault(gram, []).append((number, at))
            self._long.update(gram for _, gram in grams(text, LONG_GRAM))

    def repeated_in(self, text: str) -> str:
        """What a text repeats; "" when nothing to speak of."""
        found = words(text)
        run = self._longest_run(found)
        if run >= LONGEST_RUN:
            return f"a run of {run} words of a held-out document"
        long = [gram for _, gram in grams(found, LONG_GRAM)]
        share = sum(gram in self._long for gram in long) / max(1, len(long))
        return f"{share:.0%} of its 13-grams are in held-out documents" if share > SHARE else ""

    def _longest_run(self, found: Sequence[str]) -> int:
        longest = 0
        for at, gram in grams(found, SEED_GRAM):
            for number, start in self._seeds.get(gram, ()):
                text = self._texts[number]
                if at and start and found[at - 1] == text[start - 1]:
                    continue  # the run was measured from its first word
                length = SEED_GRAM
                while at + length < len(found) and start + length < len(text) and found[at + length] == text[start + length]:
                    length += 1
                longest = max(longest, length)
        return longest


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+|[\u4e00-\u9fff]", text.lower())


def grams(found: Sequence[str], size: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(position, n-gram) for every n-gram of a text."""
    for at in range(len(found) - size + 1):
        yield at, tuple(found[at : at + size])
