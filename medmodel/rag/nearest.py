"""Which sentences of the passages found are nearest to a question: those alone are shown to the model, and two are named.

Nearness is how well the sentence, and how well its passage, meets the question word by word (`medmodel.rag.late`), plus half of:
the cosine of the question and the sentence under its heading, and the share of the question's words that the sentence has.
For a Chinese sentence, which the embedded embedder does not know, it is twice that share; a Chinese question is
near to an English sentence by its terms in English (`medmodel.rag.terms`). The nearest sentence of the passage
that retrieval put first leads, since retrieval weighs whole passages and their year; then come all others by nearness.

On two cores reading the prompt is what an answer waits for, so the model reads SENTENCES sentences and not passages. Of 550
questions that strangers asked about the demo's guidelines the right section is among the four in .81 and first in .64; by
the cosine and the words alone, over passages in the order of the search, in .78 and .50.

    shown = evidence("How much apixaban?", passages)     # the same passages, each with those of its sentences alone
    nearest("How much apixaban?", shown)                 # [(3, 1.21), (1, 0.88), …]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.documents import Document as Hit

from medmodel import prompts
from medmodel.rag.citations import check
from medmodel.rag.embedder import embed, embed_question
from medmodel.rag.kept import Kept
from medmodel.rag.late import matches, sentence_matches
from medmodel.rag.store import sentence_texts
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese, coverage
from medmodel.records import Message, Passage

CONSIDERED = 6  # passages whose sentences are ranked
SENTENCES = 4  # shown to the model; see above
NAMED = 2  # sentences named in the prompt
KEPT = 20_000  # sentence vectors, of 1.5 kB each
_WORD = re.compile(r"[^\W_]{3,}")


def evidence(question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """What an answer is written from: the nearest sentences of the first CONSIDERED passages.

    Each passage keeps its text and its id, and of its sentences those that were chosen; passages without any are left out.
    Those of one source stand together, and retrieval's first passage leads: a repair over it alone shares its prefix.
    """
    considered = passages[:CONSIDERED]
    sentences = prompts.numbered(considered)
    chosen = {number for number, _ in nearest(question, considered)[:SENTENCES]}
    kept: dict[str, list[int]] = {}
    for number, (passage, at) in enumerate(sentences, 1):
        if number in chosen:
            kept.setdefault(passage.id, []).append(at)
    shown = [
        passage.model_copy(update={"sentences": tuple(passage.sentences[at] for at in kept[passage.id])})
        for passage in considered
        if passage.id in kept
    ]
    sources = list(dict.fromkeys(passage.source.id for passage in shown))
    return tuple(sorted(shown, key=lambda passage: sources.index(passage.source.id)))


def grounded_prompt(question: str, passages: Sequence[Passage]) -> tuple[Message, ...]:
    """The product's prompt for a question over its evidence: what is asked of the model, and what it is trained on."""
    return prompts.grounded_messages(question, passages, named(question, passages))


def named(question: str, passages: Sequence[Passage]) -> list[int]:
    """Numbers of the sentences that the prompt names as nearest."""
    return [number for number, _ in nearest(question, passages)[:NAMED]]


def nearest(question: str, passages: Sequence[Passage]) -> list[tuple[int, float]]:
    """(number as in the prompt, nearness) of every sentence, best first; nearness is 0 to 2.

    Sentences too short to be checked ("Repeat.") and those that lead into a list ("Give one of:") are left out, unless there
    is no other.
    """
    sentences = [prompts.one_line(passage.sentence(at)) for passage, at in prompts.numbered(passages)]
    asked = bridged(question).english if chinese(question) else question
    wanted = _words(asked)
    cosines = sentence_vectors(passages) @ embed_question(asked)
    of_passage = [m for m, passage in zip(matches(asked, passages), passages, strict=True) for _ in passage.sentences]
    nearness = [
        2 * coverage(question, sentence)
        if chinese(sentence)
        else match + around + (float(cosine) + len(wanted & _words(sentence)) / max(1, len(wanted))) / 2
        for match, around, cosine, sentence in zip(
            sentence_matches(asked, passages), of_passage, cosines, sentences, strict=True
        )
    ]
    whole = [at for at, sentence in enumerate(sentences) if _whole(sentence)] or list(range(len(sentences)))
    by_nearness = sorted(whole, key=lambda at: -nearness[at])
    leading = [at for at in by_nearness if at < len(passages[0].sentences)][:1]
    return [(at + 1, nearness[at]) for at in [*leading, *(at for at in by_nearness if at not in leading)]]


def sentence_vectors(passages: Sequence[Passage]) -> npt.NDArray[np.float32]:
    """One unit vector a sentence, numbered as in the prompt: of the sentence under its heading."""
    return np.stack(_vectors.of([text for passage in passages for text in sentence_texts(passage)]))


def taken(hits: Iterable[Hit]) -> list[tuple[Passage, float]]:
    """(passage, cosine) of a retriever's hits. Sentence vectors that come with a hit are kept: then none is computed."""
    found = []
    for hit in hits:
        passage: Passage = hit.metadata["passage"]
        vectors = hit.metadata.get("sentence_vectors")  # of an index that was built with them
        if vectors is not None:
            keep(passage, vectors)
        found.append((passage, float(hit.metadata["cosine"])))
    return found


def keep(passage: Passage, vectors: npt.NDArray[np.floating[Any]]) -> None:
    """Take over the vectors that an index holds for a passage's sentences."""
    _vectors.keep(sentence_texts(passage), vectors.astype(np.float32))


_vectors = Kept(embed, KEPT)


@lru_cache(maxsize=8192)  # of 150 bytes each
def _whole(sentence: str) -> bool:
    """Long enough to be checked, and no line that only leads into a list. Kept, as the vectors are."""
    return not sentence.endswith((":", "：")) and not check(sentence, sentence)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
