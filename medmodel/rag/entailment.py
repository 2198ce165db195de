"""How likely a quote says what a claim says, where the rules of `support.py` neither veto nor admit: a paraphrase, or invention?

The packaged scorer is a logistic regression over some twenty features of a pair: how much of each is in the other, by name
and by the meaning of its words (cosines of the packaged embedder's vectors of word pieces; no model runs), the strangest
word of the claim, words exchanged or put into an otherwise copied sentence. Its weights are
entailment.json (which says what they were learnt from), made by the stage `entailment`. Chinese has its own weights, and
no vectors: the packaged embedder does not know it.

MEDMODEL_ENTAILMENT names another: a folder that the stage made, or any NLI model that sentence-transformers' CrossEncoder
loads. Not covered: knowledge ("opioids" for "morphine" where no table says so), sums, and what follows from two sentences.

    MEDMODEL_ENTAILMENT=cross-encoder/nli-deberta-v3-small python -m evals support --pairs F
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from medmodel.errors import ArtifactError, InputError
from medmodel.rag.support_text import Reading, Token, light_names

WEIGHTS = Path(__file__).with_name("entailment.json")
VARIABLE = "MEDMODEL_ENTAILMENT"
ALIKE, SAME = (
    0.20,
    0.65,
)  # cosines of single words: below the first unrelated ("CT", "MRI": .24), above the second one meaning ("renal", "kidney": .75)
COPIED = 0.7  # likeness (difflib) above which a claim is its quote with some words changed
RELATED = 0.8  # nearness of two words of one beginning
COMMON_IDS = 2000, 30000  # places in the embedder's vocabulary, which is sorted by frequency: everyday words, rare words
_Vector = npt.NDArray[np.float32]


class Scorer(Protocol):
    threshold: float

    def score(self, said: Reading, held: Reading, claim: str, quote: str, doubts: frozenset[str]) -> float:
        """0 to 1: how likely the quote supports the claim. `doubts`: kinds of veto that only hold for a copy."""


def packaged() -> Scorer:
    """The scorer that the product asks: the packaged one, or that of MEDMODEL_ENTAILMENT."""
    return load(os.environ.get(VARIABLE, "packaged"))


@cache
def load(name: str) -> Scorer:
    """ "packaged", a folder with an entailment.json, or the name of an NLI model."""
    folder = Path(name).expanduser()
    if name == "packaged" or (folder / WEIGHTS.name).exists():
        path = WEIGHTS if name == "packaged" else folder / WEIGHTS.name
        try:
            return Regression(json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"{path} holds no weights of an entailment scorer ({error!r}); make it with the stage entailment"
            ) from error
    return Nli(name)


class Regression:
    """Weights over `features`, one set a language."""

    def __init__(self, saved: dict[str, Any]) -> None:
        self.sides = {
            language: (
                np.array([side["weights"][name] for name in FEATURES]),
                float(side["intercept"]),
                float(side["threshold"]),
            )
            for language, side in saved["languages"].items()
        }
        self.threshold = 0.5  # scores are moved so that each language's threshold is here

    def score(self, said: Reading, held: Reading, claim: str, quote: str, doubts: frozenset[str]) -> float:
        weights, intercept, threshold = self.sides["zh" if said.zh or held.zh else "en"]
        logit = float(features(said, held, doubts) @ weights) + intercept
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit - math.log(threshold / (1 - threshold))))))


class Nli:
    """Any cross-encoder for natural-language inference: the share of "entailment"."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self.model = CrossEncoder(name, device="cpu")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{VARIABLE}: '{name}' is neither a folder of the stage entailment nor a model that loads: {error}"
            ) from error
        labels = {label.lower(): at for at, label in self.model.model.config.id2label.items()}
        self.at = next((at for label, at in labels.items() if label.startswith("entail")), None)
        if self.at is None and len(labels) > 1:
            raise InputError(f"{VARIABLE}: '{name}' has no label 'entailment' but {', '.join(labels)}; name an NLI model")
        self.threshold = 0.5

    def score(self, said: Reading, held: Reading, claim: str, quote: str, doubts: frozenset[str]) -> float:
        logits = np.atleast_1d(
            np.asarray(self.model.predict([(quote, claim)], show_progress_bar=False, apply_softmax=self.at is not None)[0])
        )
        return float(logits[self.at or 0])


