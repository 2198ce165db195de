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
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from medmodel.artifacts import write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Record
from medmodel.train.tokens import Encoder

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
F64 = npt.NDArray[np.float64]
NONE_YET = 0.1  # as often counts as said what was not: the first time is worth log 11, the second log 1.9


class Chosen(Record):
    """A document that was chosen: `rank` from 1, what it added to the worth of the set, and its tokens."""

    id: str
    rank: int
    gain: float
    tokens: int


class Pool(NamedTuple):
    """Document d has the token kinds[first[d]:first[d + 1]], each as often as `counts` says."""

    first: I64
    kinds: I32
    counts: F64
    weights: F64  # of each token: its share of all
    sizes: I64  # tokens of each document


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
    return Pool(first, every.astype(np.int32), shares, weights / max(1.0, weights.sum()), np.array(sizes, dtype=np.int64))


def greedy(made: Pool, budget: int) -> list[tuple[int, float]]:
    """(document, gain) in the order of choice. At equal gain per token, the smaller number: the same input, the same choice."""
    numbers, gains = _greedy(*made, budget)
    return list(zip(numbers.tolist(), gains.tolist(), strict=True))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _greedy(first: I64, kinds: I32, counts: F64, weights: F64, sizes: I64, budget: int) -> tuple[I64, F64]:
    reached = np.zeros(len(weights))
    queue = [(0.0, 0, 0) for _ in range(0)]  # gain per token, less than 0; document; how many were chosen when it was computed
    single, best = -1, 0.0  # the largest gain alone
    for number in range(len(sizes)):
        if 0 < sizes[number] <= budget:
            gain = _gain(first, kinds, counts, weights, number, reached)
            if gain > best:
                single, best = number, gain
            queue.append((-gain / sizes[number], number, 0))
    heapq.heapify(queue)
    chosen = np.empty(len(queue), dtype=np.int64)
    gains = np.empty(len(queue))
    count = 0
    left = budget
    while queue:
        _, number, computed = heapq.heappop(queue)
        if sizes[number] > left:
            continue
        gain = _gain(first, kinds, counts, weights, number, reached)
        if computed < count:  # another was chosen since: is it still the best?
            heapq.heappush(queue, (-gain / sizes[number], number, count))
            continue
        for at in range(first[number], first[number + 1]):
            reached[kinds[at]] += counts[at]
        chosen[count], gains[count] = number, gain
        count += 1
        left -= sizes[number]
    if single >= 0 and best > gains[:count].sum():
        chosen[0], gains[0], count = single, best, 1
    return chosen[:count].copy(), gains[:count].copy()


@njit(cache=True)  # type: ignore[untyped-decorator]
def _gain(first: I64, kinds: I32, counts: F64, weights: F64, number: int, reached: F64) -> float:
    """What a document would add to the worth of the set that has each token as often as `reached` says."""
    gain = 0.0
    for at in range(first[number], first[number + 1]):
        gain += weights[kinds[at]] * math.log1p(counts[at] / (reached[kinds[at]] + NONE_YET))
    return gain


def divergence(made: Pool, numbers: Sequence[int]) -> float:
    """Of the whole's token frequencies from the set's, in bits a token."""
    reached = np.full(len(made.weights), NONE_YET)
    for number in numbers:
        part = slice(made.first[number], made.first[number + 1])
        reached[made.kinds[part]] += made.counts[part]
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
