"""Quarantine training documents that repeat held-out text: what a gate asks must not have been read.

A quarantined document is held out too: nothing is trained on it, and clinicians still find it in the index. Since it
then counts as held-out text itself, the step goes on until nothing more repeats.

The test is the longest run of words shared with any held-out document. From 13 words on it counts: that is what the
gate's contamination suite looks for, in words cut the same way. Paraphrases are not covered.

Sources: 13 words, GPT-3 (arXiv 2005.14165, appendix C); longest match, ConTAM (arXiv 2411.03923).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from datatrove.pipeline.base import PipelineStep

from medmodel.registry import register

LONGEST_RUN = 13  # words: what the gate calls contamination; shorter overlaps are thresholds that guidelines quote


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
        for number, text in enumerate(self._texts):
            for at, gram in grams(text, LONGEST_RUN):
                self._seeds.setdefault(gram, []).append((number, at))

    def repeated_in(self, text: str) -> str:
        """What a text repeats; "" when nothing to speak of."""
        run = self._longest_run(words(text))
        return f"a run of {run} words of a held-out document" if run >= LONGEST_RUN else ""

    def _longest_run(self, found: Sequence[str]) -> int:
        longest = 0
        for at, gram in grams(found, LONGEST_RUN):
            for number, start in self._seeds.get(gram, ()):
                text = self._texts[number]
                if at and start and found[at - 1] == text[start - 1]:
                    continue  # the run was measured from its first word
                length = LONGEST_RUN
                while at + length < len(found) and start + length < len(text) and found[at + length] == text[start + length]:
                    length += 1
                longest = max(longest, length)
        return longest


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[\u3400-\u9fff]", text.lower())


def grams(found: Sequence[str], size: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(position, n-gram) for every n-gram of a text."""
    for at in range(len(found) - size + 1):
        yield at, tuple(found[at : at + size])
