"""Ridge on one given data set, exactly: solution, leverages, leave-one-out, GCV, conditional risk.

Everything comes from one singular value decomposition of the centred features and is vectorised over the
total penalties Lambda. At Lambda = 0 every quantity is its limit: the minimum-norm solution.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, data_set, non_negative


class CentredDecomposition(NamedTuple):
    """X - mean = U diag(sqrt(s)) V' with only the r directions that the data determine."""

    mean: FloatArray  # [p]
    left: FloatArray  # U [n, r]
    eigenvalues: FloatArray  # s [r], those of the centred X'X, in descending order
    right: FloatArray  # V [p, r]


class RidgeFit(NamedTuple):
    """Ridge with an unpenalised intercept on one data set, for L total penalties."""

    weights: FloatArray  # [L, p]
    intercept: FloatArray  # [L]
    residuals: FloatArray  # y - fitted [L, n]
    effective_dof: FloatArray  # trace of the hat matrix [L], the intercept counted as 1
    leverages: FloatArray  # diagonal of the hat matrix [L, n]
    leave_one_out_residuals: FloatArray  # e_i / (1 - h_ii) [L, n]
    generalised_cross_validation: FloatArray  # n RSS / (n - df)^2 [L]

    @property
    def leave_one_out_risk(self) -> FloatArray:
        """Mean squared leave-one-out residual [L], an almost unbiased estimate of the test risk."""
        return np.asarray(np.mean(self.leave_one_out_residuals**2, axis=-1), dtype=np.float64)


class ConditionalRisk(NamedTuple):
    """Test risk averaged over the noise alone, for the features at hand; each field [L]."""

    noise: FloatArray
    bias_squared: FloatArray
    variance: FloatArray

    @property
    def test_risk(self) -> FloatArray:
        """E (y_new - prediction)^2 given X, in squared units of y."""
        return self.noise + self.bias_squared + self.variance


def decompose(features: ArrayLike) -> CentredDecomposition:
    """Return the singular value decomposition of the centred features [n, p], without its null directions."""
    x, _ = data_set(features, np.zeros(np.shape(features)[0]))
    mean = x.mean(axis=0)
    left, scale, right = np.linalg.svd(x - mean, full_matrices=False)
    keep = scale > max(x.shape) * np.finfo(np.float64).eps * np.linalg.norm(x)
    return CentredDecomposition(mean, left[:, keep], scale[keep] ** 2, right[keep].T)


def ridge_filter(eigenvalues: ArrayLike, total_penalty: ArrayLike) -> FloatArray:
    """Return s / (s + Lambda) [..., r], the fraction of each direction of the data that ridge keeps.

    ``eigenvalues`` [r] of X'X, ``total_penalty`` [...]; 1 at Lambda = 0 and 0 at Lambda = infinity.
    """
    s = non_negative(eigenvalues, "eigenvalues")
    penalty = non_negative(total_penalty, "total_penalty")[..., None]
    kept = np.where(penalty == 0, 1.0, s / np.where(penalty == 0, 1.0, s + penalty))
    return np.asarray(kept, dtype=np.float64)


def effective_dof(features: ArrayLike, total_penalty: ArrayLike) -> FloatArray:
    """Return 1 + sum_i s_i / (s_i + Lambda), the trace of the hat matrix; shape of ``total_penalty``."""
    return np.asarray(1.0 + ridge_filter(decompose(features).eigenvalues, total_penalty).sum(axis=-1))


