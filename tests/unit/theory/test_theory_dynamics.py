"""The finite-time law: against SGD written out, and against its own parts."""

import numpy as np
import pytest

from decaybench.theory import conventions, dynamics, ridge, simulation

ARTICLE = {"n_train": 20, "n_features": 200, "learning_rate": 0.003}
KNOWN = {"true_weight_norm_squared": 200 * 0.01**2, "noise_std": 0.01}
DECAYS = np.array([0.0, 1.0, 3.0, 10.0, 50.0])


def article_sgd(bias_start, replicates, g=2.0, reshuffle=True, seed=0):
    """Test risk and squared norm of plain SGD on the article's task, p weights and a bias, [replicates, L]."""
    rng = np.random.default_rng(seed)
    n, p, rate, batch = 20, 200, 0.003, 5
    risk, norm = [], []
    for k in range(replicates):
        x = rng.standard_normal((n, p))
        y = 0.01 * x.sum(1) + 0.05 + 0.01 * rng.standard_normal(n)
        w = np.tile(rng.standard_normal(p), (len(DECAYS), 1))
        b = np.full(len(DECAYS), bias_start * (-1.0) ** k)  # a start of +-1 has the second moment of N(0, 1)
        for _ in range(100):
            order = rng.permutation(n) if reshuffle else rng.integers(0, n, n)
            for rows in order.reshape(-1, batch):
                r = w @ x[rows].T + b[:, None] - y[rows]
                w = (1 - rate * DECAYS[:, None]) * w - rate * g / batch * r @ x[rows]
                b = b - rate * g * r.mean(1)
        risk.append(0.01**2 + np.sum((w - 0.01) ** 2, 1) + (b - 0.05) ** 2)
        norm.append(np.sum(w**2, 1))
    return np.array(risk), np.array(norm)


def close(samples, expected, relative):
    error = 4.5 * samples.std(0) / np.sqrt(len(samples)) + relative * expected
    return np.all(np.abs(samples.mean(0) - expected) < error)


@pytest.mark.parametrize(("bias_start", "g"), [(0.0, 2.0), (1.0, 2.0), (0.0, 1.0)])
def test_law_holds_for_sgd_on_the_article_task(bias_start, g):
    risk, norm = article_sgd(bias_start, 100, g)
    start = {
        "initial_weight_second_moment": 1.0,
        "initial_bias_error": bias_start**2 + 0.05**2,
        "g": g,
        "batch_size": 5,
    }
    assert close(risk, dynamics.finite_time_risk(DECAYS, 400, **ARTICLE, **KNOWN, **start).total, 0.01)
    law = dynamics.finite_time_squared_norm(DECAYS, 400, **ARTICLE, **KNOWN, **start).total
    # the jitter of single batches adds to the norm where the decay is so strong that little else is left
    assert close(norm[:, :4], law[:4], 0.02)


def test_reshuffling_makes_the_bias_forget_faster_than_batches_with_replacement():
    start = {"initial_weight_second_moment": 1.0, "initial_bias_error": 1 + 0.05**2}
    plain = dynamics.finite_time_risk(DECAYS, 400, **ARTICLE, **KNOWN, **start).total
    reshuffled = dynamics.finite_time_risk(DECAYS, 400, **ARTICLE, **KNOWN, **start, batch_size=5).total
    risk, _ = article_sgd(1.0, 120, seed=1)
    standard_error = risk.std(0) / np.sqrt(len(risk))
    assert np.all((plain / risk.mean(0) - 1)[4:] > 0.08)  # the law without it is clearly too high
    assert np.all(np.abs(reshuffled - risk.mean(0))[2:] < 4 * standard_error[2:] + 0.01 * reshuffled[2:])
    risk, _ = article_sgd(1.0, 120, reshuffle=False, seed=1)
    assert close(risk, plain, 0.01)


def test_full_batch_law_over_time_meets_simulation_with_noise():
    # half as many rows as features, zero start, large noise
    kw = {"n_train": 50, "n_features": 100, "learning_rate": 0.01}
    decay = np.array([0.0, 0.5, 2.0, 20.0])
    law = dynamics.finite_time_risk(
        decay,
        3000,
        **kw,
        true_weight_norm_squared=0.01,
        noise_std=0.1,
        initial_weight_second_moment=0.0,
        initial_bias_error=0.05**2,
    )
    found = simulation.simulate_training(
        **kw,
        weight=0.01,
        noise_std=0.1,
        bias=0.05,
        init_std=0.0,
        bias_init_std=0.0,
        batch_size=50,
        epochs=3000,
        weight_decay=decay,
        replicates=150,
    )
    assert np.all(np.abs(found.test_risk - law.total) < 4.5 * found.test_risk_standard_error + 0.02 * law.total)
    assert np.all(dynamics.slowest_bulk_factor(decay, 0.01, 3000, 50, 100) < 1e-2)


