"""Stage `entailment`: the weights of the support check's scorer, learnt from changed and reworded reference sentences.

Sentences of the training documents are quoted; claims are made of them by rule (entailment_pairs.py), and the hand-written
paraphrases are added. Only pairs that the rules of `support.py` neither veto nor admit are learnt from: no others reach the
scorer. Logistic regression, one a language; the threshold is what admits `admitted` of the hand-written paraphrases when
each is scored by weights that have not seen its sentence. Held-out documents are never read.

The packaged weights are medmodel/rag/entailment.json; made again, from other documents too, by

    medmodel run medmodel/recipes/entailment.yaml       # then MEDMODEL_ENTAILMENT=store/entailment-…
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.rag import entailment
from medmodel.rag.support import judged
from medmodel.rag.support_text import Reading, read
from medmodel.records import Document
from medmodel.train.entailment_pairs import Pair, pairs, sentences
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
    asked = [pair for pair in job.track(made, len(made), "pairs") if _asked(pair)]
    sides = {language: _fit(_of(asked, language), job) for language in ("en", "zh")}
    counts = {"pairs": len(made), "learnt_from": len(asked)}
    saved = {
        "made_by": "the stage entailment", "features": list(entailment.FEATURES), **counts, "licences": _licences(documents, made), "languages": sides,
    }  # fmt: skip
    (job.out / entailment.WEIGHTS.name).write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {**counts, **{f"threshold_{language}": side["threshold"] for language, side in sides.items()}}


class _Never:
    """Stands in for the scorer while the pairs that would reach it are sought."""

    threshold = 1.0

    def score(self, said: Reading, held: Reading, claim: str, quote: str) -> float:
        return 0.0


def _asked(pair: Pair) -> bool:
    return judged(pair.claim, pair.quote, _Never).score is not None


def _of(asked: Sequence[Pair], language: str) -> list[Pair]:
    return [pair for pair in asked if pair.lang == language]


def _fit(asked: Sequence[Pair], job: Job) -> dict[str, Any]:
    """Weights on the features as they are, an intercept and a threshold."""
    x = np.array([entailment.features(read(pair.claim), read(pair.quote)) for pair in asked])
    y = np.array([pair.label == "supported" for pair in asked])
    weights = {"written": job.config.written_weight, "neighbour": job.config.neighbour_weight}
    weight = np.array([weights.get(pair.paraphrase or pair.perturbation, 1.0) for pair in asked])
    if len(set(y.tolist())) < 2:
        raise InputError("entailment: the documents give no two kinds of pairs to tell apart; give more of them")
    quotes = {quote: number for number, quote in enumerate(sorted({pair.quote for pair in asked}))}
    fold = np.array([random.Random(f"{job.seed} {quotes[pair.quote]}").randrange(FOLDS) for pair in asked])
    unseen = np.zeros(len(asked))
    for each in range(FOLDS):
        if (fold == each).any() and len(set(y[fold != each].tolist())) == 2:
            w, b = _weights(x[fold != each], y[fold != each], weight[fold != each], job.config.strength)
            unseen[fold == each] = 1 / (1 + np.exp(-(x[fold == each] @ w + b)))
    held = y & np.array([pair.paraphrase == "written" for pair in asked])
    threshold = float(np.quantile(unseen[held if held.any() else y], 1 - job.config.admitted))
    w, b = _weights(x, y, weight, job.config.strength)
    return {
        "threshold": round(min(0.9, max(0.02, threshold)), 4),
        "intercept": round(b, 4),
        "weights": {name: round(float(value), 4) for name, value in zip(entailment.FEATURES, w, strict=True)},
        "pairs": len(asked),
        "supported": int(y.sum()),
    }


def _weights(x: Any, y: Any, weight: Any, strength: float) -> tuple[Any, float]:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=strength, max_iter=2000).fit((x - middle) / spread, y, sample_weight=weight)
    w = model.coef_[0] / spread
    return w, float(model.intercept_[0] - middle @ w)


def _licences(documents: Sequence[Document], made: Sequence[Pair]) -> list[str]:
    used = {pair.source for pair in made}
    return sorted({document.source.licence for document in documents if document.id in used})