FEATURES = (
    "covered", "covered_soft", "kept", "kept_soft", "free_covered", "free_kept", "free_strangest", "strangest", "strange", "exchanged", "exchanged_count",
    "inserted", "copied", "copied_exchanged", "copied_strangest", "copied_inserted", "copied_new", "disorder", "turned", "denials", "limits_added",
    "longer", "shorter", "softened", "missing_numbers", "swapped_terms",
    "doubt_limit", "doubt_opposite", "doubt_qualifier", "doubt_certainty", "doubt_order", "doubt_code", "doubt_number", "doubts_copied",
)  # fmt: skip


def features(said: Reading, held: Reading, doubts: frozenset[str] = frozenset()) -> npt.NDArray[np.float64]:
    """One number for each of FEATURES. `doubts`: what the rules would have vetoed, were the claim a copy."""
    mine, theirs = _content(said), _content(held)
    unsaid, dropped = novel(said, held), novel(held, said)
    new, gone = frozenset(token.stem for token in unsaid), frozenset(token.stem for token in dropped)
    english = not (said.zh or held.zh)
    near = _nearness(unsaid, theirs, english)
    back = _nearness(dropped, mine, english)
    covered, covered_soft = _share(mine, new, near)
    kept, kept_soft = _share(theirs, gone, back)
    strange = sorted((weight_of(token) * (1 - near[token.words]) for token in unsaid), reverse=True)
    order = SequenceMatcher(None, [t.stem for t in mine], [t.stem for t in theirs], autojunk=False)
    copied = order.ratio()
    exchanged, replaced, count, inserted = 0.0, 0.0, 0, 0.0
    for tag, a, b, c, d in order.get_opcodes():
        here = [weight_of(token) * (1 - near.get(token.words, 0.0)) for token in mine[a:b] if token.stem in new]
        if tag == "replace" and here and any(token.stem in gone for token in theirs[c:d]):
            exchanged = max(exchanged, *here)
            replaced = max(replaced, *(weight_of(token) for token in mine[a:b] if token.stem in new))
            count += 1
        else:
            inserted += sum(here)
    free = 1 - copied  # a paraphrase is judged by its meaning, a copy by what was changed in it
    known = {term.value for term in held.terms}
    added = sum(term.kind == "opposite" and term.value not in known for term in said.terms)
    denials = abs(sum(t.value == "not" for t in said.of("limit")) - sum(t.value == "not" for t in held.of("limit")))
    limits = sum(term.value != "not" and term.value not in known for term in said.of("limit"))
    found = {
        "covered": covered, "covered_soft": covered_soft, "kept": kept, "kept_soft": kept_soft, "free_covered": free * covered_soft, "free_kept": free * kept_soft, "free_strangest": free * sum(strange[:3]),
        "strangest": strange[0] if strange else 0.0, "strange": sum(strange[:4]), "exchanged": exchanged, "exchanged_count": min(count, 4),
        "inserted": min(inserted, 3.0), "copied": copied, "copied_exchanged": copied**2 * exchanged, "copied_strangest": copied**2 * (strange[0] if strange else 0.0),
        "copied_inserted": copied**2 * min(inserted, 3.0), "copied_new": copied**2 * replaced, "disorder": covered - copied, "turned": min(added, 3), "denials": min(denials, 2), "limits_added": min(limits, 2),
        "longer": max(0.0, math.log((len(mine) + 1) / (len(theirs) + 1))), "shorter": max(0.0, math.log((len(theirs) + 1) / (len(mine) + 1))),
        "softened": float("weak" in held.strength and "weak" not in said.strength), "missing_numbers": min(3, max(0, len(held.quantities) - len(said.quantities))),
        "swapped_terms": _moved(said, held), "doubts_copied": len(doubts) * copied,
        **{name: float(name.removeprefix("doubt_") in doubts) for name in FEATURES if name.startswith("doubt_")},
    }  # fmt: skip
    return np.array([found[name] for name in FEATURES])


def copied(said: Reading, held: Reading) -> bool:
    """A claim that is its quote with some words changed: each change counts. Else it is said in other words."""
    words = matcher(said, held)
    return words.quick_ratio() >= COPIED and words.ratio() >= COPIED


def matcher(said: Reading, held: Reading) -> SequenceMatcher[str]:
    words = [[token.words.lower() for token in one.tokens] for one in (said, held)]
    return SequenceMatcher(None, words[0], words[1], autojunk=False)


def weight(reading: Reading, places: Sequence[int]) -> float:
    """How much a few words of a sentence say."""
    return sum(weight_of(reading.tokens[at]) for at in places)


def coverage(said: Reading, held: Reading) -> float:
    """Share of what the claim says, by weight, that the quote says too."""
    mine = _content(said)
    return _share(mine, frozenset(token.stem for token in novel(said, held)), dict.fromkeys((t.words for t in mine), 0.0))[0]


