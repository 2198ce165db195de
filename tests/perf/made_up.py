"""Made-up passages in which real questions find as much as in real ones, and the questions; for the scripts beside it.

A third of a passage's words (`KNOWN`) are those of the clinical suites' questions, as often as they stand there; the others are
of a made-up vocabulary with the frequencies of words (Zipf). A passage is four sentences, one of them its heading. What words
cost at size is how many passages have them. Shares of passages that have a question's words, added up, mean over the questions
(and of the 5 % dearest): .25 (.59) here; .26 (.60) in the demo's 2,758 passages of guidelines; .09 (.24) in BioASQ's snippets,
a fifth as long; .37 (.84) in MedQuAD's whole answers. Of its most frequent words here: .097, .051, .033, .022; there .117, .057,
.035, .022. In headings: .06 here and in guidelines.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
import yaml

from evals.questions import SUITES

ASKED = ("abstention", "over_refusal", "robustness", "omissions")
KNOWN = 1 / 3
VOCABULARY = 60_000
SENTENCES = 50_000  # different ones, of 14 words


@lru_cache(maxsize=1)
def questions() -> list[str]:
    """English questions of the clinical suites, in an order of their own."""
    found = []
    for name in ASKED:
        for group in yaml.safe_load((SUITES / f"{name}.yaml").read_text(encoding="utf-8")).values():
            found += [
                item[field]
                for item in group
                for field in ("text", "paraphrase")
                if item.get(field, "").isascii() and item.get(field)
            ]
    random.Random(3).shuffle(found)
    return found


@lru_cache(maxsize=1)
def sentences() -> list[str]:
    """Of 14 words, some 100 characters."""
    draw = random.Random(0)
    known = [word for question in questions() for word in question.split()]
    words = ["".join(draw.choices("aeiourstlnmpcd", k=draw.randint(3, 10))) for _ in range(VOCABULARY)]
    weights = list(np.cumsum(1 / np.arange(1, VOCABULARY + 1)))

    def sentence() -> str:
        unknown = draw.choices(words, cum_weights=weights, k=14)
        return " ".join(draw.choice(known) if draw.random() < KNOWN else word for word in unknown).capitalize() + "."

    return [sentence() for _ in range(SENTENCES)]
