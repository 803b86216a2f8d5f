"""One decision: intervals that hold what they say, outcomes that follow, and prices that are right."""

import numpy as np
import pytest

from decaybench.analysis.decide import SMALLEST_RATIO, compare, compare_zeros, outcome_of, price_of
from decaybench.analysis.splits import correction, rows_needed, shared_rows
from decaybench.analysis.statistics import Estimate, mean

from .tables import study_of

BAR = np.log(SMALLEST_RATIO)


@pytest.mark.parametrize(
    ("low", "high", "loss", "accuracy"),
    [
        (-0.30, -0.10, "better", "worse"),
        (0.06, 0.20, "worse", "better"),
        (-0.04, 0.04, "no matter", "no matter"),
        (-0.04, -0.01, "no matter", "no matter"),
        (-0.30, -0.01, "open", "open"),
        (-0.30, 0.30, "open", "open"),
        (-0.01, 0.06, "open", "open"),
    ],
)
def test_an_outcome_is_where_the_interval_lies(low, high, loss, accuracy):
    estimate = Estimate((low + high) / 2, low, high, 40, "")
    assert (outcome_of(estimate, BAR), outcome_of(estimate, BAR, 1)) == (loss, accuracy)


def test_what_is_surely_lower_but_by_less_than_the_bar_is_said_to_be_lower():
    values = -0.02 + 0.005 * np.random.default_rng(0).standard_normal(40)
    found = compare(values, BAR)
    assert (found.outcome, found.direction, found.wins, found.n, found.price) == ("no matter", "lower", 40, 40, None)


def test_one_seed_decides_nothing_and_two_that_agree_may():
    assert compare(np.array([-3.0]), BAR).outcome == "open" and compare(np.array([-3.0]), BAR).price is None
    assert compare(np.array([-3.0, -3.1]), BAR).outcome == "better"
    assert compare(np.array([-3.0, 3.1]), BAR).outcome == "open"
    nothing = compare(np.array([np.nan]), BAR)
    assert (nothing.outcome, nothing.n) == ("open", 0) and "no pair" in nothing.interval.method


def test_seeds_that_are_all_alike_have_no_interval_and_decide_nothing():
    found = compare(np.full(30, -0.5), BAR)
    assert found.outcome == "open" and found.interval.low is None and "alike" in found.interval.method


@pytest.mark.filterwarnings("error")
def test_heavy_tails_and_huge_ratios_stay_numbers():
    values = np.random.default_rng(2).standard_cauchy(200)
    assert np.isfinite(compare(values, BAR).interval.low)
    assert compare(np.array([-700.0, 700.0, 1e200]), BAR).outcome == "open"


def test_zeros_are_decided_by_the_median_and_print_no_ratio():
    bounds = np.array([-30.0] * 15 + [0.5] * 5)
    found = compare_zeros(bounds, BAR)
    assert (found.outcome, found.wins, found.estimate.value) == ("better", 15, None)
    assert compare_zeros(bounds, BAR, splits=True).outcome == "open"


# --- splits of one data set ------------------------------------------------------------------------


def test_the_correction_follows_what_a_quantity_uses():
    task = {"kind": "diabetes", "n_train": 60, "n_validation": 120, "n_test": 60}
    variant = study_of(task=task).resolved()[0]
    assert correction(variant, "test") == pytest.approx((120 / 442) / (1 - 120 / 442))
    assert correction(variant, "validation") == pytest.approx((180 / 442) / (1 - 180 / 442))
    assert correction(variant) == pytest.approx((60 / 442) / (1 - 60 / 442))
    small_test = study_of(task={**task, "n_test": 6}).resolved()[0]
    assert correction(small_test, "test") == pytest.approx(0.1)  # Nadeau and Bengio's is the smaller one
    assert correction(study_of().resolved()[0], "test") is None  # fresh draws


def test_stratified_splits_are_as_alike_as_their_scarcest_class():
    assert shared_rows(60, 60, [(60, 400), (60, 80)]) == pytest.approx(1.0)
    assert shared_rows(60, 0, [(60, 60)]) == np.inf
    assert mean(np.random.default_rng(0).random(40), correction=np.inf).low is None


@pytest.mark.parametrize("c", [0.05, 0.4, 2.0])
def test_the_rows_needed_bring_the_correction_down_to_it(c):
    n = rows_needed(120, c)
    assert shared_rows(1, 10**9, [(120, n)]) <= c < shared_rows(1, 10**9, [(120, n - 1)])


