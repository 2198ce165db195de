"""Which of the sentences shown are nearest to a question: named in the prompt, and quoted when no model's words hold up.

Nearness is the cosine of the question and the sentence under its heading, plus the share of the question's words that the
sentence has; for Chinese, which the embedded embedder does not know, that share alone. The nearest sentence of the passage
that retrieval put first leads, since retrieval weighs whole passages and their year; then come all others by nearness.

160 questions made from training guidelines, whose sentence is among the three passages shown 84 times of 100: the first of
this ranking is the right sentence in 52 %, among its first two in 67 %; the first sentence shown is in 18 %.

    nearest("How much apixaban?", passages)     # [(3, 1.21), (1, 0.88), …]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from medmodel import prompts
from medmodel.rag.citations import check
from medmodel.rag.embedder import embed, embed_question
from medmodel.rag.store import sentence_texts
from medmodel.rag.words import chinese, coverage
from medmodel.records import Message, Passage

NAMED = 2  # sentences named in the prompt
_WORD = re.compile(r"[^\W_]{3,}")


def grounded_prompt(question: str, passages: Sequence[Passage]) -> tuple[Message, ...]:
    """The product's prompt for a question over these passages: what is asked of the model, and what it is trained on."""
    return prompts.grounded_messages(question, passages, named(question, passages))


def named(question: str, passages: Sequence[Passage]) -> list[int]:
    """Numbers of the sentences that the prompt names as nearest."""
    return [number for number, _ in nearest(question, passages)[:NAMED]]


def nearest(question: str, passages: Sequence[Passage]) -> list[tuple[int, float]]:
    """(number as in the prompt, nearness) of every sentence, best first; nearness is 0 to 2, for Chinese 0 to 1.

    Sentences too short to be checked ("Repeat.") are left out, unless there is no other.
    """
    sentences = [prompts.one_line(passage.sentence(at)) for passage, at in prompts.numbered(passages)]
    if chinese(question):
        nearness = [coverage(question, sentence) for sentence in sentences]
    else:
        cosines = np.concatenate([_vectors(passage) for passage in passages]) @ embed_question(question)
        wanted = _words(question)
        nearness = [
            float(cosine) + len(wanted & _words(sentence)) / max(1, len(wanted))
            for cosine, sentence in zip(cosines, sentences, strict=True)
        ]
    whole = [at for at, sentence in enumerate(sentences) if _whole(sentence)] or list(range(len(sentences)))
    by_nearness = sorted(whole, key=lambda at: -nearness[at])
    leading = [at for at in by_nearness if at < len(passages[0].sentences)][:1]
    return [(at + 1, nearness[at]) for at in [*leading, *(at for at in by_nearness if at not in leading)]]


@lru_cache(maxsize=4096)  # some 12 kB each
def _vectors(passage: Passage) -> npt.NDArray[np.float32]:
    """One unit vector a sentence. Kept: the same passages come again with the next question, or the next model."""
    return embed(sentence_texts(passage))


@lru_cache(maxsize=8192)  # of 150 bytes each
def _whole(sentence: str) -> bool:
    """Long enough to be checked. Kept, as the vectors are."""
    return not check(sentence, sentence)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
