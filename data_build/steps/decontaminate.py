"""Quarantine training documents that repeat held-out text: what a gate asks must not have been read.

A quarantined document is held out too: nothing is trained on it, and clinicians still find it in the index. Since it
then counts as held-out text itself, the step goes on until nothing more repeats.

The test is the longest run of words shared with held-out text. From 13 words on it counts: that is what the gate's
contamination suite looks for, in words cut the same way. Paraphrases are not covered.

Sources: 13 words, GPT-3 (arXiv 2005.14165, appendix C); longest match, ConTAM (arXiv 2411.03923).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from data_build import words
from data_build.sketch import Sketches
from data_build.steps.comparison import Comparison, Finding
from medmodel.registry import register

LONGEST_RUN = 13  # words: what the gate calls contamination; shorter overlaps are thresholds that guidelines quote


@register("step", "decontaminate")
class Decontaminate(Comparison):
    """Finds every training document that repeats held-out text, and says how much."""

    name = "decontaminate"
    tags = ("quarantined",)

    def compare(self, sketches: Sketches) -> Iterator[Finding]:
        live = ~sketches.meta["dropped"]
        news = np.flatnonzero(live & sketches.meta["heldout"]).tolist()
        train = np.flatnonzero(live & ~sketches.meta["heldout"]).tolist()
        while news:
            heldout = _grams(sketches, news)
            news = []
            for number in train:
                run = repeated(sketches.words_of(number, plain=True), heldout)
                if run:
                    news.append(number)
                    yield Finding(number, "quarantined", f"a run of {run} words of a held-out document")
            train = sorted(set(train) - set(news))


def repeated(found: words.U32, heldout: words.U64) -> int:
    """The longest run of words that stand in a row in held-out text; 0 when there is none of `LONGEST_RUN`."""
    if len(found) < LONGEST_RUN or not len(heldout):
        return 0
    grams = words.runs(found, LONGEST_RUN)
    at = np.minimum(np.searchsorted(heldout, grams), len(heldout) - 1)
    run = words.longest_run(heldout[at] == grams)
    return run + LONGEST_RUN - 1 if run else 0


def _grams(sketches: Sketches, numbers: Sequence[int]) -> words.U64:
    """Every run of `LONGEST_RUN` words of these documents, sorted."""
    texts = (sketches.words_of(number, plain=True) for number in numbers)
    grams = [words.runs(found, LONGEST_RUN) for found in texts if len(found) >= LONGEST_RUN]
    return words.distinct(np.concatenate(grams)) if grams else np.empty(0, dtype=np.uint64)
