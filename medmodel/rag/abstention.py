"""Do the passages found answer the question? A chance from a few features, and silence below a threshold.

Nearness alone does not tell: without its guideline a question on ventriculitis still finds sepsis. Measured by leaving one
guideline out at a time (evals/silence.py, which also fits the numbers in abstention.yaml):

    late        how well a passage under its title meets the question word by word (`medmodel.rag.late`): what tells most
    apart       by how much, beside the best passage of another source: the neighbours of a subject match about alike
    one_source  share of the ten passages found that one source holds: where a guideline answers, its neighbours are found too
    length      logarithm of the number of content words: the more is asked, the less of it one passage has

The threshold is conformal: of silent questions like those it was fitted on, at most one in twenty is expected to pass.
A Chinese question over English passages is asked by its terms in English (`medmodel.rag.terms`), with weights of its own and

    understood  share of the question that the tables have in English: what they lack may be what is asked

Chinese passages, which the embedded embedder does not know: half of the question's words in one. Not covered: a
passage on the very subject that leaves out the one thing that is asked; that is the model's to say, or the reader's to see.
Fitted on guidelines of 6 to 90 passages each: over sources of one passage or two it is silent more often than it need be.

    answerable("How much apixaban?", [(passage, 0.71), …])
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from medmodel.rag.late import matches
from medmodel.rag.nearest import CONSIDERED
from medmodel.rag.support import content_words
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese, coverage
from medmodel.records import Passage

NUMBERS = Path(__file__).with_name("abstention.yaml")
NEIGHBOURS = 10  # passages among which one source's are counted

Found = Sequence[tuple[Passage, float]]  # passages with their cosines, best first


def answerable(question: str, found: Found) -> bool:
    """Whether an answer may be written from these passages."""
    if not chinese(question):
        return bool(found) and _likely(question, found, "en")
    if any(coverage(question, passage.text) >= _numbers()["zh"]["words"] for passage, _ in found[:CONSIDERED]):
        return True
    in_english = [(passage, cosine) for passage, cosine in found if not chinese(passage.text)]
    return bool(in_english) and _likely(question, in_english, "zh_to_en")


def features(question: str, found: Found) -> dict[str, float]:
    """What the chance is worked out from; `found` is not empty, and in English."""
    considered = [passage for passage, _ in found[:CONSIDERED]]
    asked = bridged(question) if chinese(question) else None
    if asked:
        question = asked.english
    sources = Counter(passage.source.id for passage, _ in found[:NEIGHBOURS])
    late = [(match, passage.source.id) for match, passage in zip(matches(question, considered), considered, strict=True)]
    best, source = max(late)
    return {
        "late": best,
        "apart": best - max((match for match, other in late if other != source), default=min(late)[0]),
        "length": math.log1p(sum(len(word) > 2 for word in content_words(question))),
        "one_source": max(sources.values()) / min(NEIGHBOURS, len(found)),
        **({"understood": asked.understood} if asked else {}),
    }


def _likely(question: str, found: Found, pair: str) -> bool:
    numbers = _numbers()[pair]
    return chance(features(question, found), numbers) >= float(numbers["threshold"])


def chance(seen: Mapping[str, float], numbers: Mapping[str, Any]) -> float:
    """Chance from 0 to 1 that the references answer."""
    return 1 / (1 + math.exp(-numbers["intercept"] - sum(weight * seen[name] for name, weight in numbers["weights"].items())))


@cache
def _numbers() -> dict[str, Any]:
    numbers: dict[str, Any] = yaml.safe_load(NUMBERS.read_text(encoding="utf-8"))
    return numbers
