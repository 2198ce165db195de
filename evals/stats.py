"""The statistics behind every number: an interval for a rate or a mean, a paired difference, a test, and how many items it takes.

Items from one guideline or vignette resemble each other, so the unit that is drawn again is the guideline (the cluster),
not the item, and two models are compared on the same items (Miller, arXiv 2411.00640: clustering can triple a naive
standard error, pairing takes the items' difficulty out). With few clusters a percentile bootstrap is too narrow; its
percentiles are widened as Hesterberg proposes (arXiv 1411.5279, "expanded percentile"), which for a mean agrees with
Student's t. Tests are one-sided at `ALPHA`, so that a test and its 95 % interval say the same; several of them in one
profile are held together by Holm (1979).

Where all clusters agree there is no spread to measure, and an interval of no width would be a lie: 30 items right in both
models still allow a fall of 11 points. There the bound is exact, the rule of three in a paired form (`unanimous`). Where few
clusters differ, a bootstrap knows just those few: the interval is then at least as wide as one from exact limits for what was
gained and for what was lost, squared and added (`sparse_interval`), which ends in the rule of three when none differs.

Every draw is seeded. Not covered: repeated sampling of one item, and looking at results before all items are in.

    python -m pytest tests/test_evals_stats.py     # against published worked examples
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
ALPHA = (1 - CONFIDENCE) / 2  # of a one-sided test
POWER = 0.8
FEW = 5  # gained or lost, below which a bootstrap's ends rest on single items: where a normal approximation is given up too
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


class Mean(NamedTuple):
    """A weighted mean with its cluster-robust standard error."""

    value: float
    error: float  # nan with fewer than two clusters
    clusters: int
    n: int

    @property
    def interval(self) -> Interval | None:
        """By Student's t with one degree of freedom less than there are clusters."""
        from scipy.stats import t

        if self.clusters < 2:
            return None
        reach = self.error * float(t.ppf(1 - ALPHA, self.clusters - 1))
        return Interval(self.value - reach, self.value + reach)


class Difference(NamedTuple):
    """Candidate minus baseline over the same items."""

    value: float  # the candidate's weighted mean
    baseline: float
    interval: Interval | None  # of the difference; None when there are fewer than two clusters
    n: int
    clusters: int
    error: float = math.nan  # cluster-robust standard error of the difference
    unanimous: float | None = None  # the difference that every cluster shows alike, of right-or-wrong items

    @property
    def difference(self) -> float:
        return self.value - self.baseline


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a rate: inside [0, 1], and honest at 0 of n and n of n."""
    return _proportion(successes, n, confidence, "wilson")


def wilson_clustered(mean: Mean, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's interval for a rate whose items come in clusters: over as many single items as would vary as much.

    Evaluated by Dean and Pagano (Statistics in Medicine 2015;34:2484). None with fewer than two clusters.
    """
    if mean.clusters < 2:
        return None
    if mean.clusters == mean.n or mean.error == 0:
        return wilson(round(mean.value * mean.n), mean.n, confidence)
    worth = min(float(mean.n), mean.value * (1 - mean.value) / mean.error**2)
    return _proportion(mean.value * worth, worth, confidence, "wilson")


