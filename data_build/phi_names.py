"""Stage `phi_names`: trains the small model that tells names and places from other words (`medmodel.phi.names`).

Positive words and windows come from synthetic notes; others from the same notes, from guideline sections, where no capital
word is a patient's name, and for Chinese from a dictionary's words that begin as surnames do. Most names are learnt without
their spelling, so that unknown names are known by where they stand. What is known of words before comes from the guidelines,
from the vocabulary of the embedded base model (a word that has a token in lower case is a word of prose; one that has a
token with a capital only is a name of something) and from jieba's dictionary. Logistic regression by AdaGrad, deterministic.

    medmodel run small --until names
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numba import njit

from data_build import phi_styles
from data_build.phi_notes import Note, dictionary_entries, dictionary_words, measured_given, notes, running_words
from medmodel import registry
from medmodel.job import Job
from medmodel.phi.cues import chinese_surnames
from medmodel.phi.names import LABELS, Lexicon, NameModel, Weights, WordTable, capitalised, code_points, surnames
from medmodel.phi.scoring import (
    BITS,
    DICTIONARY_BITS,
    FEATURES,
    IDENTITY,
    ZH_BITS,
    ZH_FEATURES,
    ZH_IDENTITY,
    run_hash,
    window_features,
    windows,
    word_features,
)

DICTIONARY = 400_000  # words of jieba's dictionary: all
RUNNING = 240_000  # words in the lines of Chinese that hold no name
CLINICAL = (
    "heading",
    "lab",
    "drugx",
    "bug",
    "role2",
    "relation2",
    "thing2",
    "did2",
    "label2",
    "language",
    "freq",
)  # lists of words that are no names
EPOCHS = 6
RATE = 0.15  # of AdaGrad
DECAY = 2e-6  # L2 a step
LOWERED = 0.05  # share of the English notes that are read as if typed without capitals
NO_NAME_HIDDEN = 0.2  # share of other words whose spelling is hidden


class Seen(NamedTuple):
    """Words or windows: a row of buckets each, and what they are."""

    features: Any
    labels: Any


def run(job: Job) -> dict[str, Any]:
    """Write names.npz; returns how many words were learnt from."""
    job.clear()
    fitted, counts = train(job.config.notes, job.config.unnamed, job.config.documents, job.seed)
    fitted.save(job.out / "names.npz")
    return counts


def model(count: int = 20_000, unnamed: float = 0.8, documents: int = 400, seed: int = 17) -> NameModel:
    """A model in memory: for tests and measurements."""
    return train(count, unnamed, documents, seed)[0]


def train(count: int, unnamed: float, documents: int, seed: int) -> tuple[NameModel, dict[str, Any]]:
    """The model, and how many words and windows it was learnt from."""
    chance = random.Random(seed)
    guidelines = [document.text for document in sorted(registry.get("source", "open_medicine")(), key=lambda each: each.id)]
    entries = list(dictionary_words(DICTIONARY))
    lower, capital = _vocabulary()
    lexicon = _lexicon(guidelines, entries, lower, capital)
    table = WordTable(lexicon)
    english: list[Seen] = []
    chinese: list[Seen] = []
    for note in notes("train", count, seed):
        if note.language == "zh":
            chinese.append(_windows(note, lexicon, chance, unnamed))
        else:
            lowered = chance.random() < LOWERED and len(note.text.lower()) == len(note.text)
            text = capitalised(note.text.lower(), lexicon) if lowered else note.text
            english.append(_words(text, _labels_of(note), table, chance, unnamed))
    english += [_words(line, {}, table, chance, unnamed) for line in _headings(lower, count // 4, chance)]
    english += [_words(text[:4000], {}, table, chance, unnamed) for text in guidelines[:documents]]
    chinese += _of_dictionary(lexicon, seed, chance)
    words, window = _together(english, FEATURES), _together(chinese, ZH_FEATURES)
    by_label = _fit(words.features, words.labels, len(LABELS), 1 << BITS, EPOCHS, RATE, DECAY, seed)
    odds = _fit(window.features, window.labels, 2, 1 << ZH_BITS, EPOCHS, RATE, DECAY, seed)
    weights = Weights(by_label, np.ascontiguousarray(odds[:, 1] - odds[:, 0]))
    return NameModel(weights, lexicon), {"words": len(words.labels), "windows": len(window.labels)}


def _labels_of(note: Note) -> dict[int, int]:
    """The label of every character of a name or place."""
    kinds = [(one, LABELS.index(one.kind)) for one in note.gold if one.kind in LABELS]
    return {at: label for one, label in kinds for at in range(one.start, one.end)}


def _words(text: str, labels: dict[int, int], table: WordTable, chance: random.Random, unnamed: float) -> Seen:
    spans, rows = table.read(text)
    features, found = [], []
    before = 0
    for at, (start, _) in enumerate(spans):
        label = labels.get(start, 0)
        if table.table[rows[at], 8] & 1:
            out = np.empty(FEATURES, dtype=np.int64)
            word_features(rows, table.table, at, before, out)
            if chance.random() < (unnamed if label else NO_NAME_HIDDEN):
                out[-IDENTITY:] = out[0]
            features.append(out)
            found.append(label)
            before = label
        elif not (label and text[start] in ".,"):
            before = 0
    return Seen(np.array(features, dtype=np.int32).reshape(-1, FEATURES), np.array(found, dtype=np.uint8))


def _windows(note: Note, lexicon: Lexicon, chance: random.Random, unnamed: float) -> Seen:
    names = {(one.start, one.end) for one in note.gold if one.kind == "name"}
    return _of_windows(note.text, names, lexicon, chance, unnamed)


def _of_windows(text: str, names: set[tuple[int, int]], lexicon: Lexicon, chance: random.Random, unnamed: float) -> Seen:
    codes = code_points(text)
    starts, ends = windows(codes, *surnames())
    features = np.empty((len(starts), ZH_FEATURES), dtype=np.int64)
    labels = np.zeros(len(starts), dtype=np.uint8)
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        window_features(codes, start, end, lexicon.dictionary, lexicon.given, features[at])
        labels[at] = (start, end) in names
        if chance.random() < (unnamed if labels[at] else NO_NAME_HIDDEN):
            features[at, -ZH_IDENTITY:] = features[at, 0]
    return Seen(features.astype(np.int32), labels)


def _of_dictionary(lexicon: Lexicon, seed: int, chance: random.Random) -> Iterable[Seen]:
    """Words in lines that mean nothing, often ones often: what begins with a surname there is no name."""
    every = running_words(RUNNING, seed)
    for at in range(0, len(every) - 16, 16):
        text = "".join(word + chance.choice(["", "", "", "", "，", "。", "、"]) for word in every[at : at + 16])
        yield _of_windows(text, set(), lexicon, chance, 0.0)


def _headings(lower: Iterable[str], count: int, chance: random.Random) -> Iterable[str]:
    """Lines of words of prose that mean nothing, some with a capital as in headings and lists: none is a name."""
    words = sorted(word for word in lower if len(word) > 2)
    for _ in range(count):
        said = [chance.choice(words) for _ in range(chance.randint(2, 12))]
        share = chance.choice([0.2, 0.5, 1.0])
        said = [word.capitalize() if chance.random() < share else word for word in said]
        if chance.random() < 0.15:
            said = [word.upper() for word in said]
        yield "".join(
            word + chance.choice([" ", " ", " ", " ", ", ", ": ", ". ", " - ", "\n", " and ", " (", ") ", "? "])
            for word in said
        )


def _together(seen: list[Seen], size: int) -> Seen:
    return Seen(np.concatenate([one.features.reshape(-1, size) for one in seen]), np.concatenate([one.labels for one in seen]))


def _lexicon(guidelines: list[str], entries: list[str], lower: dict[str, int], capital: dict[str, int]) -> Lexicon:
    clinical = " ".join(phi_styles.LISTS[key] for key in CLINICAL).lower()
    known = {*re.findall(r"\b[a-z]{2,}\b", " ".join(guidelines)), *re.findall(r"[a-z]{3,}", clinical), *lower}
    dictionary = np.zeros(1 << DICTIONARY_BITS, dtype=np.uint8)
    for word in entries:
        if len(word) < 5:
            codes = code_points(word)
            dictionary[run_hash(codes, 0, len(codes))] = 1
    # a word of prose is proper, too, when its capital form is the more frequent one (Frank, March)
    proper = {word for word, rank in capital.items() if word not in known or rank < lower.get(word, 0)}
    return Lexicon(frozenset(map(_crc, known)), frozenset(map(_crc, proper)), dictionary, _given_odds())


def _crc(word: str) -> int:
    return crc32(word.encode())


def _vocabulary() -> tuple[dict[str, int], dict[str, int]]:
    """Words of the base model's vocabulary that have a token in lower case, and those (lower-cased) that have one with a capital.

    With the token's number: tokens were merged in the order of how frequent they are.
    """
    from gguf import GGUFReader

    from medmodel.train.base import embedded_gguf

    field = GGUFReader(embedded_gguf()).fields["tokenizer.ggml.tokens"]
    tokens = [bytes(field.parts[at]).decode("utf-8") for at in field.data]
    lower = {token[1:]: rank for rank, token in enumerate(tokens) if re.fullmatch(r"Ġ[a-z]{2,}", token)}
    capital = {token[1:].lower(): rank for rank, token in enumerate(tokens) if re.fullmatch(r"Ġ[A-Z][a-z]{2,}", token)}
    return lower, capital


def _given_odds() -> Any:
    """How much oftener a character stands in the given names of jieba's list of people than in its words: 0 (less) to 15."""
    single, _ = chinese_surnames()
    names: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for word, count, kind in dictionary_entries():
        if kind == "nr" and word[0] in single and 2 <= len(word) <= 3:
            if word[1:] not in measured_given():  # nothing is learnt from a name that is measured with
                names.update(word[1:])
        elif not kind.startswith("nr"):
            for letter in word:
                others[letter] += min(count, 200)
    all_names, all_others = names.total(), others.total()
    odds = np.zeros(0x5200, dtype=np.uint8)
    for letter in names.keys() | others.keys():
        if 0x4E00 <= ord(letter) < 0x4E00 + len(odds):
            more = math.log2((names[letter] + 0.5) / all_names) - math.log2((others[letter] + 20) / all_others)
            odds[ord(letter) - 0x4E00] = min(15, max(0, round(more * 1.5 + 7)))
    return odds


