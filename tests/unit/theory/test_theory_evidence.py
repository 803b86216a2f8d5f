"""The evidence: against densities, integrals and the best ridge."""

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal

from decaybench.theory import evidence, ridge, smoother


def contrasts(n):
    """Rows orthonormal and orthogonal to the constant (Helmert) [n-1, n]."""
    rows = []
    for k in range(1, n):
        row = np.zeros(n)
        row[:k], row[k] = 1.0, -k
        rows.append(row / np.sqrt(k * (k + 1)))
    return np.array(rows)


@pytest.mark.parametrize(("n", "p"), [(9, 4), (6, 14), (7, 6), (7, 7)])
def test_log_evidence_is_the_density_of_the_contrasts(n, p):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, p)) + 1.0, rng.standard_normal(n) + 5.0
    coordinates = evidence.eigen_coordinates(x, y)
    found = evidence.log_evidence(*coordinates, [0.2, 3.0, np.inf], 0.7)
    c = contrasts(n)
    for k, penalty in enumerate([0.2, 3.0, np.inf]):
        covariance = 0.49 * (np.eye(n) + x @ x.T / penalty)
        expected = multivariate_normal(np.zeros(n - 1), c @ covariance @ c.T).logpdf(c @ y)
        assert found.log_evidence[k] == pytest.approx(expected, abs=1e-9)
    assert np.all(found.flexibility >= 0) and found.flexibility[2] == 0


def test_log_evidence_is_the_integral_over_weight_and_flat_intercept():
    rng = np.random.default_rng(3)
    n, penalty, noise_std = 5, 1.5, 0.6
    x, y = rng.standard_normal((n, 1)), rng.standard_normal(n)
    prior_std = noise_std / np.sqrt(penalty)

    def joint(w, b):
        residual = y - b - x[:, 0] * w
        likelihood = np.exp(-0.5 * residual @ residual / noise_std**2) / (2 * np.pi * noise_std**2) ** (n / 2)
        return likelihood * np.exp(-0.5 * (w / prior_std) ** 2) / (prior_std * np.sqrt(2 * np.pi))

    value, _ = dblquad(joint, -6, 6, -6, 6, epsabs=0, epsrel=1e-9)
    found = evidence.log_evidence(*evidence.eigen_coordinates(x, y), penalty, noise_std).log_evidence[0]
    # the flat intercept along the unit vector 1/sqrt(n) has length sqrt(n) db
    assert found == pytest.approx(np.log(value * np.sqrt(n)), abs=1e-6)


def test_fit_is_the_likelihood_of_ridge_and_flexibility_pays_for_its_weights():
    rng = np.random.default_rng(4)
    n, p, penalty, noise_std = 8, 12, 2.5, 0.4
    x, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    found = evidence.log_evidence(*evidence.eigen_coordinates(x, y), penalty, noise_std)
    fit = smoother.ridge_fit(x, y, penalty)
    xc = x - x.mean(0)
    likelihood = -0.5 * np.sum(fit.residuals**2) / noise_std**2 - (n - 1) / 2 * np.log(2 * np.pi * noise_std**2)
    volume = 0.5 * np.linalg.slogdet(np.eye(p) + xc.T @ xc / penalty)[1]
    assert found.fit[0] == pytest.approx(likelihood)
    assert found.flexibility[0] == pytest.approx(penalty * np.sum(fit.weights**2) / (2 * noise_std**2) + volume)


