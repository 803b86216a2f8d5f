"""Ridge regression with an unpenalised intercept, averaged over Gaussian data sets.

The data are y = beta.x + b* + noise with x ~ N(0, I_p) and noise ~ N(0, sigma^2). Exact results for one
given data set are in `smoother`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, non_negative, positive
from decaybench.theory.wishart import spectrum_moments


class RidgeRisk(NamedTuple):
    """Expected risk of ridge; each field has the broadcast shape of n_train and total_penalty.

    noise + bias_squared + variance is the test risk. The variance holds that of the intercept.
    """

    noise: FloatArray
    bias_squared: FloatArray
    variance: FloatArray
    squared_weight_norm: FloatArray  # E ||w||^2
    effective_dof: FloatArray  # E trace of the hat matrix, the intercept counted as 1

    @property
    def test_risk(self) -> FloatArray:
        """E (y_new - prediction)^2, in squared units of y."""
        return self.noise + self.bias_squared + self.variance


def expected_ridge(
    n_train: ArrayLike,
    n_features: int,
    true_weight_norm_squared: float,
    noise_std: float,
    total_penalty: ArrayLike,
) -> RidgeRisk:
    """Return the expected risk, squared norm and effective degrees of freedom of ridge.

    ``n_train`` (rows, >= 1) and ``total_penalty`` (Lambda >= 0, infinity allowed) broadcast;
    ``true_weight_norm_squared`` is ||beta||^2 and ``noise_std`` is sigma, in units of y. Centring turns
    n rows with an intercept into n - 1 rows without one, hence exactly
    E test(n, Lambda) = (1 + 1/n)(sigma^2 + R_{n-1}(Lambda)). R, the norm and the degrees of freedom are exact
    at Lambda = 0 (infinite where |n - 1 - p| <= 1 and there is noise). Above it, simulation at p = 200 and
    sigma = ||beta|| = 1 agrees within 0.1 % where |n - 1 - p| > 4; nearer to it and below Lambda = 1 the risk
    is up to 2 % too low (up to 9 % at p = 20).
    Raises ValueError for negative arguments. Source: `wishart.spectrum_moments`; the ridgeless limit as in
    Hastie et al. 2022.
    """
    n, penalty = np.broadcast_arrays(positive(n_train, "n_train"), non_negative(total_penalty, "total_penalty"))
    signal = float(non_negative(true_weight_norm_squared, "true_weight_norm_squared"))
    noise = float(non_negative(noise_std, "noise_std")) ** 2
    p = float(positive(n_features, "n_features"))
    m = n - 1.0
    moments = [spectrum_moments(mi, p, li) for mi, li in zip(m.flat, penalty.flat, strict=True)]
    columns = np.asarray(moments, dtype=np.float64).reshape((*n.shape, 4))
    missed, inflation, kept, dof = np.moveaxis(columns, -1, 0)
    with np.errstate(invalid="ignore"):  # infinite inflation without noise is no variance at all
        variance = np.where(noise > 0, noise * inflation, 0.0)
    factor = 1.0 + 1.0 / n
    return RidgeRisk(
        noise=np.full(n.shape, noise),
        bias_squared=factor * signal * missed,
        variance=factor * variance + noise / n,
        squared_weight_norm=signal * kept + variance,
        effective_dof=1.0 + dof,
    )


def excess_risk(
    n_rows: ArrayLike,
    n_features: int,
    true_weight_norm_squared: float,
    noise_std: float,
    total_penalty: ArrayLike,
) -> FloatArray:
    """Return R_m(Lambda) = E ||w - beta||^2 of ridge without an intercept on m = ``n_rows`` (>= 0) rows.

    Shapes, units, errors and source as `expected_ridge`.
    """
    rows = non_negative(n_rows, "n_rows")
    risk = expected_ridge(rows + 1.0, n_features, true_weight_norm_squared, noise_std, total_penalty)
    return np.asarray(risk.test_risk / (1.0 + 1.0 / (rows + 1.0)) - float(noise_std) ** 2, dtype=np.float64)


def ridgeless_risk(
    n_train: ArrayLike, n_features: int, true_weight_norm_squared: float, noise_std: float
) -> FloatArray:
    """Return the exact expected test risk at Lambda -> 0, intercept fitted; infinite where |n - 1 - p| <= 1.

    With m = n - 1 rows and a = 1 + 1/n: a (sigma^2 + ||beta||^2 (1 - m/p) + sigma^2 m/(p - m - 1)) for
    m < p - 1 and a (sigma^2 + sigma^2 p/(m - p - 1)) for m > p + 1. Without noise it stays finite.
    Errors as `expected_ridge`. Source: moments of the inverse Wishart distribution; Hastie et al. 2022.
    """
    return expected_ridge(n_train, n_features, true_weight_norm_squared, noise_std, 0.0).test_risk


def optimal_total_penalty(n_features: int, true_weight_norm_squared: float, noise_std: float) -> float:
    """Return Lambda* = p sigma^2 / ||beta||^2, the best total penalty at every n; infinite without a signal.

    Exact, not asymptotic: rotating the features leaves the expected risk unchanged, so it equals the risk
    under the prior beta ~ N(0, ||beta||^2/p I), for which ridge at Lambda* is the Bayes rule.
    Raises ValueError for negative arguments, or when noise and signal are both absent.
    """
    signal = float(non_negative(true_weight_norm_squared, "true_weight_norm_squared"))
    noise = float(non_negative(noise_std, "noise_std")) ** 2
    if signal == 0.0 and noise == 0.0:
        raise ValueError("without signal and without noise every penalty is optimal")
    return float("inf") if signal == 0.0 else float(positive(n_features, "n_features")) * noise / signal


def optimal_weight_decay(
    n_train: ArrayLike, n_features: int, true_weight_norm_squared: float, noise_std: float, g: float = 2.0
) -> FloatArray:
    """Return lambda* = g p sigma^2 / (n ||beta||^2), the decay that predicts best: it falls as 1/n.

    Errors and source as `optimal_total_penalty`.
    """
    best = optimal_total_penalty(n_features, true_weight_norm_squared, noise_std)
    return np.asarray(float(positive(g, "g")) * best / positive(n_train, "n_train"), dtype=np.float64)


def fixed_decay_floor(
    weight_decay: ArrayLike, true_weight_norm_squared: float, noise_std: float, g: float = 2.0
) -> FloatArray:
    """Return the test risk that a weight decay kept fixed cannot fall below as n grows without bound.

    sigma^2 + ||beta||^2 (lambda / (lambda + g))^2: at Lambda = n lambda / g every weight shrinks by
    g / (g + lambda). Shape of ``weight_decay``; raises ValueError for negative arguments.
    """
    decay = non_negative(weight_decay, "weight_decay")
    signal = float(non_negative(true_weight_norm_squared, "true_weight_norm_squared"))
    shrinkage = decay / (decay + float(positive(g, "g")))
    return np.asarray(float(noise_std) ** 2 + signal * shrinkage**2, dtype=np.float64)


def dropout_weight_decay(rate: ArrayLike, g: float = 2.0) -> FloatArray:
    """Return lambda = g delta / (1 - delta), the decay that dropout of the inputs at ``rate`` stands for.

    Holds on average for features of mean 0 and variance 1; `smoother.dropout_penalties` is exact for a
    given data set. Raises ValueError unless 0 <= rate < 1. Source: Srivastava et al. 2014, section 9.1.
    """
    delta = non_negative(rate, "rate")
    if np.any(delta >= 1):
        raise ValueError(f"a dropout rate must be below 1, got {rate!r}")
    return np.asarray(float(positive(g, "g")) * delta / (1.0 - delta), dtype=np.float64)


def optimism(effective_dof: ArrayLike, n_train: ArrayLike, noise_std: float) -> FloatArray:
    """Return 2 sigma^2 df / n, the expected in-sample test risk minus the training loss of a linear smoother.

    ``effective_dof`` counts the intercept; in squared units of y. Source: Efron 1986; Mallows' C_p.
    """
    dof = non_negative(effective_dof, "effective_dof")
    return np.asarray(2.0 * noise_std**2 * dof / positive(n_train, "n_train"), dtype=np.float64)
