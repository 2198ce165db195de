"""How well a passage meets a question word by word: of each word piece of the question, the nearest one of the passage.

A passage's own vector is the mean over its words, so "wearable defibrillator vest" is near to whatever speaks of defibrillators.
Here each piece of the question that says something looks for its like among the passage's pieces, each as the encoder sees it in
its context, and the mean of those cosines is the match: late interaction (Khattab and Zaharia 2020, "ColBERT", arXiv 2004.12832)
with the packaged embedder as it is, which was not trained for it. It costs an encoding of the passage's pieces (some 10 ms on
one core for 100), which is kept for passages that come again; so it judges the dozen that a search found, and finds none itself.

Three readers: `retrievers/late.py` puts the passages in order, `nearest.py` the sentences, and `abstention.py` asks whether
the best of them says enough. English alone, as the embedder; of a text, its first 160 pieces.

    matches("Is the vest an option after an infarction?", passages)      # [0.71, 0.58]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medmodel.rag.asked import FUNCTION_WORDS
from medmodel.rag.embedder import embed_tokens
from medmodel.rag.kept import Kept
from medmodel.rag.minilm import Tokens
from medmodel.records import Passage

KEPT = 512  # passages' pieces, of some 80 kB a passage
MARKS = ("[CLS]", "[SEP]")
_Cosines = npt.NDArray[np.float32]


def matches(question: str, passages: Sequence[Passage]) -> list[float]:
    """The match of each passage under its title: from 0 or a little below to 1."""
    return [float(cosines.max(1).mean()) for _, cosines in _cosines(question, passages)]


def sentence_matches(question: str, passages: Sequence[Passage]) -> list[float]:
    """The match of each sentence of the passages, one passage after the other: the sentence under its passage's title, as
    the passage has it, so that "it" and "the dose" are read with what they stand for."""
    found = []
    for passage, (tokens, cosines) in zip(passages, _cosines(question, passages), strict=True):
        begins, ends = tokens.spans.T - len(_title(passage))
        for sentence in passage.sentences:
            own = (ends <= 0) | ((begins >= sentence.start) & (ends <= sentence.end))
            found.append(float(cosines[:, own].max(1).mean()))
    return found


def word_matches(question: str, passages: Sequence[Passage]) -> tuple[list[str], _Cosines]:
    """The words of the question that say something, and how well each passage meets each (passages, words): the mean over
    the word's pieces."""
    tokens, telling = _asked(question)
    words: list[list[int]] = []  # the pieces of each
    for place, at in enumerate(telling):
        if words and tokens.spans[at][0] == tokens.spans[telling[place - 1]][1]:
            words[-1].append(place)
        else:
            words.append([place])
    spans = tokens.spans[telling]
    told = [question[spans[word[0]][0] : spans[word[-1]][1]] for word in words]
    best = [cosines.max(1) for _, cosines in _cosines(question, passages)]
    return told, np.array([[found[word].mean() for word in words] for found in best], dtype=np.float32)


def _asked(question: str) -> tuple[Tokens, list[int]]:
    """The pieces of a question, and which of them say something."""
    tokens, *_ = _kept.of([question])
    own = [at for at, piece in enumerate(tokens.pieces) if piece not in MARKS] or list(range(len(tokens.pieces)))
    return tokens, [at for at in own if _tells(tokens.pieces[at])] or own


def _cosines(question: str, passages: Sequence[Passage]) -> list[tuple[Tokens, _Cosines]]:
    """The pieces of each passage under its title, and the cosines (telling pieces of the question, pieces) of the two."""
    tokens, telling = _asked(question)
    asked = tokens.vectors[telling].astype(np.float32)
    read = _kept.of([_title(passage) + passage.text for passage in passages])
    return [(tokens, asked @ tokens.vectors.T.astype(np.float32)) for tokens in read]


def _title(passage: Passage) -> str:
    return f"{passage.source.title}. {' > '.join(passage.heading)}. "


def _tells(piece: str) -> bool:
    return piece not in FUNCTION_WORDS and piece not in MARKS and any(sign.isalnum() for sign in piece)


_kept = Kept(embed_tokens, KEPT)