def test_unknown_sigma_is_the_one_that_maximises():
    rng = np.random.default_rng(5)
    coordinates = evidence.eigen_coordinates(rng.standard_normal((9, 20)), rng.standard_normal(9))
    found = evidence.log_evidence(*coordinates, [0.5, 8.0])
    for k, penalty in enumerate([0.5, 8.0]):
        best = minimize_scalar(
            lambda u, at=penalty: -evidence.log_evidence(*coordinates, at, np.exp(u)).log_evidence[0],
            bounds=(-8, 5),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert found.noise_std[k] == pytest.approx(np.exp(best.x), rel=1e-5)
        assert found.log_evidence[k] == pytest.approx(-best.fun, abs=1e-9)


def test_many_data_sets_at_once():
    rng = np.random.default_rng(6)
    sets = [evidence.eigen_coordinates(rng.standard_normal((6, 9)), rng.standard_normal(6)) for _ in range(3)]
    s, z = np.array([c.eigenvalues for c in sets]), np.array([c.projections for c in sets])
    for noise_std in (None, 0.5):
        both = evidence.log_evidence(s, z, [0.1, 1.0], noise_std)
        assert both.log_evidence.shape == (3, 2)
        for k, c in enumerate(sets):
            assert both.log_evidence[k] == pytest.approx(
                evidence.log_evidence(*c, [0.1, 1.0], noise_std).log_evidence
            )


def test_mean_evidence_and_mean_test_risk_agree_on_the_best_penalty():
    rng = np.random.default_rng(7)
    n, p, noise_std = 12, 30, 0.5
    beta = np.full(p, 0.2)
    best = ridge.optimal_total_penalty(p, beta @ beta, noise_std)
    penalties = best * np.exp(np.linspace(-1.0, 1.0, 41))
    total, expected = np.zeros(41), np.zeros(41)
    log_ratios = []
    for _ in range(600):
        x = rng.standard_normal((n, p))
        y = x @ beta + noise_std * rng.standard_normal(n)
        coordinates = evidence.eigen_coordinates(x, y)
        values = evidence.log_evidence(*coordinates, penalties, noise_std).log_evidence
        log_ratios.append(values[-1] - values[20])
        total += values
        expected += evidence.expected_log_evidence(coordinates.eigenvalues, p, beta @ beta, noise_std, penalties)
    assert np.argmax(expected) == 20  # exactly at Lambda*
    error = 4.5 * np.std(log_ratios) / np.sqrt(600)
    assert (expected[-1] - expected[20]) / 600 == pytest.approx(np.mean(log_ratios), abs=error)
    assert abs(np.argmax(total) - 20) <= 5  # simulated: within a quarter in log Lambda


def test_expected_evidence_is_the_mean_over_noise_and_directions():
    rng = np.random.default_rng(8)
    n, p, noise_std = 7, 12, 0.6
    x = rng.standard_normal((n, p))
    s = evidence.eigen_coordinates(x, np.zeros(n)).eigenvalues
    values = []
    for _ in range(3000):
        beta = rng.standard_normal(p)
        beta *= 1.3 / np.linalg.norm(beta)
        y = x @ beta + noise_std * rng.standard_normal(n)
        values.append(evidence.log_evidence(*evidence.eigen_coordinates(x, y), 2.0, noise_std).log_evidence[0])
    exact = evidence.expected_log_evidence(s, p, 1.3**2, noise_std, 2.0)[0]
    assert np.mean(values) == pytest.approx(exact, abs=4.5 * np.std(values) / np.sqrt(3000))


@pytest.mark.parametrize("noise_std", [None, 0.5])
def test_interior_optimum_is_above_a_fine_grid(noise_std):
    rng = np.random.default_rng(10)
    x = rng.standard_normal((40, 10))
    y = x @ rng.standard_normal(10) + 0.5 * rng.standard_normal(40)
    coordinates = evidence.eigen_coordinates(x, y)
    best = evidence.best_evidence(*coordinates, noise_std)
    assert best.edge == "interior"
    grid = np.exp(np.linspace(-12, 12, 5000))
    values = evidence.log_evidence(*coordinates, grid, noise_std).log_evidence
    assert best.log_evidence >= values.max()
    assert best.total_penalty == pytest.approx(grid[values.argmax()], rel=0.01)
    assert best.noise_std == pytest.approx(0.5, rel=0.4)


def test_targets_without_signal_send_the_penalty_to_infinity():
    s = np.array([9.0, 5.0, 2.0, 0.0])
    z = np.array([0.1, 0.2, 0.3, 1.0])  # least where the data vary most
    for noise_std in (None, 0.8):
        best = evidence.best_evidence(s, z, noise_std)
        assert best.edge == "infinity" and best.total_penalty == np.inf
        far = evidence.log_evidence(s, z, [1e12, 1e2, 1.0], noise_std).log_evidence
        assert best.log_evidence == pytest.approx(far[0])
        assert np.all(best.log_evidence >= far - 1e-9)


def test_targets_without_noise_send_the_penalty_to_zero_when_sigma_is_unknown():
    s = np.array([16.0, 9.0, 4.0, 1.0])
    z = np.sqrt(s) * np.array([1.0, -1.0, 1.0, -1.0])  # every direction has exactly the prior's share
    best = evidence.best_evidence(s, z)
    assert best.edge == "zero" and best.total_penalty == 0 and best.noise_std == 0
    near = evidence.log_evidence(s, z, [1e-9, 1e-2, 1.0]).log_evidence
    assert best.log_evidence == pytest.approx(near[0], abs=1e-6)
    assert np.all(best.log_evidence >= near - 1e-9)
    assert evidence.best_evidence(s, z, 0.5).edge == "interior"  # a known sigma forbids it


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="total_penalty"):
        evidence.log_evidence([1.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="two rows"):
        evidence.eigen_coordinates(np.ones((1, 3)), np.ones(1))
