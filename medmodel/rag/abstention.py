"""Do the passages found answer the question? A chance from a few features, and silence below a threshold.

Nearness alone does not tell: without its guideline a question on ventriculitis still finds sepsis. Measured by leaving one
guideline out at a time (evals/abstention.py, which also fits the numbers in abstention.yaml):

    cosine      of the best passage
    sentence    cosine of the best sentence
    words       share of the question's content words that one passage under its title has; each counts as many times as the
                embedder cuts it into pieces, since rare words are cut ("den-os-uma-b") and common ones are not
    one_source  share of the ten passages found that one source holds: where a guideline answers, its neighbours are found too

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
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from medmodel.rag.embedder import embed_question, embedded_folder
from medmodel.rag.nearest import CONSIDERED, sentence_vectors
from medmodel.rag.support import content_words
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese, coverage
from medmodel.records import Passage

NUMBERS = Path(__file__).with_name("abstention.yaml")
NEIGHBOURS = 10  # passages among which one source's are counted
STEM = 6  # letters: "thrombolysed" meets "thrombolysis"
_WORD = re.compile(r"[^\W_][^\W_\-]*")

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
    wanted = {word[:STEM]: _pieces(word) for word in content_words(question) if len(word) > 2}
    held = [_stems(f"{passage.source.title} {' '.join(passage.heading)} {passage.text}") for passage in considered]
    sources = Counter(passage.source.id for passage, _ in found[:NEIGHBOURS])
    return {
        "cosine": max(cosine for _, cosine in found[:CONSIDERED]),
        "sentence": float((sentence_vectors(considered) @ embed_question(question)).max()),
        "words": max(sum(wanted[stem] for stem in wanted if stem in stems) for stems in held) / (sum(wanted.values()) or 1),
        "one_source": max(sources.values()) / min(NEIGHBOURS, len(found)),
        **({"understood": asked.understood} if asked else {}),
    }


def _likely(question: str, found: Found, pair: str) -> bool:
    numbers = _numbers()[pair]
    return chance(features(question, found), numbers) >= float(numbers["threshold"])


def chance(seen: Mapping[str, float], numbers: Mapping[str, Any]) -> float:
    """Chance from 0 to 1 that the references answer."""
    return 1 / (1 + math.exp(-numbers["intercept"] - sum(weight * seen[name] for name, weight in numbers["weights"].items())))


@lru_cache(maxsize=8192)
def _pieces(word: str) -> int:
    return len(_tokenizer().encode(word, add_special_tokens=False).ids)


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedded_folder() / "tokenizer.json"))
    tokenizer.no_padding()  # its file asks for 128 tokens
    return tokenizer


def _stems(text: str) -> set[str]:
    return {word[:STEM].lower() for word in _WORD.findall(text)}


@cache
def _numbers() -> dict[str, Any]:
    numbers: dict[str, Any] = yaml.safe_load(NUMBERS.read_text(encoding="utf-8"))
    return numbers