def novel(one: Reading, other: Reading) -> list[Token]:
    """What `one` says and `other` does not, under any name. A term that the other has too is not new, nor is a number:
    the rules have compared those."""
    known = {term.at for term in one.terms if f"{term.axis or term.kind}={term.value}" in other.acted or term.kind == "limit"}
    return [
        token
        for at, token in enumerate(one.tokens)
        if not token.common and token.stem not in other.stems and at not in known and token.kind in ("word", "zh", "code")
    ]


def _content(reading: Reading) -> list[Token]:
    return [token for token in reading.tokens if not token.common]


def _share(tokens: Sequence[Token], new: frozenset[str], near: dict[str, float]) -> tuple[float, float]:
    """By weight: what is not new, and with that what is near."""
    whole = sum(map(weight_of, tokens)) or 1.0
    hard = sum(weight_of(token) for token in tokens if token.stem not in new)
    return hard / whole, (hard + sum(weight_of(t) * near.get(t.words, 0.0) for t in tokens if t.stem in new)) / whole


def _nearness(some: Sequence[Token], others: Sequence[Token], english: bool) -> dict[str, float]:
    """How near the nearest of `others` is to each of `some`: 0 for unrelated, 1 for the same meaning."""
    found = {token.words: 0.0 for token in some}
    theirs = [_vector(token.words) for token in others if token.kind in ("word", "drug")] if english else []
    if theirs:
        matrix = np.stack(theirs)
        for token in some:
            if token.kind in ("word", "drug"):
                cosine = (float(np.max(matrix @ _vector(token.words))) - ALIKE) / (SAME - ALIKE)
                found[token.words] = (
                    RELATED if any(related(token.words, one.words) for one in others) else min(1.0, max(0.0, cosine))
                )
    return found


def related(word: str, other: str) -> bool:
    """ "absorb" and "absorption": a long common beginning."""
    pairs = zip(word.lower(), other.lower(), strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return common >= 5 and common >= 0.7 * min(len(word), len(other))


def _moved(said: Reading, held: Reading) -> float:
    """Pairs of terms (drugs, numbers, opposites) whose order the claim turns round."""
    order: dict[str, int] = {}
    for term in held.terms:
        if term.kind in ("drug", "number", "opposite"):
            order.setdefault(term.value, len(order))
    places = [order[term.value] for term in said.terms if term.kind in ("drug", "number", "opposite") and term.value in order]
    return float(min(4, sum(a > b for a, b in pairwise(places))))


def weight_of(token: Token) -> float:
    """How much a word says, 0.25 to 1: by its rarity."""
    if token.kind != "word":
        return 1.0 if token.kind != "zh" else 0.5
    if token.stem.startswith("~"):
        return 0.25 if token.stem in light_names() else 0.8
    return _rarity(token.words.lower())


@lru_cache(maxsize=50_000)
def _rarity(word: str) -> float:
    at = _vocabulary().get(word)
    if at is None:
        return 1.0
    low, high = COMMON_IDS
    return 0.25 + 0.75 * min(1.0, max(0.0, math.log(max(at, 1) / low) / math.log(high / low)))


@cache
def _vocabulary() -> dict[str, int]:
    from medmodel.rag.embedder import embedded_folder

    found: dict[str, int] = json.loads((embedded_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return found


@lru_cache(maxsize=50_000)  # of 1.5 kB each
def _vector(word: str) -> _Vector:
    """The unit vector of a word: the mean of its pieces' vectors in the embedder's first layer. No model runs."""
    table, middle = _table()
    vocabulary = _vocabulary()
    rows, rest, mark = [], word.lower(), ""
    while rest:
        piece = next((rest[:end] for end in range(len(rest), 0, -1) if mark + rest[:end] in vocabulary), None)
        if piece is None:
            break
        rows.append(vocabulary[mark + piece])
        rest, mark = rest[len(piece) :], "##"
    vector = np.mean(table[rows], axis=0) - middle if rows else np.zeros(table.shape[1], dtype=np.float32)
    return vector / max(1e-6, float(np.linalg.norm(vector)))  # type: ignore[no-any-return]


@cache
def _table() -> tuple[_Vector, _Vector]:
    """The embedder's vectors of word pieces (30,522 of 384 numbers, 47 MB), and their mean."""
    from safetensors import safe_open

    from medmodel.rag.embedder import embedded_folder

    with safe_open(str(embedded_folder() / "model.safetensors"), framework="np") as file:
        name = next(key for key in file.keys() if key.endswith("word_embeddings.weight"))  # noqa: SIM118
        table: _Vector = np.asarray(file.get_tensor(name), dtype=np.float32)
    return table, table.mean(axis=0)
