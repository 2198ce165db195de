"""Stage `phi_names`: trains the small model that tells names and places from other words (`medmodel.phi.names`).

Positive windows come from synthetic notes; other words from the same notes, from guideline sections, where no capital word is
a patient's name, and for Chinese from a dictionary's words that begin as surnames do. Most names are learnt
without their spelling, so that unknown names are known by where they stand. Logistic regression, deterministic.

    medmodel run small --until names
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

from data_build.phi_notes import Note, notes
from medmodel import registry
from medmodel.job import Job
from medmodel.phi.names import BITS, LABELS, NameModel, is_candidate, tokens_of, word_features, zh_features, zh_windows

DICTIONARY = 60_000  # most frequent words of jieba's dictionary
REGULARISED = 3.0  # C of the regression; not tuned


class Seen(NamedTuple):
    """One word or window: its features, and what it is."""

    features: list[int]
    label: int


def run(job: Job) -> dict[str, Any]:
    """Write names.npz; returns how many words were learnt from."""
    import numpy as np

    job.clear()
    weights, known, count = train(job.config.notes, job.config.unnamed, job.config.documents, job.seed)
    np.savez(job.out / "names.npz", weights=weights, known=known)
    return {"words": count, "features": int((weights != 0).any(axis=1).sum())}


def model(count: int = 6000, unnamed: float = 0.8, documents: int = 120, seed: int = 17) -> NameModel:
    """A model in memory: for tests and measurements."""
    weights, known, _ = train(count, unnamed, documents, seed)
    return NameModel([tuple(row) for row in weights.tolist()], known.tolist())


def train(count: int, unnamed: float, documents: int, seed: int) -> tuple[Any, Any, int]:
    """Weights by bucket and label; the hashes of known words; how many words were learnt from."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    chance = random.Random(seed)
    guidelines = [document.text for document in sorted(registry.get("source", "open_medicine")(), key=lambda each: each.id)]
    entries = _dictionary()
    known = frozenset(crc32(word.encode()) for word in {*entries, *re.findall(r"\b[a-z]{2,}\b", " ".join(guidelines))})
    seen = [one for note in notes("train", count, seed) for one in _of_note(note, known, chance, unnamed)]
    seen += _of_guidelines(guidelines[:documents], known, chance)
    seen += _of_dictionary(entries, known, chance)
    starts = np.cumsum([0, *(len(one.features) for one in seen)])
    columns = np.fromiter((feature for one in seen for feature in one.features), dtype=np.int32, count=starts[-1])
    used, compact = np.unique(columns, return_inverse=True)
    matrix = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), compact.astype(np.int32), starts), shape=(len(seen), len(used))
    )
    matrix.sum_duplicates()
    fitted = LogisticRegression(C=REGULARISED, max_iter=120, tol=1e-3).fit(matrix, np.array([one.label for one in seen]))
    weights = np.zeros((1 << BITS, len(LABELS)), dtype=np.float16)
    weights[used] = fitted.coef_.T.astype(np.float16)
    weights[word_features(tokens_of("A"), 0, 0)[0]] += fitted.intercept_.astype(np.float16)  # the feature that every word has
    weights[zh_features("王伟", 0, 2)[0]] += fitted.intercept_.astype(np.float16)
    return weights, np.array(sorted(known), dtype=np.uint32), len(seen)


def _of_note(note: Note, known: frozenset[int], chance: random.Random, unnamed: float) -> Iterator[Seen]:
    spans = [(one.start, one.end, LABELS.index(one.kind)) for one in note.gold if one.kind in LABELS]
    if note.language == "zh":
        names = {(start, end) for start, end, label in spans if label == 1}
        for start, ends in zh_windows(note.text):
            for end in ends:
                right = (start, end) in names
                yield Seen(
                    zh_features(
                        note.text,
                        start,
                        end,
                        known,
                        (right and chance.random() > unnamed) or (not right and chance.random() > 0.2),
                    ),
                    int(right),
                )
        return
    tokens = tokens_of(note.text)
    before = 0
    for at, token in enumerate(tokens):
        label = next((label for start, end, label in spans if start <= token.start and token.end <= end), 0)
        if is_candidate(token.text):
            hidden = unnamed if label else 0.2
            yield Seen(word_features(tokens, at, before, known, chance.random() >= hidden), label)
        elif label and token.text in ".,":
            continue
        before = label if is_candidate(token.text) else 0


def _of_guidelines(texts: list[str], known: frozenset[int], chance: random.Random) -> Iterator[Seen]:
    for text in texts:
        tokens = tokens_of(text[:4000])
        for at, token in enumerate(tokens):
            if is_candidate(token.text):
                yield Seen(word_features(tokens, at, 0, known, chance.random() >= 0.2), 0)


def _dictionary() -> list[str]:
    """The most frequent Chinese words that are no person's name."""
    from importlib.resources import files

    entries = [line.split(" ") for line in files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()]
    words = [
        entry
        for entry in entries
        if len(entry) == 3 and not entry[2].startswith("nr") and re.fullmatch("[\u4e00-\u9fff]{2,}", entry[0])
    ]
    return [word for word, _, _ in sorted(words, key=lambda entry: (-int(entry[1]), entry[0]))[:DICTIONARY]]


def _of_dictionary(words: list[str], known: frozenset[int], chance: random.Random) -> Iterator[Seen]:
    """A dictionary's words in lines that mean nothing: what begins with a surname there is no name."""
    shuffled = chance.sample(words, k=len(words))
    for at in range(0, len(shuffled) - 12, 12):
        text = "".join(word + chance.choice(["", "", "", "，", "。"]) for word in shuffled[at : at + 12])
        for start, ends in zh_windows(text):
            for end in ends:
                yield Seen(zh_features(text, start, end, known, chance.random() >= 0.2), 0)