def clopper_pearson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval for a rate: never too narrow, so it is what a rule without exceptions shows (`rule_of_three`)."""
    return _proportion(successes, n, confidence, "beta")


def rule_of_three(n: int, confidence: float = CONFIDENCE) -> float:
    """The rate of failures that none in n items still allow: 1 - (1 - confidence)^(1/n), about 3/n."""
    return 1.0 if n == 0 else 1 - (1 - confidence) ** (1 / n)


def clustered_mean(values: Sequence[float], clusters: Sequence[str], weights: Sequence[float] | None = None) -> Mean:
    """A mean whose items come in clusters; the standard error is that of a regression on a constant with clustered errors."""
    y = np.asarray(values, dtype=float)
    if len(y) == 0:
        return Mean(math.nan, math.nan, 0, 0)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    names, cluster_of = np.unique(np.asarray(clusters), return_inverse=True)
    value = float((w * y).sum() / w.sum())
    residuals = np.bincount(cluster_of, w * (y - value))
    count = len(names)
    error = math.sqrt(count / (count - 1) * float((residuals**2).sum())) / float(w.sum()) if count > 1 else math.nan
    return Mean(value, error, count, len(y))


def paired_difference(pairs: Sequence[Pair], seed: int, confidence: float = CONFIDENCE) -> Difference:
    """The difference of weighted means, with an interval that draws whole clusters again, with replacement."""
    if not pairs:
        return Difference(math.nan, math.nan, None, 0, 0)
    weights = np.array([pair.weight for pair in pairs])
    values = np.array([pair.value for pair in pairs])
    baselines = np.array([pair.baseline for pair in pairs])
    names, cluster_of = np.unique([pair.cluster for pair in pairs], return_inverse=True)
    gain = np.bincount(cluster_of, weights * (values - baselines))
    weight = np.bincount(cluster_of, weights)
    interval, alike = None, None
    if len(names) > 1:
        right_or_wrong = bool(np.isin(values, (0.0, 1.0)).all() and np.isin(baselines, (0.0, 1.0)).all())
        if right_or_wrong and np.ptp(gain / weight) < 1e-12:
            alike = float(gain[0] / weight[0])
            interval = unanimous_interval(alike, len(names), confidence)
        else:
            drawn = np.random.default_rng(seed).integers(0, len(names), (RESAMPLES, len(names)))
            differences = gain[drawn].sum(axis=1) / weight[drawn].sum(axis=1)
            tail = _expanded_tail(len(names), confidence)
            interval = Interval(*(float(q) for q in np.quantile(differences, (tail, 1 - tail))))
            gained, lost = int((values > baselines).sum()), int((values < baselines).sum())
            if right_or_wrong and min(gained, lost) < FEW:
                worth = _worth(values - baselines, [pair.cluster for pair in pairs])
                interval = _wider(interval, sparse_interval(gained / len(pairs), lost / len(pairs), worth, confidence))
    return Difference(
        value=float((weights * values).sum() / weights.sum()),
        baseline=float((weights * baselines).sum() / weights.sum()),
        interval=interval,
        n=len(pairs),
        clusters=len(names),
        error=clustered_mean(list(values - baselines), [pair.cluster for pair in pairs], list(weights)).error,
        unanimous=alike,
    )


def exceeds(found: Difference, threshold: float) -> float:
    """One-sided p-value of the difference being more than a threshold: 0 for a rise, minus the margin for not being worse.

    Student's t over clusters; where every cluster shows the same difference, the exact chance of that at the threshold.
    """
    from scipy.stats import t

    if found.clusters < 2:
        return 1.0
    if found.unanimous is not None:
        return _unanimous_p(found.unanimous, threshold, found.clusters)
    if found.error < 1e-12:  # numbers that all moved alike to the last digit
        return 0.0 if found.difference > threshold else 1.0
    return float(t.sf((found.difference - threshold) / found.error, found.clusters - 1))


def unanimous_interval(alike: float, clusters: int, confidence: float = CONFIDENCE) -> Interval:
    """What true differences a sample allows in which every cluster shows the same one, of items that are right or wrong.

    The least favourable truth mixes that difference with -1 (for the lower bound): all clusters alike then have the chance
    ((1 + low) / (1 + alike)) ^ clusters. With none discordant it is the rule of three for pairs lost.
    """
    root = ((1 - confidence) / 2) ** (1 / clusters)
    return Interval(max(-1.0, (1 + alike) * root - 1), min(1.0, 1 - (1 - alike) * root))


def sparse_interval(gained: float, lost: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Of a paired difference with few discordant pairs, from the shares right in one model only, over n items.

    Exact limits for each of the two shares, combined by their distances, squared and added (MOVER: Zou and Donner,
    Statistics in Medicine 2008;27:1693). Their negative correlation is left out, which is on the safe side by little where
    both are small.
    """
    more, less = _proportion(gained * n, n, confidence, "beta"), _proportion(lost * n, n, confidence, "beta")
    return Interval(
        max(-1.0, gained - lost - math.hypot(gained - more.low, less.high - lost)),
        min(1.0, gained - lost + math.hypot(more.high - gained, lost - less.low)),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p-value that `gained` and `lost` items (right in one model only) are equally likely.

    It takes items as independent, so it is shown beside a clustered interval and never gates.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    return float(exact_mcnemar([[0, gained], [lost, 0]], exact=True).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for being one of a family: each below alpha may be believed, the chance of one false belief is alpha."""
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]] if p_values else []


def detectable(error: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest true difference that a test with this standard error finds with this power: 2.8 standard errors."""
    return (_z(1 - alpha) + _z(power)) * error


def detectable_mean(n: int, deviation: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest difference of paired numbers that n items show, from the standard deviation of the differences."""
    return detectable(deviation / math.sqrt(n), alpha, power)


def detectable_rate(n: int, discordant: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest difference of paired rates that n items show, from the share of items right in one model only."""
    return detectable_mean(n, math.sqrt(discordant), alpha, power)


def needed_mean(difference: float, deviation: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Items it takes to show a difference of paired numbers; of a non-inferiority test, the distance to the margin."""
    return math.ceil(((_z(1 - alpha) + _z(power)) * deviation / difference) ** 2)


def needed_rate(difference: float, discordant: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Items that McNemar's test takes to show a difference of paired rates (Connor 1987, Biometrics 43:207, equation 3)."""
    spread = _z(1 - alpha) * math.sqrt(discordant) + _z(power) * math.sqrt(discordant - difference**2)
    return math.ceil((spread / difference) ** 2)


def needed_unanimous(alike: float, threshold: float, alpha: float = ALPHA) -> int:
    """Clusters, all alike, that put the difference beyond a threshold below it."""
    return math.ceil(math.log(alpha) / math.log((1 + threshold) / (1 + alike)))


def needed_interval(rate: float, bound: float) -> int:
    """Items after which Wilson's interval around this rate no longer holds the bound."""
    n = 1
    while (found := wilson(round(rate * n), n)).low <= bound <= found.high and n < 10_000_000:
        n = math.ceil(n * 1.05)  # 5 %: as near as a rate that is itself a guess allows
    return n


def _proportion(successes: float, n: float, confidence: float, method: str) -> Interval:
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return Interval(0.0, 1.0)
    low, high = proportion_confint(successes, n, alpha=1 - confidence, method=method)
    return Interval(float(low), float(high))


def _worth(differences: npt.NDArray[np.float64], clusters: Sequence[str]) -> float:
    """How many single items would vary as much as these, which come in clusters: at least as many as there are clusters."""
    plain = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    found = clustered_mean(list(differences), clusters)
    return min(float(len(differences)), max(float(found.clusters), len(differences) * (plain / found.error) ** 2))


def _wider(one: Interval, other: Interval) -> Interval:
    return Interval(min(one.low, other.low), max(one.high, other.high))


def _expanded_tail(clusters: int, confidence: float) -> float:
    """Share to cut at each end: Phi(-sqrt(n / (n - 1)) * t), in place of (1 - confidence) / 2."""
    from scipy.stats import norm, t

    quantile = t.ppf((1 + confidence) / 2, clusters - 1)
    return float(norm.cdf(-np.sqrt(clusters / (clusters - 1)) * quantile))


def _unanimous_p(alike: float, threshold: float, clusters: int) -> float:
    """The chance that every cluster shows `alike` when the truth is the threshold; see `unanimous_interval`."""
    return float(((1 + threshold) / (1 + alike)) ** clusters) if alike > threshold else 1.0


def _z(share: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(share))
