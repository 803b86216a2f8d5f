"""One data set, exactly: against refits, finite differences and repeated noise."""

import numpy as np
import pytest

from decaybench.theory import smoother


def solve(x, y, penalty):
    """Ridge with a free intercept; minimum-norm at penalty 0."""
    xc, yc = x - x.mean(0), y - y.mean()
    stacked = np.vstack([xc, np.sqrt(penalty) * np.eye(x.shape[1])])
    w = np.linalg.lstsq(stacked, np.append(yc, np.zeros(x.shape[1])), rcond=1e-12)[0]
    return w, y.mean() - x.mean(0) @ w


SHAPES = [(12, 5), (6, 15), (8, 8), (9, 8)]


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_solution_residuals_and_leave_one_out_are_those_of_refits(n, p):
    rng = np.random.default_rng(n * p)
    x, y = rng.standard_normal((n, p)) + 0.5, rng.standard_normal(n) + 2
    penalties = np.array([0.0, 1e-3, 0.8, 20.0])
    fit = smoother.ridge_fit(x, y, penalties)
    for k, penalty in enumerate(penalties):
        w, b = solve(x, y, penalty)
        assert fit.weights[k] == pytest.approx(w, abs=1e-8)
        assert fit.intercept[k] == pytest.approx(b, abs=1e-8)
        assert fit.residuals[k] == pytest.approx(y - x @ w - b, abs=1e-8)
        left_out = []
        for i in range(n):
            rest = np.arange(n) != i
            v, c = solve(x[rest], y[rest], penalty)
            left_out.append(y[i] - x[i] @ v - c)
        if penalty == 0 and n - 1 == p:  # each row alone determines a direction: no limit to speak of
            continue
        assert fit.leave_one_out_residuals[k] == pytest.approx(left_out, rel=1e-5, abs=1e-7)
        assert fit.leave_one_out_risk[k] == pytest.approx(np.mean(np.square(left_out)), rel=1e-5)


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_leverage_is_the_response_of_a_fitted_value_to_its_own_target(n, p):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    fit = smoother.ridge_fit(x, y, [0.0, 2.0])
    for i in range(n):
        moved = smoother.ridge_fit(x, y + np.eye(n)[i], [0.0, 2.0])
        assert 1 - (moved.residuals - fit.residuals)[:, i] == pytest.approx(fit.leverages[:, i], abs=1e-9)
    assert fit.leverages.sum(1) == pytest.approx(fit.effective_dof)
    assert smoother.effective_dof(x, [0.0, 2.0]) == pytest.approx(fit.effective_dof)
    assert fit.effective_dof[0] == pytest.approx(min(n, p + 1))
    expected = n * np.sum(fit.residuals[1] ** 2) / (n - fit.effective_dof[1]) ** 2
    assert fit.generalised_cross_validation[1] == pytest.approx(expected)


def test_agrees_with_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((10, 14)), rng.standard_normal(10)
    theirs = linear_model.Ridge(alpha=3.3).fit(x, y)
    ours = smoother.ridge_fit(x, y, 3.3)
    assert ours.weights[0] == pytest.approx(theirs.coef_, abs=1e-10)
    assert ours.intercept[0] == pytest.approx(theirs.intercept_, abs=1e-10)


def test_infinite_penalty_leaves_the_mean_of_the_others():
    rng = np.random.default_rng(9)
    for x in (rng.standard_normal((6, 3)), rng.standard_normal((6, 9))):
        y = rng.standard_normal(6)
        fit = smoother.ridge_fit(x, y, np.inf)
        assert not fit.weights.any()
        assert fit.intercept == pytest.approx(y.mean())
        assert fit.leave_one_out_residuals[0] == pytest.approx([y[i] - np.delete(y, i).mean() for i in range(6)])


def test_a_constant_feature_has_no_weight():
    rng = np.random.default_rng(10)
    x = np.column_stack([rng.standard_normal((9, 2)), np.full(9, 7.0)])
    fit = smoother.ridge_fit(x, rng.standard_normal(9), [0.0, 1.0])
    assert fit.weights[:, 2] == pytest.approx([0, 0], abs=1e-12)
    assert fit.effective_dof[0] == pytest.approx(3)


@pytest.mark.parametrize(("n", "p"), [(8, 20), (20, 8)])
def test_conditional_risk_is_the_mean_over_noise(n, p):
    rng = np.random.default_rng(12)
    x, beta, noise_std, bias = rng.standard_normal((n, p)) + 0.3, rng.normal(0, 0.4, p), 0.6, 1.5
    penalties = np.array([0.0, 0.5, 10.0])
    risks = []
    for _ in range(1500):
        fit = smoother.ridge_fit(x, x @ beta + bias + noise_std * rng.standard_normal(n), penalties)
        risks.append(noise_std**2 + np.sum((fit.weights - beta) ** 2, 1) + (fit.intercept - bias) ** 2)
    exact = smoother.conditional_risk(x, beta, noise_std, penalties)
    standard_error = np.std(risks, axis=0) / np.sqrt(len(risks))
    assert np.all(np.abs(np.mean(risks, axis=0) - exact.test_risk) < 4.5 * standard_error)
    noiseless = smoother.ridge_fit(x, x @ beta + bias, penalties)
    bias_squared = np.sum((noiseless.weights - beta) ** 2, 1) + (noiseless.intercept - bias) ** 2
    assert exact.bias_squared == pytest.approx(bias_squared, abs=1e-12)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="features"):
        smoother.ridge_fit(np.ones((3, 2)), np.ones(4), 1.0)
    with pytest.raises(ValueError, match="true_weights"):
        smoother.conditional_risk(np.ones((3, 2)), np.ones(3), 1.0, 1.0)
    with pytest.raises(ValueError, match="rate"):
        smoother.dropout_penalties(np.ones((3, 2)), 1.0)