def ridge_fit(features: ArrayLike, targets: ArrayLike, total_penalty: ArrayLike) -> RidgeFit:
    """Return ridge with an unpenalised intercept for each total penalty, leave-one-out residuals included.

    ``features`` [n, p], ``targets`` [n], ``total_penalty`` [L] or a scalar (then L = 1). Lambda = 0 gives the
    minimum-norm solution. Leaving a row out keeps Lambda, not the weight decay: Lambda is the penalty of the
    sum, not of the mean. Where the fit passes through every row the leave-one-out residuals are 0/0 and their
    limit is returned; at Lambda = 0 with more rows than features, a row that alone determines a
    direction has residual NaN.
    Raises ValueError for shapes that do not fit or negative penalties; n = 1 leaves nothing to fit, so its
    leave-one-out residual is NaN. Source: Allen 1974; Golub, Heath & Wahba 1979.
    """
    x, y = data_set(features, targets)
    penalty = np.atleast_1d(non_negative(total_penalty, "total_penalty"))
    n = x.shape[0]
    mean, left, s, right = decompose(x)
    centred = y - y.mean()
    projected = left.T @ centred  # [r]
    keep = ridge_filter(s, penalty)  # [L, r]
    weights = (keep / np.sqrt(s) * projected) @ right.T
    outside = centred - left @ projected  # what no weights can fit
    full = s.size == n - 1  # then `outside` vanishes and a common factor Lambda cancels from e and 1 - h
    finite = np.where(np.isinf(penalty), 0.0, penalty)[:, None]
    lost = np.where(np.isinf(penalty)[:, None], 1.0, finite / (s + finite))  # 1 - keep, without cancellation
    damp = np.where(np.isinf(penalty)[:, None], 1.0, 1.0 / (s + finite)) if full else lost
    slack = damp @ (left**2).T  # 1 - h_ii, up to that factor  [L, n]
    miss = (damp * projected) @ left.T
    if not full:
        slack = slack + (1.0 - 1.0 / n - np.sum(left**2, axis=1))
        miss = miss + outside
    with np.errstate(invalid="ignore", divide="ignore"):
        left_out = np.where(slack > 1e-12 * np.max(slack, axis=1, keepdims=True), miss / slack, np.nan)
        gcv = n * np.sum(miss**2, axis=1) / np.sum(slack, axis=1) ** 2
    return RidgeFit(
        weights=weights,
        intercept=y.mean() - weights @ mean,
        residuals=(lost * projected) @ left.T + (0.0 if full else outside),
        effective_dof=1.0 + keep.sum(axis=1),
        leverages=1.0 / n + keep @ (left**2).T,
        leave_one_out_residuals=left_out,
        generalised_cross_validation=gcv,
    )


def conditional_risk(
    features: ArrayLike, true_weights: ArrayLike, noise_std: float, total_penalty: ArrayLike
) -> ConditionalRisk:
    """Return the exact test risk of ridge on given features, averaged over the training noise.

    ``features`` [n, p], ``true_weights`` [p], ``total_penalty`` [L] or a scalar. New rows have independent
    features of mean 0 and variance 1. The intercept is fitted, and its error b - b* = mean.(beta - w) + mean
    noise is counted. Raises ValueError for shapes that do not fit. Source: the bias and variance of
    w = (S + Lambda)^-1 X'y with X centred, S = X'X.
    """
    mean, _, s, right = decompose(features)
    beta = np.asarray(true_weights, dtype=np.float64)
    if beta.shape != mean.shape:
        raise ValueError(f"true_weights must have one entry a feature, shape {mean.shape}, got {beta.shape}")
    penalty = np.atleast_1d(non_negative(total_penalty, "total_penalty"))
    noise = float(non_negative(noise_std, "noise_std")) ** 2
    n = np.shape(features)[0]
    keep = ridge_filter(s, penalty)  # [L, r]
    error = (keep * (right.T @ beta)) @ right.T - beta  # E w - beta [L, p]
    spread = keep**2 / s * noise  # variance of w along each direction [L, r]
    bias_squared = np.sum(error**2, axis=1) + (error @ mean) ** 2
    variance = spread.sum(axis=1) + spread @ (right.T @ mean) ** 2 + noise / n
    return ConditionalRisk(np.full(penalty.shape, noise), bias_squared, variance)


def dropout_penalties(features: ArrayLike, rate: float) -> FloatArray:
    """Return Lambda_j = delta/(1 - delta) ||X_j||^2 [p], the exact penalty that dropout puts on each weight.

    ``features`` [n, p] as they enter the model, not centred; ``rate`` = delta, the probability of zeroing an
    input, the rest scaled by 1/(1 - delta). Raises ValueError unless 0 <= rate < 1.
    Source: Srivastava et al. 2014, section 9.1; Wager, Wang & Liang 2013.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"a dropout rate must be at least 0 and below 1, got {rate!r}")
    x = np.asarray(features, dtype=np.float64)
    return np.asarray(rate / (1.0 - rate) * np.sum(x**2, axis=0), dtype=np.float64)


def dropout_solution(features: ArrayLike, targets: ArrayLike, rate: float) -> tuple[FloatArray, float]:
    """Return the weights [p] and intercept that minimise the squared loss averaged over all dropout masks.

    The inputs are dropped and the intercept is not. Minimum-norm at rate 0. Errors and source as
    `dropout_penalties`.
    """
    x, y = data_set(features, targets)
    scale = np.sqrt(dropout_penalties(x, rate))
    stacked = np.vstack([x - x.mean(axis=0), np.diag(scale)])
    weights = np.linalg.lstsq(stacked, np.concatenate([y - y.mean(), np.zeros(x.shape[1])]), rcond=None)[0]
    return np.asarray(weights, dtype=np.float64), float(y.mean() - x.mean(axis=0) @ weights)
