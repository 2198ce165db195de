"""Do the passages found answer the question? A chance from a few features, and silence below a threshold.

Nearness alone does not tell: without its guideline a question on ventriculitis still finds sepsis. What tells is which words of
the question are met, and how much those words tell: of "dose of apixaban in dialysis" a passage that meets "dose" has met little.
A word is the rarer, the fewer passages of the index have it. Measured by leaving one guideline out at a time (evals/silence.py,
which also fits the numbers in abstention.yaml):

    met       share of what the question says that the best passage under its title meets, word by word (`medmodel.rag.late`)
    apart     by how much, beside the best passage of another document: the neighbours of a subject match about alike
    lacking   how much the word says that is met worst
    said      logarithm of how much all words say: the more, the less of it one passage has
    length    logarithm of the number of content words

None of them knows how large a source is, or how many subjects it has: an upload of one passage, a guideline and a collection of
pages are weighed alike. The threshold is conformal: of silent questions like those it was fitted on, at most one in twenty is
expected to pass.
A Chinese question over English passages is asked by its terms in English (`medmodel.rag.terms`), with weights of its own and

    understood  share of the question that the tables have in English: what they lack may be what is asked

Chinese passages, which the embedded embedder does not know: half of the question's words in one. Not covered: a
passage on the very subject that leaves out the one thing that is asked; that is the model's to say, or the reader's to see.

    answerable("How much apixaban?", [(passage, 0.71), …], rarity(index))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from medmodel.rag.index import Index
from medmodel.rag.late import word_matches
from medmodel.rag.nearest import CONSIDERED
from medmodel.rag.support import content_words
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese, coverage
from medmodel.records import Passage

NUMBERS = Path(__file__).with_name("abstention.yaml")
TYPICAL = (
    5.0  # rarity of a word whose passages cannot be counted: mean of 7,016 words of strangers' questions over the demo's index
)

Found = Sequence[tuple[Passage, float]]  # passages with their cosines, best first
Rarity = Callable[[str], float]


def typical(word: str) -> float:
    """The rarity of any word, where the passages that have it cannot be counted."""
    return TYPICAL


def answerable(question: str, found: Found, rare: Rarity = typical) -> bool:
    """Whether an answer may be written from these passages. `rare` says how rare a word is in what was searched."""
    if not chinese(question):
        return bool(found) and _likely(question, found, rare, "en")
    if any(coverage(question, passage.text) >= _numbers()["zh"]["words"] for passage, _ in found[:CONSIDERED]):
        return True
    in_english = [(passage, cosine) for passage, cosine in found if not chinese(passage.text)]
    return bool(in_english) and _likely(question, in_english, rare, "zh_to_en")


def rarity(*indexes: Index) -> Rarity:
    """Logarithm of 1 and how many passages these have for one with the word: 0.7 of what all have."""
    passages = sum(len(index.passages) for index in indexes)

    def rare(word: str) -> float:
        having = [index.having(word) for index in indexes]
        return TYPICAL if None in having else math.log(1 + passages / (1 + sum(filter(None, having))))

    return rare


def features(question: str, found: Found, rare: Rarity) -> dict[str, float]:
    """What the chance is worked out from; `found` is not empty, and in English."""
    considered = [passage for passage, _ in found[:CONSIDERED]]
    asked = bridged(question) if chinese(question) else None
    if asked:
        question = asked.english
    words, matches = word_matches(question, considered)
    says = np.array([rare(word) for word in words])
    met = matches @ says / says.sum()
    best = considered[int(met.argmax())].document_id
    others = [share for share, passage in zip(met, considered, strict=True) if passage.document_id != best]
    return {
        "met": float(met.max()),
        "apart": float(met.max() - max(others, default=met.min())),
        "lacking": float(((1 - matches) * says).max(1).min()),
        "said": math.log(says.sum()),
        "length": math.log1p(sum(len(word) > 2 for word in content_words(question))),
        **({"understood": asked.understood} if asked else {}),
    }


def _likely(question: str, found: Found, rare: Rarity, pair: str) -> bool:
    numbers = _numbers()[pair]
    return chance(features(question, found, rare), numbers) >= float(numbers["threshold"])


def chance(seen: Mapping[str, float], numbers: Mapping[str, Any]) -> float:
    """Chance from 0 to 1 that the references answer."""
    return 1 / (1 + math.exp(-numbers["intercept"] - sum(weight * seen[name] for name, weight in numbers["weights"].items())))


@cache
def _numbers() -> dict[str, Any]:
    numbers: dict[str, Any] = yaml.safe_load(NUMBERS.read_text(encoding="utf-8"))
    return numbers
