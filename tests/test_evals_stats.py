"""The statistics against worked examples that others have published."""

import pytest

from evals.stats import (
    Pair,
    clopper_pearson,
    clustered_mean,
    detectable_mean,
    detectable_rate,
    exceeds,
    holm,
    mcnemar,
    needed_interval,
    needed_mean,
    needed_rate,
    needed_unanimous,
    paired_difference,
    rule_of_three,
    sparse_interval,
    unanimous_interval,
    wilson,
    wilson_clustered,
)
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
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0.0, 1.0)
    assert rule_of_three(0) == 1.0


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_the_exact_interval_gives_newcombes_1998_table(successes: int, n: int, low: float, high: float) -> None:
    interval = clopper_pearson(successes, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_none_of_fourteen_allows_what_hanley_and_lippman_hand_say() -> None:
    # JAMA 1983;249:1743, "If nothing goes wrong, is everything all right?": 0 of 14, exact 19.3 %, about 3/14 = 21.4 %
    assert rule_of_three(14) == pytest.approx(0.193, abs=5e-4)
    assert rule_of_three(100) == pytest.approx(0.03, abs=1e-3)


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


def test_the_clustered_error_is_that_of_a_cluster_robust_regression_on_a_constant() -> None:
    import numpy as np
    import statsmodels.api as sm

    draw = np.random.default_rng(3)
    clusters = np.repeat(np.arange(12), draw.integers(1, 6, 12))
    values, weights = draw.normal(size=len(clusters)), draw.uniform(1, 3, len(clusters))
    fitted = sm.WLS(values, np.ones(len(values)), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )
    mean = clustered_mean(list(values), [str(name) for name in clusters], list(weights))
    assert mean.value == pytest.approx(fitted.params[0])
    assert mean.error == pytest.approx(fitted.bse[0])
    assert mean.interval == pytest.approx(tuple(fitted.conf_int()[0]))


def test_items_that_are_their_own_clusters_have_the_plain_standard_error() -> None:
    # 2, 4, 6, 8: standard deviation 2.582, over the root of 4
    assert clustered_mean([2, 4, 6, 8], ["a", "b", "c", "d"]).error == pytest.approx(1.291, abs=5e-4)


def test_copies_of_an_item_within_its_cluster_do_not_make_a_mean_more_certain() -> None:
    once = clustered_mean([1.0, 0.0, 1.0], ["a", "b", "c"])
    fivefold = clustered_mean([1.0, 0.0, 1.0] * 5, ["a", "b", "c"] * 5)
    assert fivefold.error == pytest.approx(once.error)


def test_a_rate_over_clusters_is_as_certain_as_the_items_that_vary_as_much() -> None:
    # five copies of each of 20 items, 15 right: error sqrt(20/19 * 0.1875 * 20) / 20 = 0.0993, worth 0.1875 / 0.0993^2 = 19 items
    copied = clustered_mean([1.0] * 75 + [0.0] * 25, [f"c{at // 5}" for at in range(100)])
    found = wilson_clustered(copied)
    assert found is not None
    assert found.low < wilson(15, 20).low < wilson(75, 100).low
    # Wilson by hand at 14.25 of 19: (0.75 + 3.841/38 ± 1.96 * sqrt(0.1875/19 + 3.841/(4 * 361))) / (1 + 3.841/19)
    assert found == pytest.approx((0.5255, 0.8904), abs=5e-4)
    single = clustered_mean([1.0] * 15 + [0.0] * 5, [f"c{at}" for at in range(20)])
    assert wilson_clustered(single) == wilson(15, 20)


def test_one_cluster_gives_a_mean_no_interval() -> None:
    assert wilson_clustered(clustered_mean([1.0, 0.0], ["a", "a"])) is None
    assert clustered_mean([1.0, 2.0], ["a", "a"]).interval is None


def test_the_paired_error_is_walds_on_newcombes_paired_table() -> None:
    # Newcombe, Statistics in Medicine 1998;17:2635, table of 36, 12, 2, 0: difference 0.2, Wald 0.0642 to 0.3358,
    # so an error of 0.0693, here with n - 1 in place of n
    pairs = [(1, 1)] * 36 + [(1, 0)] * 12 + [(0, 1)] * 2
    found = paired_difference([Pair(a, b, f"c{at}") for at, (a, b) in enumerate(pairs)], seed=1)
    assert found.difference == pytest.approx(0.2)
    assert found.error * (49 / 50) ** 0.5 == pytest.approx((0.3358 - 0.0642) / 2 / 1.96, abs=5e-5)


def test_non_inferiority_on_darwins_maize_is_students_shifted_test() -> None:
    # Fisher's t of the fifteen pairs is 2.148 on 14 degrees of freedom: two-sided p 0.0497
    found = paired_difference([Pair(height, 0.0, f"pair {number}") for number, height in enumerate(MAIZE)], seed=17)
    assert exceeds(found, 0.0) == pytest.approx(0.0497 / 2, abs=5e-5)
    # 20.93 + 10 over the same error of 9.746 is 3.174: one-sided p 0.0034 by the t table
    assert exceeds(found, -10.0) == pytest.approx(0.0034, abs=5e-5)


def test_thirty_pairs_right_in_both_models_still_allow_a_fall_of_eleven_points() -> None:
    # 0.975 of the time one pair or more of 30 is lost when the share lost is 1 - 0.025^(1/30) = 0.1157
    found = paired_difference([Pair(1.0, 1.0, f"c{at}") for at in range(30)], seed=1)
    assert found.unanimous == 0.0
    assert found.interval == pytest.approx((-0.1157, 0.1157), abs=5e-5)
    assert exceeds(found, -0.05) == pytest.approx(0.95**30)
    assert exceeds(found, 0.0) == 1.0


def test_pairs_all_gained_are_a_sign_test() -> None:
    found = paired_difference([Pair(1.0, 0.0, f"c{at}") for at in range(10)], seed=1)
    assert exceeds(found, 0.0) == pytest.approx(0.5**10)
    assert unanimous_interval(1.0, 10).high == 1.0


def test_holm_adjusts_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 = 0.02, 0.03, 0.06, 0.04; the last may not be less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_holm_rejects_the_three_of_benjamini_and_hochbergs_example() -> None:
    # JRSS B 1995;57:289, section 3.2: fifteen p-values; controlling the familywise error at 0.05 rejects the smallest three
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert sum(adjusted <= 0.05 for adjusted in holm(p)) == 3


def test_mcnemar_takes_the_pairs_that_connor_says() -> None:
    # Connor, Biometrics 1987;43:207: discordant shares 0.45 and 0.05, 80 % power: 23 pairs; 0.30 and 0.15: 155
    assert needed_rate(0.40, discordant=0.50) == 23
    assert needed_rate(0.15, discordant=0.45) == 155


@pytest.mark.parametrize(("n", "points"), [(1273, 3.5), (4183, 1.9), (500, 5.6)])
def test_what_a_benchmark_can_show_with_a_fifth_of_its_items_discordant(n: int, points: float) -> None:
    # by hand: (1.960 + 0.842) * sqrt(0.2 / n), for MedQA, MedMCQA and PubMedQA
    assert detectable_rate(n, discordant=0.2) * 100 == pytest.approx(points, abs=0.05)


def test_the_needed_n_of_numbers_is_where_their_detectable_difference_is_met() -> None:
    # by hand: (2.802 * 0.14 / 0.02)^2 = 384.6
    assert needed_mean(0.02, deviation=0.14) == 385
    assert detectable_mean(385, deviation=0.14) <= 0.02 < detectable_mean(384, deviation=0.14)


def test_the_needed_n_of_pairs_all_alike_is_the_rule_of_three() -> None:
    # ln 0.025 / ln 0.95 = 71.9
    assert needed_unanimous(0.0, -0.05) == 72
    assert unanimous_interval(0.0, 72).low > -0.05 > unanimous_interval(0.0, 71).low


def test_the_needed_n_of_a_rate_keeps_the_bound_out_of_its_interval() -> None:
    n = needed_interval(0.95, 0.9)
    assert wilson(round(0.95 * n), n).low > 0.9
    assert wilson(round(0.95 * n * 0.8), round(n * 0.8)).low < 0.9


def test_one_item_that_differs_does_not_make_thirty_certain() -> None:
    # by hand: of 30, gained 1 (exact limits from .0008), lost 0 (to 1 - .025^(1/30) = .1157):
    # .0333 - sqrt((.0333 - .0008)^2 + .1157^2) = -.0868, where a bootstrap of one item that rose would end at 0
    pairs = [Pair(1.0, float(number > 0), str(number)) for number in range(30)]
    found = paired_difference(pairs, seed=1)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(-0.0868, abs=5e-4)
    mirrored = paired_difference([Pair(pair.baseline, pair.value, pair.cluster) for pair in pairs], seed=1)
    assert mirrored.interval is not None
    assert mirrored.interval.high == pytest.approx(0.0868, abs=5e-4)


def test_the_interval_of_few_discordant_pairs_ends_in_the_rule_of_three() -> None:
    none = sparse_interval(0.0, 0.0, 30)
    assert none.low == pytest.approx(unanimous_interval(0.0, 30).low)
    assert none.high == pytest.approx(unanimous_interval(0.0, 30).high)
