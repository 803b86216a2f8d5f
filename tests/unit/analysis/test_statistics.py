"""Intervals hold what they should as often as they say, and corrections agree with hand computations."""

import itertools

import numpy as np
import pytest
from scipy import stats

from decaybench.analysis.spread import split_variance
from decaybench.analysis.statistics import (
    MeanTest,
    heavy_tailed,
    holm,
    holm_levels,
    interquartile_mean,
    mean,
    median,
    resampled_means,
    standard_deviation,
)


def coverage(interval, draw, truth, repeats):
    """Share of intervals that hold the truth."""
    estimates = [interval(draw(np.random.default_rng(k))) for k in range(repeats)]
    return np.mean([e.low <= truth <= e.high for e in estimates])


def test_a_bca_interval_of_a_skewed_mean_holds_it_about_95_times_in_100():
    share = coverage(mean, lambda random: random.exponential(size=60), 1.0, 150)
    assert 0.88 <= share <= 0.99  # the percentile t interval of 60 exponentials is near 0.93, too


def test_a_median_interval_holds_the_median_of_any_distribution():
    share = coverage(median, lambda random: random.standard_cauchy(41), 0.0, 600)
    assert 0.94 <= share <= 0.99


def test_an_interquartile_interval_holds_the_centre_of_a_heavy_tailed_distribution():
    share = coverage(interquartile_mean, lambda random: random.standard_t(2, 80), 0.0, 600)
    assert 0.92 <= share <= 0.98


def test_the_interquartile_interval_is_that_of_tukey_and_mclaughlin():
    values = np.random.default_rng(8).standard_t(3, 40)
    ordered = np.sort(values)
    winsorised = np.clip(values, ordered[10], ordered[-11])
    half = stats.t.ppf(0.975, 19) * winsorised.std(ddof=1) / (0.5 * np.sqrt(40))
    estimate = interquartile_mean(values)
    assert estimate.value == pytest.approx(ordered[10:-10].mean())
    assert estimate.high - estimate.value == pytest.approx(half)


def test_splits_of_one_data_set_get_a_t_interval_with_the_correction():
    values = np.array([1.0, 2.0, 4.0, 5.0])
    half = stats.t.ppf(0.975, 3) * np.sqrt(np.var(values, ddof=1) * (1 / 4 + 0.5))
    estimate = mean(values, correction=0.5)
    assert (estimate.low, estimate.high) == pytest.approx((3 - half, 3 + half))


def test_one_seed_has_no_interval_and_says_why():
    assert mean(np.array([3.0])) == mean(np.array([3.0]))
    assert mean(np.array([3.0])).low is None and "one seed" in mean(np.array([3.0])).method


def test_few_seeds_have_no_median_interval():
    assert median(np.arange(5.0)).low is None
    assert median(np.arange(6.0)).low == 0.0  # P(all six on one side) = 1/32 < 0.05


def test_only_a_skewed_sample_counts_as_heavy_tailed():
    random = np.random.default_rng(0)
    assert heavy_tailed(random.standard_normal(200) ** 4)
    assert not heavy_tailed(random.standard_normal(200))


def test_resampled_means_do_not_depend_on_how_they_are_chunked(monkeypatch):
    values = np.random.default_rng(1).random((30, 2))
    whole = resampled_means(values, 500)
    assert whole.std(axis=0) == pytest.approx(values.std(axis=0) / np.sqrt(30), rel=0.1)
    assert (whole == resampled_means(values, 500)).all()


def test_holm_agrees_with_a_hand_computation():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])


def test_holm_rejects_what_brute_force_closed_testing_rejects():
    """Holm is the closed test whose every intersection is tested by Bonferroni."""
    p_values = np.array([0.012, 0.021, 0.5, 0.011])
    rejected = [
        all(
            min(p_values[list(subset)]) <= 0.05 / len(subset)
            for size in range(1, 5)
            for subset in itertools.combinations(range(4), size)
            if hypothesis in subset
        )
        for hypothesis in range(4)
    ]
    assert list(holm(p_values) <= 0.05) == rejected
    assert rejected == [True, True, False, True]


def test_holm_levels_are_those_at_which_the_decisions_fall():
    assert holm_levels([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [1 - 0.05 / 3, 1 - 0.05 / 2, 1 - 0.05 / 2, 1 - 0.05 / 4]
    )
    assert holm_levels([0.2, 0.001]) == pytest.approx([0.95, 0.975])
    assert holm_levels([0.5, 0.6, 0.7]) == pytest.approx([1 - 0.05 / 3] * 3)


@pytest.mark.parametrize("correction", [None, 0.5])
@pytest.mark.parametrize("n", [8, 60])
def test_a_p_value_is_the_level_whose_interval_just_touches(n, correction):
    values = np.random.default_rng(3).exponential(size=n)
    test = MeanTest(values, correction)
    for null in (0.75, 1.2):
        estimate = test.interval(1 - test.p_value(null))
        assert min(abs(estimate.low - null), abs(estimate.high - null)) < 2e-3


def test_p_values_of_a_true_hypothesis_are_uniform():
    p_values = [MeanTest(np.random.default_rng(k).standard_normal(40)).p_value(0.0) for k in range(60)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_values_without_spread_are_certain():
    assert MeanTest(np.ones(30)).p_value(1.0) == 1.0
    assert MeanTest(np.ones(30)).p_value(0.9) == 0.0


def test_a_null_outside_of_all_resamples_has_the_smallest_p_value():
    values = np.append(np.ones(99), 0.999)  # as skewed as can be
    assert MeanTest(values).p_value(0.5) == 1 / MeanTest.RESAMPLES


def test_scatter_of_row_means_that_interaction_explains_is_not_the_rows():
    assert split_variance(np.array([[3.0, 1.0], [1.0, 1.0]])) == (0.0, 0.0, 1.0)


def test_variance_splits_into_the_parts_that_made_it():
    random = np.random.default_rng(5)
    rows, columns = 3 * random.standard_normal((400, 1)), random.standard_normal((1, 400))
    shares = split_variance(rows + columns + random.standard_normal((400, 400)))
    assert shares == pytest.approx((9 / 11, 1 / 11, 1 / 11), abs=0.04)


@pytest.mark.parametrize("n", [2, 8, 40])  # Student's t below 20 seeds, a bootstrap from there
@pytest.mark.parametrize("correction", [None, 0.5])
@pytest.mark.filterwarnings("error")
def test_values_whose_squares_no_float_holds_have_the_intervals_of_smaller_ones(n, correction):
    values = 1 + np.random.default_rng(n).exponential(size=n)
    small, huge = mean(values, correction=correction), mean(values * 1e200, correction=correction)
    assert huge.method == small.method
    for part in ("value", "low", "high"):
        assert getattr(huge, part) == pytest.approx(1e200 * getattr(small, part))
    one, other = MeanTest(values, correction), MeanTest(values * 1e200, correction)
    assert other.p_value(1.5e200) == pytest.approx(one.p_value(1.5))
    assert other.interval(0.9).high == pytest.approx(1e200 * one.interval(0.9).high)
    assert heavy_tailed(values * 1e200) == heavy_tailed(values)
    assert standard_deviation(values * 1e200) == pytest.approx(1e200 * values.std(ddof=1))


@pytest.mark.filterwarnings("error")
def test_shares_of_variance_do_not_depend_on_the_unit():
    table = np.random.default_rng(1).exponential(size=(6, 6))
    assert split_variance(table * 1e200) == pytest.approx(split_variance(table))
