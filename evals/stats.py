"""The statistics behind every number: an interval for a rate, a paired difference between two models, a test for pairs.

Items from one guideline resemble each other, so the unit that is drawn again is the guideline (the cluster), not the
item, and both models are compared on the same items (arXiv 2411.00640: clustering can triple a naive standard error,
pairing takes the items' difficulty out). With few clusters a percentile bootstrap is too narrow; its percentiles are
widened as Hesterberg proposes (arXiv 1411.5279, "expanded percentile"), which for a mean agrees with Student's t.

Every draw is seeded. Not covered: corrections for many gates at once, or for repeated sampling of one item.

    python -m pytest tests/test_evals_stats.py     # against published worked examples
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 10_000  # the ends of a 95 % interval then move by less than a twentieth of its width between seeds


class Interval(NamedTuple):
    low: float
    high: float


class Pair(NamedTuple):
    """One item: what the candidate scored and what the baseline did."""

    value: float
    baseline: float
    cluster: str  # the guideline or complaint that related items share
    weight: float = 1.0  # bytes for bits per byte, else 1


class Difference(NamedTuple):
    """Candidate minus baseline over the same items."""

    value: float  # the candidate's weighted mean
    baseline: float
    interval: Interval | None  # of the difference; None when there are fewer than two clusters
    n: int
    clusters: int

    @property
    def difference(self) -> float:
        return self.value - self.baseline


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a rate: inside [0, 1], and honest at 0 of n and n of n."""
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return Interval(0.0, 1.0)
    low, high = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    return Interval(float(low), float(high))


def paired_difference(pairs: Sequence[Pair], seed: int, confidence: float = CONFIDENCE) -> Difference:
    """The difference of weighted means, with an interval that draws whole clusters again, with replacement."""
    if not pairs:
        return Difference(float("nan"), float("nan"), None, 0, 0)
    weights = np.array([pair.weight for pair in pairs])
    values = np.array([pair.value for pair in pairs])
    baselines = np.array([pair.baseline for pair in pairs])
    names, cluster_of = np.unique([pair.cluster for pair in pairs], return_inverse=True)
    gain = np.bincount(cluster_of, weights * (values - baselines))
    weight = np.bincount(cluster_of, weights)
    interval = None
    if len(names) > 1:
        drawn = np.random.default_rng(seed).integers(0, len(names), (RESAMPLES, len(names)))
        differences = gain[drawn].sum(axis=1) / weight[drawn].sum(axis=1)
        tail = _expanded_tail(len(names), confidence)
        interval = Interval(*(float(q) for q in np.quantile(differences, (tail, 1 - tail))))
    return Difference(
        value=float((weights * values).sum() / weights.sum()),
        baseline=float((weights * baselines).sum() / weights.sum()),
        interval=interval,
        n=len(pairs),
        clusters=len(names),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p-value that `gained` and `lost` items (right in one model only) are equally likely.

    It takes items as independent, so it is shown beside a clustered interval and never gates.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    return float(exact_mcnemar([[0, gained], [lost, 0]], exact=True).pvalue)


def _expanded_tail(clusters: int, confidence: float) -> float:
    """Share to cut at each end: Phi(-sqrt(n / (n - 1)) * t), in place of (1 - confidence) / 2."""
    from scipy.stats import norm, t

    quantile = t.ppf((1 + confidence) / 2, clusters - 1)
    return float(norm.cdf(-np.sqrt(clusters / (clusters - 1)) * quantile))
