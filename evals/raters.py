"""Agreement between raters: Cohen's kappa, Krippendorff's alpha, balanced F1, each with a bootstrap interval.

The interval draws whole clusters again (a prompt, and all labels given under it), since labels of one prompt hang together.
Every figure is a function of sums over clusters, so that 2,000 draws are a few matrix products. statsmodels has kappa, for
one table at a time; tests hold ours against it, and alpha against its author's own example.

    kappa([Given("item", "prompt", human=1, judge=0), …], categories=2)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.stats import CONFIDENCE, Interval
from medmodel.records import Record

RESAMPLES = 2_000  # the ends of an interval then move by less than a tenth of its width between seeds
SEED = 17
Metric = Literal["nominal", "interval"]
Floats = NDArray[np.float64]
Figure = Callable[[Floats], Floats]  # (…, parts) sums over clusters -> one number each


class Estimate(Record):
    value: float | None  # None: not defined, for instance where everybody says the same
    low: float | None = None
    high: float | None = None


class Given(NamedTuple):
    """One human label beside the judge's verdict on the same item, as positions in the list of values."""

    item: str
    cluster: str
    human: int
    judge: int


def kappa(given: Sequence[Given], categories: int, weights: Literal["quadratic"] | None = None) -> Estimate:
    """Cohen's kappa of judge and human labels (Cohen 1960; weighted: Cohen 1968)."""
    tables = _by_cluster(given, lambda one: _one_hot((categories, categories), (one.human, one.judge)))
    away = np.subtract.outer(np.arange(categories), np.arange(categories)).astype(float)
    cost = away**2 if weights else (away != 0).astype(float)

    def figure(table: Floats) -> Floats:
        n = table.sum(axis=(-1, -2))
        chance = np.einsum("...i,...j,ij->...", table.sum(axis=-1), table.sum(axis=-2), cost) / n
        return np.asarray(1 - (table * cost).sum(axis=(-1, -2)) / chance)

    return _estimate(tables, figure)


def balanced_f1(given: Sequence[Given]) -> Estimate:
    """Mean of the F1 of both classes."""
    tables = _by_cluster(given, lambda one: _one_hot((2, 2), (one.human, one.judge)))

    def figure(table: Floats) -> Floats:
        wrong = table[..., 0, 1] + table[..., 1, 0]
        of_class = [2 * table[..., at, at] / (2 * table[..., at, at] + wrong) for at in (0, 1)]
        return (of_class[0] + of_class[1]) / 2

    return _estimate(tables, figure)


def alpha(given: Sequence[Given], categories: int, metric: Metric, with_judge: bool) -> Estimate:
    """Krippendorff's alpha over people, or people and the judge."""
    items: dict[str, list[int]] = defaultdict(list)
    cluster_of = {}
    for one in given:
        items[one.item].append(one.human)
        cluster_of[one.item] = one.cluster
    judged = {one.item: one.judge for one in given}
    units = [[*marks, *([judged[item]] if with_judge else [])] for item, marks in items.items()]
    return krippendorff(units, [cluster_of[item] for item in items], categories, metric)


def krippendorff(units: Sequence[Sequence[int]], clusters: Sequence[str], categories: int, metric: Metric) -> Estimate:
    """Alpha from the values that each unit was given, by however many raters (Krippendorff, "Computing Krippendorff's
    Alpha-Reliability", 2011). A unit with one value has no pair, and does not count."""
    places = np.arange(categories, dtype=float)
    away = np.subtract.outer(places, places)
    cost = away**2 if metric == "interval" else (away != 0).astype(float)
    sums: dict[str, Floats] = defaultdict(lambda: np.zeros(categories + 1))
    for unit, cluster in zip(units, clusters, strict=True):
        if len(unit) > 1:
            counts = np.bincount(unit, minlength=categories).astype(float)
            disagreement = counts @ cost @ counts / (len(unit) - 1)  # the diagonal costs nothing
            sums[cluster] += np.append(counts, disagreement)

    def figure(summed: Floats) -> Floats:
        counts, observed = summed[..., :-1], summed[..., -1]
        expected = np.einsum("...i,...j,ij->...", counts, counts, cost) / (counts.sum(axis=-1) - 1)
        return np.asarray(1 - observed / expected)

    return _estimate(np.array(list(sums.values())).reshape(len(sums), categories + 1), figure)


def _by_cluster(given: Sequence[Given], part: Callable[[Given], Floats]) -> Floats:
    sums: dict[str, Any] = {}
    for one in given:
        sums[one.cluster] = sums.get(one.cluster, 0) + part(one)
    return np.array(list(sums.values()))


def _one_hot(shape: tuple[int, int], at: tuple[int, int]) -> Floats:
    found = np.zeros(shape)
    found[at] = 1
    return found


def _estimate(clusters: Floats, figure: Figure) -> Estimate:
    """The figure over all clusters, with the percentiles of it over clusters drawn again."""
    if not len(clusters):
        return Estimate(value=None)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(figure(clusters.sum(axis=0)))
        if not np.isfinite(value):
            return Estimate(value=None)
        if len(clusters) == 1:
            return Estimate(value=value)
        draws = np.random.default_rng(SEED).multinomial(len(clusters), [1 / len(clusters)] * len(clusters), RESAMPLES)
        drawn = figure(np.tensordot(draws.astype(float), clusters, axes=1))
    drawn = drawn[np.isfinite(drawn)]  # a draw where everybody says the same has no agreement beyond chance
    if len(drawn) < CONFIDENCE * RESAMPLES:
        return Estimate(value=value)
    tail = (1 - CONFIDENCE) / 2
    interval = Interval(*(float(end) for end in np.quantile(drawn, (tail, 1 - tail))))
    return Estimate(value=value, low=interval.low, high=interval.high)