@njit(cache=True)  # type: ignore[untyped-decorator]
def _fit(features: Any, labels: Any, classes: int, buckets: int, epochs: int, rate: float, decay: float, seed: int) -> Any:
    """Multinomial logistic regression; the mean of the weights over the second half of the steps."""
    np.random.seed(seed)
    weights = np.zeros((buckets, classes), dtype=np.float32)
    squares = np.full((buckets, classes), 1e-6, dtype=np.float32)
    total = np.zeros((buckets, classes), dtype=np.float32)
    scores = np.empty(classes, dtype=np.float64)
    for epoch in range(epochs):
        for at in np.random.permutation(len(labels)):
            scores[:] = 0
            for feature in features[at]:
                for label in range(classes):
                    scores[label] += weights[feature, label]
            top = scores.max()
            for label in range(classes):
                scores[label] = math.exp(scores[label] - top)
            whole = scores.sum()
            for label in range(classes):
                error = scores[label] / whole - (1.0 if labels[at] == label else 0.0)
                if abs(error) < 1e-4:
                    continue
                for feature in features[at]:
                    slope = error + decay * weights[feature, label] * len(labels)
                    squares[feature, label] += slope * slope
                    weights[feature, label] -= rate * slope / math.sqrt(squares[feature, label])
        if 2 * epoch >= epochs:
            total += weights
    return total / (epochs - (epochs + 1) // 2)