def log_ratios_of_splits(random, n_rows, repeats, splits, n_train=20, n_test=20, p=12):
    """λ = 3 against λ = 0.01 by ridge: log ratios of test losses and of norms, each [repeats, splits]."""
    inputs = random.standard_normal((repeats, n_rows, p))
    targets = inputs @ np.full(p, 0.3) + random.standard_normal((repeats, n_rows))
    order = random.random((repeats, splits, n_rows)).argsort(axis=-1)
    each = np.arange(repeats)[:, None, None]
    train, test = order[..., :n_train], order[..., n_train : n_train + n_test]
    x, y = inputs[each, train], targets[each, train][..., None]
    logs = []
    for weight_decay in (3.0, 0.01):
        gram = x.swapaxes(-1, -2) @ x + n_train / 2 * weight_decay * np.eye(p)
        weights = np.linalg.solve(gram, x.swapaxes(-1, -2) @ y)
        norm = np.log((weights**2).sum(axis=(-1, -2))) / 2
        residuals = inputs[each, test] @ weights - targets[each, test][..., None]
        logs.append([np.log((residuals**2).mean(axis=(-1, -2))) if n_test else norm, norm])
    return np.subtract(*logs)


@pytest.mark.parametrize("ratio", [1, 1.25, 2, 4, 15])
def test_intervals_over_splits_hold_the_truth_at_least_93_times_in_100(ratio):
    """The truth is the mean over fresh rows: what another table of such rows would say on average."""
    n_train, splits, repeats = 20, 25, 600
    truth = log_ratios_of_splits(np.random.default_rng(0), 40, 20_000, 1).mean(axis=(1, 2))
    for place, n_test in enumerate((20, 0)):  # the loss uses test rows, the norm none
        k = n_train + n_test
        n_rows = round(ratio * k)
        if n_test or n_rows > k:  # a norm of all rows is the same in every split, and has no interval
            values = log_ratios_of_splits(np.random.default_rng(1), n_rows, repeats, splits, n_test=n_test)[place]
            c = shared_rows(n_train, n_test, [(k, n_rows)])
            held = [e.low <= truth[place] <= e.high for e in (mean(each, correction=c) for each in values)]
            assert np.mean(held) >= 0.93


# --- what would settle it --------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [0.08, -0.09, 0.0, 0.02])
def test_as_many_seeds_as_the_price_says_settle_it_in_three_of_four_trials(centre):
    """Were the estimate the truth; without the power's share it would be one in two."""
    random = np.random.default_rng(7)
    sample = random.standard_normal(30)
    values = centre + 0.15 * (sample - sample.mean()) / sample.std(ddof=1)
    needed = price_of(values, BAR).seeds
    assert compare(values, BAR).outcome == "open" and needed > 30
    trials = centre + 0.15 * random.standard_normal((400, needed))
    settled = [compare(trial, BAR, correction=0.0).outcome != "open" for trial in trials]
    assert 0.75 <= np.mean(settled) <= 0.87


def test_the_price_is_that_of_the_formula():
    from scipy import stats

    values = np.array([0.02, 0.18, 0.10, 0.14, 0.06, 0.10])
    needed = price_of(values, BAR).seeds
    quantiles = stats.t.ppf(0.975, needed - 1) + stats.t.ppf(0.8, needed - 1)
    exact = (quantiles * values.std(ddof=1) / (values.mean() - BAR)) ** 2
    assert exact <= needed < exact + 2


def test_where_rows_are_the_limit_the_price_is_in_rows():
    random = np.random.default_rng(4)
    values = 0.08 + 0.2 * random.standard_normal(40)
    price = price_of(values, BAR, correction=0.6, k=120)
    assert price.seeds is None and price.rows > 320  # c = 0.6 is 120 of 320 rows
    c = shared_rows(60, 10**9, [(120, price.rows)])
    enough = price_of(values, BAR, correction=c, k=120)
    assert enough.rows is None and enough.seeds is not None


def test_an_estimate_on_the_bar_is_settled_by_no_number():
    assert price_of(BAR + np.array([-0.1, 0.1]), BAR).seeds is None


def test_an_estimate_a_rounding_away_from_the_bar_has_no_price():
    values = np.array([-0.01, 0.03 - 1e-17, 0.01, 0.01])
    assert 0 < 0.01 - values.mean() < 1e-17
    price = price_of(values, 0.01, correction=0.05, k=250)
    assert (price.seeds, price.rows) == (None, None)
