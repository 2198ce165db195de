"""The statistics against worked examples that others have published."""

import pytest

from evals.stats import Pair, mcnemar, paired_difference, wilson
from evals.stats import _expanded_tail as expanded_tail

# Darwin's fifteen pairs of maize plants, crossed minus self-fertilised, in eighths of an inch (Fisher 1935, chapter 3).
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_1998_table(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_no_item_leaves_everything_open() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_mcnemar_gives_the_exact2x2_vignettes_p_value() -> None:
    # Fay's vignette of the R package exact2x2: discordant pairs 9 and 2, p = 0.06543
    assert mcnemar(9, 2) == pytest.approx(0.06543, abs=5e-6)
    assert mcnemar(2, 9) == mcnemar(9, 2)


def test_the_expanded_percentile_is_hesterbergs() -> None:
    # arXiv 1411.5279, section 4.3: 0.00096 for n = 5, 0.0086 for n = 10, in place of 0.025
    assert expanded_tail(5, 0.95) == pytest.approx(0.00096, abs=2e-5)
    assert expanded_tail(10, 0.95) == pytest.approx(0.0086, abs=1e-4)


def test_the_paired_interval_agrees_with_fishers_t_on_darwins_maize() -> None:
    result = paired_difference([Pair(height, 0.0, f"pair {number}") for number, height in enumerate(MAIZE)], seed=17)
    assert result.difference == pytest.approx(20.93, abs=0.01)
    assert result.interval == pytest.approx((0.03, 41.84), abs=2.0)  # published: t = 2.148 on 14 degrees of freedom


def test_repeating_an_item_inside_its_cluster_adds_no_certainty() -> None:
    single = [Pair(float(number % 3), 0.5, f"c{number}") for number in range(9)]
    repeated = [pair for pair in single for _ in range(5)]
    assert paired_difference(repeated, seed=1).interval == pytest.approx(paired_difference(single, seed=1).interval)


def test_as_many_separate_clusters_do_add_certainty() -> None:
    few = [Pair(float(number % 3), 0.5, f"c{number}") for number in range(9)]
    many = [Pair(float(number % 3), 0.5, f"c{number}") for number in range(45)]
    narrow, wide = paired_difference(many, seed=1).interval, paired_difference(few, seed=1).interval
    assert narrow is not None
    assert wide is not None
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_weights_make_the_mean_one_over_all_bytes() -> None:
    result = paired_difference([Pair(1.0, 2.0, "a", 300.0), Pair(3.0, 2.0, "b", 100.0)], seed=1)
    assert result.value == pytest.approx(1.5)
    assert result.difference == pytest.approx(-0.5)


def test_the_same_seed_gives_the_same_interval() -> None:
    pairs = [Pair(number / 7, 0.3, f"c{number}") for number in range(7)]
    assert paired_difference(pairs, seed=5) == paired_difference(pairs, seed=5)


def test_one_cluster_gives_no_interval() -> None:
    assert paired_difference([Pair(1.0, 0.0, "only"), Pair(1.0, 0.0, "only")], seed=1).interval is None