def test_slow_mode_is_the_outlier_of_a_large_data_set():
    rng = np.random.default_rng(2)
    n, p, g = 150, 600, 2.0
    x = rng.standard_normal((n, p))
    design = np.column_stack([x, np.ones(n)])
    for decay in (0.0, 2.0, 20.0):
        # an eigenvector inside the span of the data and the bias; the null space has rates of exactly lambda
        basis = np.linalg.qr(np.column_stack([np.vstack([x.T, np.zeros(n)]), np.eye(p + 1)[:, -1]]))[0]
        hessian = g / n * design.T @ design + decay * np.diag(np.append(np.ones(p), 0.0))
        rates, vectors = np.linalg.eigh(basis.T @ hessian @ basis)
        share = (basis @ vectors[:, 0])[-1] ** 2
        mode = dynamics.slow_mode(decay, n, p, g)
        assert rates[0] == pytest.approx(mode.rate, rel=0.02, abs=1e-9)
        assert share == pytest.approx(mode.bias_share, rel=0.02)


def test_terms_at_the_first_and_the_last_step():
    kw = dict(**ARTICLE, **KNOWN, initial_weight_second_moment=1.0, initial_bias_error=0.5)
    late = dynamics.finite_time_risk([0.5, 3.0], 10**6, **kw)
    exact = ridge.expected_ridge(20, 200, 0.02, 0.01, conventions.total_penalty([0.5, 3.0], 20)).test_risk
    assert late.ridge == pytest.approx(exact, rel=1e-12)
    assert late.total == pytest.approx(late.ridge, rel=1e-12)
    never = dynamics.finite_time_risk(0.0, [0, 400, 10**6], **kw)  # without decay nothing is ever forgotten
    assert never.forgotten_initialisation == pytest.approx(180.0)
    assert never.slow_bias == pytest.approx(0.9 * 0.5 + 0.1 * 1.0)
    assert np.ptp(never.total) == pytest.approx(0.0)


def test_article_without_decay_is_all_start_and_no_overfitting():
    terms = dynamics.finite_time_risk(
        0.0, 400, **ARTICLE, **KNOWN, initial_weight_second_moment=1.0, initial_bias_error=1.0025
    )
    assert terms.forgotten_initialisation / terms.total > 0.99
    zero = dynamics.finite_time_risk(
        0.0, 400, **ARTICLE, **KNOWN, initial_weight_second_moment=0.0, initial_bias_error=0.0025
    )
    assert terms.total / zero.total > 5_000


def test_article_decay_of_three_is_still_worse_than_predicting_the_mean_because_of_the_bias():
    kw = dict(**ARTICLE, **KNOWN, initial_weight_second_moment=1.0, batch_size=5)
    terms = dynamics.finite_time_risk(3.0, 400, **kw, initial_bias_error=1.0025)
    mean_risk = (1 + 1 / 20) * (0.02 + 0.01**2)
    assert terms.total > 10 * mean_risk
    assert terms.slow_bias > 2 * terms.forgotten_initialisation > 0
    assert terms.ridge < mean_risk


def test_published_norms_are_those_of_the_law():
    # 162 published executions: no decay 13.477 (sd .695), decay 3 .4103 (sd .0698), bias from N(0, 1)
    kw = dict(**ARTICLE, **KNOWN, initial_weight_second_moment=1.0, initial_bias_error=1.0025, batch_size=5)
    squared = dynamics.finite_time_squared_norm([0.0, 3.0], 400, **kw).total
    published = np.array([13.477**2 + 0.695**2, 0.4103**2 + 0.0698**2])
    assert squared == pytest.approx(published, rel=0.05)


def test_a_start_along_the_true_weights_needs_less_forgetting():
    n, p, rate, decay, weight = 10, 60, 0.005, 0.5, 0.3
    kw = {"n_train": n, "n_features": p, "learning_rate": rate}
    found = simulation.simulate_training(
        **kw,
        weight=weight,
        noise_std=0.1,
        bias=0.0,
        init_std=0.0,
        init_mean=weight,
        bias_init_std=0.0,
        batch_size=n,
        epochs=600,
        weight_decay=decay,
        replicates=200,
    )
    law = dynamics.finite_time_risk(
        decay,
        600,
        **kw,
        true_weight_norm_squared=p * weight**2,
        noise_std=0.1,
        initial_weight_second_moment=weight**2,
        initial_bias_error=0.0,
        initial_alignment=p * weight**2,
    )
    assert law.total == pytest.approx(found.test_risk[0], rel=0.05)
    assert law.forgotten_initialisation < 0


def test_steps_to_forget_is_where_the_term_crosses_the_threshold():
    kw = {"learning_rate": 0.003, "n_train": 20, "n_features": 200, "initial_weight_second_moment": 1.0}
    for decay in (0.1, 3.0, 400.0, 600.0):
        steps = dynamics.steps_to_forget(0.01, decay, **kw)
        left = 180.0
        taken = 0
        while left >= 0.01:
            left *= (1 - 0.003 * decay) ** 2
            taken += 1
        assert np.ceil(steps) == taken
    assert dynamics.steps_to_forget(0.01, 0.0, **kw) == np.inf
    assert dynamics.steps_to_forget(0.01, 700.0, **kw) == np.inf
    assert dynamics.steps_to_forget(0.01, 1 / 0.003, **kw) == 1.0
    assert dynamics.steps_to_forget(181.0, 3.0, **kw) == 0.0


def test_more_rows_than_features_are_refused():
    with pytest.raises(ValueError, match="n_train < n_features"):
        dynamics.slow_mode(1.0, 200, 200)
    with pytest.raises(ValueError, match="batch_size"):
        dynamics.reshuffled_gradient_factor(0.003, 21, 20, 200)
