"""Stage `density`: "one article that says what ten say": the subset that is worth most, under a budget of tokens.

What a chosen set is worth: of every token of the model's vocabulary, the logarithm of how often the set has it, weighted by
its share of all documents. So what all documents often say is wanted, each further time counts less, and a text that repeats
what was chosen adds little. A set that is worth most has the token frequencies of the whole (the smallest Kullback-Leibler
divergence), at a fraction of its size. Returns diminish, so choosing the document with the largest gain per token, again and
again, is near the best possible: within 1 - 1/e when all cost the same; with other costs, within half of that if the best
single document is considered too (it is). Lazily: a gain only falls, so most need not be computed again.

It writes ids with their gain, best first; dropping is nobody's business here, and no mix reads it by default. What it gains
a tiny model, and where it does not, stands in docs/data.md (tests/perf/density.py); what was tried before, in docs/log.md.

Papers: Kirchhoff and Bilmes 2014, "Submodularity for data selection in machine translation" (feature-based functions); Wei et
al. 2015, "Submodularity in data subset selection and active learning"; Minoux 1978 (lazy greedy); Leskovec et al. 2007 (costs).

    documents -> density: {uses: density, needs: {documents: documents, model: base}, tokens: 5000000}
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medmodel.artifacts import write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Record
from medmodel.train.tokens import Encoder

NONE_YET = 0.1  # of a token that the set has not: what its first time counts, log 11 against log 2 for the second's double


class Chosen(Record):
    """A document that was chosen: `rank` from 1, what it added to the worth of the set, and its tokens."""

    id: str
    rank: int
    gain: float
    tokens: int


class Pool(NamedTuple):
    """Document d has the token kinds[first[d]:first[d + 1]], each as often as `counts` says."""

    first: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]  # of each token: its share of all
    sizes: npt.NDArray[np.int64]  # tokens of each document


def run(job: Job) -> dict[str, Any]:
    """Write density/ (Chosen records); returns how many, their tokens, and how far they are from the whole, beside a random set."""
    job.clear()
    encoder = Encoder.open(job.inputs["model"].path / "model")
    documents = job.inputs["documents"].read("documents", Document)
    domains = set(job.config.domains)
    found = [each for each in documents if each.split == "train" and (not domains or each.domain in domains)]
    if not found:
        raise InputError(f"density: no training document is of the domains {', '.join(sorted(domains)) or 'asked for'}")
    found.sort(key=lambda document: document.id)
    made = pool(encoder.encode(each.text) for each in job.track(found, len(found), "documents"))
    chosen = greedy(made, job.config.tokens)
    records = [
        Chosen(id=found[number].id, rank=rank, gain=round(gain, 8), tokens=int(made.sizes[number]))
        for rank, (number, gain) in enumerate(chosen, 1)
    ]
    write_records(job.out / "density", records)
    return {
        "documents": len(records),
        "tokens": sum(record.tokens for record in records),
        "of_documents": len(found),
        "of_tokens": int(made.sizes.sum()),
        "divergence": divergence(made, [number for number, _ in chosen]),
        "divergence_at_random": divergence(made, at_random(made, job.config.tokens, job.seed)),
    }


def pool(texts: Iterable[npt.NDArray[np.int32]]) -> Pool:
    """Of the token ids of each document."""
    kinds, counts, sizes = [], [], []
    for ids in texts:
        kind, count = np.unique(ids, return_counts=True)
        kinds.append(kind)
        counts.append(count.astype(np.float64))
        sizes.append(len(ids))
    first = np.concatenate([[0], np.cumsum([len(each) for each in kinds])]).astype(np.int64)
    every, shares = np.concatenate(kinds), np.concatenate(counts)
    weights = np.bincount(every, weights=shares)
    return Pool(first, every, shares, weights / max(1.0, weights.sum()), np.array(sizes, dtype=np.int64))


def greedy(made: Pool, budget: int) -> list[tuple[int, float]]:
    """(document, gain) in the order of choice. At equal gain per token, the smaller number: the same input, the same choice."""
    reached = np.zeros(len(made.weights))
    sizes = made.sizes.tolist()
    queue = [(-gain_of(made, number, reached) / size, number, 0) for number, size in enumerate(sizes) if 0 < size <= budget]
    single = min(((ratio * sizes[number], number) for ratio, number, _ in queue), default=None)  # the largest gain alone
    heapq.heapify(queue)
    chosen: list[tuple[int, float]] = []
    left = budget
    while queue:
        _, number, computed = heapq.heappop(queue)
        if sizes[number] > left:
            continue
        gain = gain_of(made, number, reached)
        if computed < len(chosen):  # another was chosen since: is it still the best?
            heapq.heappush(queue, (-gain / sizes[number], number, len(chosen)))
            continue
        add(made, number, reached)
        chosen.append((number, gain))
        left -= sizes[number]
    if single and -single[0] > sum(gain for _, gain in chosen):
        return [(single[1], -single[0])]
    return chosen


def gain_of(made: Pool, number: int, reached: npt.NDArray[np.float64]) -> float:
    """What a document would add to the worth of the set that has each token as often as `reached` says."""
    part = slice(made.first[number], made.first[number + 1])
    kinds = made.kinds[part]
    had = reached[kinds] + NONE_YET
    return float(np.log1p(made.counts[part] / had) @ made.weights[kinds])


def add(made: Pool, number: int, reached: npt.NDArray[np.float64]) -> None:
    part = slice(made.first[number], made.first[number + 1])
    reached[made.kinds[part]] += made.counts[part]


def divergence(made: Pool, numbers: Sequence[int]) -> float:
    """Of the whole's token frequencies from the set's, in bits a token."""
    reached = np.full(len(made.weights), NONE_YET)
    for number in numbers:
        add(made, number, reached)
    said = made.weights > 0
    return round(float(made.weights[said] @ np.log2(made.weights[said] / (reached[said] / reached[said].sum()))), 4)


def at_random(made: Pool, budget: int, seed: int) -> list[int]:
    """Documents in a seeded order, as long as they fit."""
    numbers: list[int] = []
    for number in np.random.default_rng(seed).permutation(len(made.sizes)).tolist():
        if made.sizes[number] <= budget:
            numbers.append(number)
            budget -= int(made.sizes[number])
    return numbers
