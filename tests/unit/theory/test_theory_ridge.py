"""Averages over data sets: closed forms against ridge solved again and again."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from decaybench.theory import conventions, ridge, smoother


def solve_centred(x, y, penalty):
    """Ridge with a free intercept, by the normal equations."""
    xc, yc = x - x.mean(0), y - y.mean()
    if penalty == 0:
        w = np.linalg.pinv(xc) @ yc
    else:
        w = np.linalg.solve(xc.T @ xc + penalty * np.eye(x.shape[1]), xc.T @ yc)
    return w, y.mean() - x.mean(0) @ w


def within(samples, expected, relative):
    """Whether the mean of samples meets an expectation, up to 4.5 standard errors and a relative error."""
    error = 4.5 * np.std(samples) / np.sqrt(len(samples)) + relative * abs(expected)
    return abs(np.mean(samples) - expected) < error


@pytest.mark.parametrize(
    ("n", "p", "penalty"),
    [(20, 80, 0.5), (20, 80, 30.0), (60, 30, 5.0), (40, 40, 4.0), (25, 60, 0.0), (60, 25, 0.0)],
)
def test_bias_variance_norm_and_dof_are_those_of_solved_ridge(n, p, penalty):
    rng = np.random.default_rng(n + p)
    beta, noise_std, replicates = rng.normal(0, 0.2, p), 0.7, 250
    signal = beta @ beta
    bias, variance, norm, dof = [], [], [], []
    for _ in range(replicates):
        x, noise = rng.standard_normal((n, p)), noise_std * rng.standard_normal(n)
        w, b = solve_centred(x, x @ beta + 3.0, penalty)  # ridge is linear in y: signal and noise apart
        v, c = solve_centred(x, noise, penalty)
        bias.append(np.sum((w - beta) ** 2) + (b - 3.0) ** 2)
        variance.append(np.sum(v**2) + c**2)
        norm.append(np.sum((w + v) ** 2))
        s = np.linalg.svd(x - x.mean(0), compute_uv=False)[: min(n - 1, p)] ** 2
        dof.append(1 + np.sum(s / (s + penalty)))
    risk = ridge.expected_ridge(n, p, signal, noise_std, penalty)
    assert within(bias, risk.bias_squared, 3e-3) or max(bias) < 1e-20  # least squares has no bias
    assert within(variance, risk.variance, 3e-3)
    assert within(norm, risk.squared_weight_norm, 3e-3)
    assert within(dof, risk.effective_dof, 4e-3)
    assert risk.test_risk == pytest.approx(noise_std**2 + risk.bias_squared + risk.variance)


def test_the_intercept_costs_one_row_and_a_factor():
    n, p, signal, noise_std, penalty = 20, 50, 2.0, 0.5, 7.0
    with_intercept = ridge.expected_ridge(n, p, signal, noise_std, penalty).test_risk
    without = ridge.excess_risk(n - 1, p, signal, noise_std, penalty)
    assert with_intercept == pytest.approx((1 + 1 / n) * (noise_std**2 + without))
    rng = np.random.default_rng(0)
    beta = np.full(p, np.sqrt(signal / p))
    direct = []
    for _ in range(400):
        x = rng.standard_normal((n - 1, p))
        y = x @ beta + noise_std * rng.standard_normal(n - 1)
        direct.append(np.sum((np.linalg.solve(x.T @ x + penalty * np.eye(p), x.T @ y) - beta) ** 2))
    assert within(direct, without, 3e-3)


def test_interpolation_threshold_is_infinite_only_with_noise():
    p = 30
    for n in (p, p + 1, p + 2):  # |n - 1 - p| <= 1
        assert np.isinf(ridge.ridgeless_risk(n, p, 1.0, 0.1))
        assert np.isfinite(ridge.ridgeless_risk(n, p, 1.0, 0.0))
        assert np.isinf(ridge.expected_ridge(n, p, 1.0, 0.1, 0.0).squared_weight_norm)
    assert np.all(np.isfinite(ridge.ridgeless_risk([p - 1, p + 3], p, 1.0, 0.1)))
    assert ridge.ridgeless_risk(p + 10, p, 1.0, 0.0) == pytest.approx(0.0, abs=1e-15)


def test_a_small_penalty_meets_the_exact_ridgeless_limit():
    for n, p in ((20, 200), (200, 20)):
        tiny = ridge.expected_ridge(n, p, 1.0, 0.3, 1e-9)
        exact = ridge.expected_ridge(n, p, 1.0, 0.3, 0.0)
        assert tiny.bias_squared == pytest.approx(exact.bias_squared, abs=1e-9)
        assert tiny.variance == pytest.approx(exact.variance, rel=1e-7)
        assert tiny.squared_weight_norm == pytest.approx(exact.squared_weight_norm, rel=1e-7)


def test_infinite_penalty_predicts_the_mean():
    n, p, signal, noise_std = 20, 200, 0.02, 0.01
    for penalty in (1e12, np.inf):
        risk = ridge.expected_ridge(n, p, signal, noise_std, penalty)
        assert risk.test_risk == pytest.approx((1 + 1 / n) * (signal + noise_std**2), rel=1e-8)
        assert risk.squared_weight_norm == pytest.approx(0, abs=1e-8)
        assert risk.effective_dof == pytest.approx(1, abs=1e-8)
    single = ridge.expected_ridge(1, p, signal, noise_std, [0.0, 3.0])  # one row goes into the intercept
    assert single.test_risk == pytest.approx(2 * (signal + noise_std**2))


@pytest.mark.parametrize("n", [2, 10, 39, 41, 43, 400])
def test_best_penalty_is_the_bayes_rule_at_every_n(n):
    p, signal, noise_std = 40, 1.7, 0.6
    best = ridge.optimal_total_penalty(p, signal, noise_std)
    assert best == pytest.approx(p * noise_std**2 / signal)

    def at(u):
        return float(ridge.expected_ridge(n, p, signal, noise_std, np.exp(u)).test_risk)

    found = minimize_scalar(at, bracket=(np.log(best) - 2, np.log(best) + 1.5), options={"xtol": 1e-8})
    assert np.exp(found.x) == pytest.approx(best, rel=1e-4)
    assert at(np.log(best) + 0.5) > at(np.log(best)) < at(np.log(best) - 0.5)


def test_bayes_rule_is_best_on_every_single_design_too():
    rng = np.random.default_rng(3)
    n, p, signal, noise_std = 12, 20, 1.0, 0.5
    best = ridge.optimal_total_penalty(p, signal, noise_std)
    x = rng.standard_normal((n, p))
    x -= x.mean(0)
    axes = np.eye(p) * np.sqrt(signal)  # averaging over p orthogonal beta averages over rotations
    risk = sum(smoother.conditional_risk(x, b, noise_std, best * np.array([0.9, 1.0, 1.1])).test_risk for b in axes)
    assert risk[1] < risk[0] and risk[1] < risk[2]


def test_article_best_decay():
    # 200 weights of 0.01, noise 0.01, 20 rows: Lambda* = 1, so 0.1 for nn.MSELoss and 0.05 for the half loss
    assert ridge.optimal_weight_decay(20, 200, 0.02, 0.01, g=2) == pytest.approx(0.1)
    assert ridge.optimal_weight_decay(20, 200, 0.02, 0.01, g=1) == pytest.approx(0.05)
    assert ridge.optimal_weight_decay([20, 40, 80], 200, 0.02, 0.01) == pytest.approx([0.1, 0.05, 0.025])
    assert ridge.optimal_total_penalty(5, 0.0, 1.0) == np.inf


def test_fixed_decay_leaves_a_floor_that_more_data_does_not_lower():
    decay, signal, noise_std = np.array([0.0, 0.3, 3.0]), 2.0, 0.4
    for g in (2.0, 1.0):
        floor = ridge.fixed_decay_floor(decay, signal, noise_std, g)
        n = 10**7
        many = ridge.expected_ridge(n, 50, signal, noise_std, conventions.total_penalty(decay, n, g)).test_risk
        assert many == pytest.approx(floor, rel=1e-4)
    assert floor[0] == pytest.approx(noise_std**2)
    rng = np.random.default_rng(5)
    beta = np.full(4, np.sqrt(signal / 4))
    x = rng.standard_normal((200_000, 4))
    w, b = np.zeros(4), 0.0
    y = x @ beta + noise_std * rng.standard_normal(len(x))
    moment, mean, cross, level = x.T @ x / len(x), x.mean(0), x.T @ y / len(x), y.mean()
    for _ in range(400):  # averaged descent with the half squared loss and decay 3
        w, b = w - 0.1 * (moment @ w + mean * b - cross) - 0.1 * 3.0 * w, b - 0.1 * (mean @ w + b - level)
    assert conventions.population_risk(w, b, beta, 0.0, noise_std) == pytest.approx(floor[2], rel=0.01)


@pytest.mark.parametrize(("loss", "factor"), [("mse", 2.0), ("half_mse", 1.0)])
def test_descent_rests_at_ridge_with_the_total_penalty(loss, factor):
    rng = np.random.default_rng(11)
    n, p, decay, rate = 8, 12, 0.7, 0.05
    x, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    w, b = rng.standard_normal(p), 2.0
    for _ in range(4000):
        residual = x @ w + b - y
        w, b = (
            (1 - rate * decay) * w - rate * factor * x.T @ residual / n,
            b - rate * factor * residual.mean(),
        )
    penalty = conventions.total_penalty(decay, n, conventions.gradient_factor(loss))
    expected, intercept = solve_centred(x, y, penalty)
    assert w == pytest.approx(expected, abs=1e-10)
    assert b == pytest.approx(intercept, abs=1e-10)
    assert conventions.weight_decay_of(penalty, n, factor) == pytest.approx(decay)


def test_dropout_is_ridge_averaged_over_all_masks():
    rng = np.random.default_rng(2)
    n, p, rate = 7, 4, 0.3
    x, y = rng.standard_normal((n, p)) * [1, 2, 3, 0.5] + 0.4, rng.standard_normal(n)
    rows, targets = [], []
    for mask in itertools.product([0, 1], repeat=p):  # weighted least squares over every mask
        share = np.sqrt(np.prod([rate if m == 0 else 1 - rate for m in mask]))
        rows.append(share * np.column_stack([x * np.array(mask) / (1 - rate), np.ones(n)]))
        targets.append(share * y)
    brute = np.linalg.lstsq(np.vstack(rows), np.concatenate(targets), rcond=None)[0]
    weights, intercept = smoother.dropout_solution(x, y, rate)
    assert weights == pytest.approx(brute[:p], abs=1e-10)
    assert intercept == pytest.approx(brute[p], abs=1e-10)


def test_dropout_acts_as_its_decay_on_many_rows():
    rng = np.random.default_rng(4)
    n, p, rate = 20_000, 6, 0.4
    x = rng.standard_normal((n, p))
    y = x @ np.ones(p) + rng.standard_normal(n)
    penalty = conventions.total_penalty(ridge.dropout_weight_decay(rate), n)
    assert smoother.dropout_penalties(x, rate) == pytest.approx(np.full(p, penalty), rel=0.05)
    assert smoother.dropout_solution(x, y, rate)[0] == pytest.approx(solve_centred(x, y, penalty)[0], abs=0.02)


def test_optimism_is_the_gap_between_fresh_targets_and_the_training_loss():
    rng = np.random.default_rng(6)
    n, p, penalty, noise_std = 15, 30, 4.0, 0.8
    x = rng.standard_normal((n, p))
    mean = x @ rng.standard_normal(p)
    gaps = []
    for _ in range(4000):
        y = mean + noise_std * rng.standard_normal(n)
        w, b = solve_centred(x, y, penalty)
        fitted = x @ w + b
        gaps.append(np.mean((mean - fitted) ** 2) + noise_std**2 - np.mean((y - fitted) ** 2))
    assert within(gaps, float(ridge.optimism(smoother.effective_dof(x, penalty), n, noise_std)), 0)


def test_impossible_arguments_are_named():
    for call, word in [
        (lambda: ridge.expected_ridge(0, 5, 1, 1, 1), "n_train"),
        (lambda: ridge.expected_ridge(5, 5, 1, 1, -1), "total_penalty"),
        (lambda: conventions.total_penalty(-1, 5), "weight_decay"),
        (lambda: conventions.gradient_factor("cross_entropy"), "cross_entropy"),
        (lambda: ridge.dropout_weight_decay(1.0), "rate"),
        (lambda: ridge.optimal_total_penalty(5, 0, 0), "signal"),
    ]:
        with pytest.raises(ValueError, match=word):
            call()
