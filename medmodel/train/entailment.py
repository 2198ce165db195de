"""Stage `entailment`: the weights of the support check's scorer, learnt from changed and reworded reference sentences.

Sentences of the training documents are quoted; claims are made of them by rule (entailment_pairs.py), and hand-written
claims of both sides are added (paraphrases.yaml, claims.yaml). Only pairs that the rules of `support.py` neither veto nor
admit are learnt from: no others reach the scorer. Logistic regression, one a language; with the threshold, rules and scorer
reject `rejected` of the hand-written unsupported claims, each scored by weights that have not seen its sentence. Held-out
documents are never read.

The packaged weights are medmodel/rag/entailment.json; made again, from other documents too, by

    medmodel run medmodel/recipes/entailment.yaml       # then MEDMODEL_ENTAILMENT=store/entailment-…
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.rag import entailment
from medmodel.rag.support import judged
from medmodel.rag.support_text import Reading, read
from medmodel.records import Document
from medmodel.train.entailment_pairs import FALSIFIED, HAND, Pair, by_hand, pairs, sentences
from medmodel.train.paraphrased import written
from medmodel.train.perturbed import ASKED, FURTHER

FOLDS = 5


def run(job: Job) -> dict[str, Any]:
    """Write entailment.json; returns how many pairs were made and learnt from."""
    documents = [one for one in job.inputs["documents"].read("documents", Document) if one.split == "train"]
    made: list[Pair] = []
    for number, domain in enumerate(job.config.domains):
        quotes = sentences(one for one in documents if one.domain == domain and one.language == "en")
        if quotes:
            made += pairs(quotes, (*ASKED, *FURTHER), written() if not number else {}, job.config.sentences, True, job.seed)
    if not made:
        raise InputError(
            f"entailment: none of the documents is of the domains {', '.join(job.config.domains)} and to be trained on"
        )
    made += by_hand()
    asked = [(pair, found) for pair in job.track(made, len(made), "pairs") if (found := _doubts(pair)) is not None]
    falsified = Counter(pair.lang for pair in made if pair.perturbation.startswith(FALSIFIED))
    sides = {
        language: _fit([one for one in asked if one[0].lang == language], falsified[language], job) for language in ("en", "zh")
    }
    counts = {"pairs": len(made), "learnt_from": len(asked)}
    saved = {
        "made_by": "the stage entailment", "features": list(entailment.FEATURES), **counts, "licences": _licences(documents, made), "languages": sides,
    }  # fmt: skip
    (job.out / entailment.WEIGHTS.name).write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {**counts, **{f"threshold_{language}": side["threshold"] for language, side in sides.items()}}


class _Never:
    """Stands in for the scorer while the pairs that would reach it are sought, and keeps the doubts."""

    threshold = 1.0

    def __init__(self) -> None:
        self.doubts: frozenset[str] | None = None

    def score(self, said: Reading, held: Reading, claim: str, quote: str, doubts: frozenset[str]) -> float:
        self.doubts = doubts
        return 0.0


def _doubts(pair: Pair) -> frozenset[str] | None:
    """What the scorer would be told; None where it is not asked."""
    never = _Never()
    judged(pair.claim, pair.quote, lambda: never)
    return never.doubts


def _fit(found: Sequence[tuple[Pair, frozenset[str]]], falsified: int, job: Job) -> dict[str, Any]:
    """Weights on the features as they are, an intercept and a threshold. `falsified`: hand-written unsupported pairs in all."""
    asked = [pair for pair, _ in found]
    x = np.array([entailment.features(read(pair.claim), read(pair.quote), doubts) for pair, doubts in found])
    y = np.array([pair.label == "supported" for pair in asked])
    weight = np.array([_weight(pair, job) for pair in asked])
    if len(set(y.tolist())) < 2:
        raise InputError("entailment: the documents give no two kinds of pairs to tell apart; give more of them")
    quotes = {quote: number for number, quote in enumerate(sorted({pair.quote for pair in asked}))}
    fold = np.array([random.Random(f"{job.seed} {quotes[pair.quote]}").randrange(FOLDS) for pair in asked])
    unseen = np.zeros(len(asked))
    for each in range(FOLDS):
        if (fold == each).any() and len(set(y[fold != each].tolist())) == 2:
            w, b = _weights(x[fold != each], y[fold != each], weight[fold != each], job.config.strength)
            unseen[fold == each] = 1 / (1 + np.exp(-(x[fold == each] @ w + b)))
    admitted = np.sort(unseen[[pair.perturbation.startswith(FALSIFIED) for pair in asked]])[::-1]
    spare = int((1 - job.config.rejected) * falsified)  # so many of them may pass
    threshold = float(admitted[spare]) + 1e-3 if spare < len(admitted) else 0.5
    w, b = _weights(x, y, weight, job.config.strength)
    return {
        "threshold": round(min(0.9, max(0.02, threshold)), 4),
        "intercept": round(b, 4),
        "weights": {name: round(float(value), 4) for name, value in zip(entailment.FEATURES, w, strict=True)},
        "pairs": len(asked),
        "supported": int(y.sum()),
    }


def _weight(pair: Pair, job: Job) -> float:
    if pair.paraphrase == "written":
        return float(job.config.written_weight)
    if pair.perturbation.startswith(FALSIFIED):
        return float(job.config.falsified_weight)
    if pair.perturbation == "neighbour":
        return float(job.config.neighbour_weight * job.config.made_weight)
    if pair.label != "supported":
        return float(job.config.changed_weight if pair.source == HAND else job.config.made_weight)
    return 1.0


def _weights(x: Any, y: Any, weight: Any, strength: float) -> tuple[Any, float]:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=strength, max_iter=2000).fit((x - middle) / spread, y, sample_weight=weight)
    w = model.coef_[0] / spread
    return w, float(model.intercept_[0] - middle @ w)


def _licences(documents: Sequence[Document], made: Sequence[Pair]) -> list[str]:
    used = {pair.source for pair in made}
    return sorted({document.source.licence for document in documents if document.id in used})
