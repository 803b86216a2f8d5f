"""The evidence of Bayesian linear regression, and the Occam factor inside it.

The model is y = b + Xw + noise, w ~ N(0, alpha^-1 I), noise ~ N(0, beta^-1 = sigma^2), b flat; the ratio
Lambda = alpha / beta is the total penalty of ridge. Integrating b out leaves the n - 1 directions orthogonal
to the constant, where in eigen-coordinates z_i ~ N(0, sigma^2 (1 + s_i / Lambda)) independently.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from decaybench.theory.conventions import FloatArray, data_set, non_negative, positive

Edge = Literal["interior", "zero", "infinity"]


class EigenCoordinates(NamedTuple):
    """Targets in the eigenbasis of the centred XX', the constant direction left out."""

    eigenvalues: FloatArray  # s [..., n-1], zeros where the data have fewer directions
    projections: FloatArray  # z [..., n-1]


class Evidence(NamedTuple):
    """Log evidence = fit - flexibility; each field [..., L], in nats."""

    fit: FloatArray  # log likelihood at the most probable weights
    flexibility: FloatArray  # - log of the Occam factor, never negative
    noise_std: FloatArray  # the sigma used: the given one, or that which maximises the evidence

    @property
    def log_evidence(self) -> FloatArray:
        """log p(y | Lambda, sigma)."""
        return self.fit - self.flexibility


class EvidenceOptimum(NamedTuple):
    """Where the evidence is largest over all penalties from 0 to infinity."""

    total_penalty: float  # 0 or infinity at an edge
    log_evidence: float  # the limit, if at an edge
    noise_std: float  # 0 at Lambda -> 0 with sigma unknown: the noise is explained away
    edge: Edge  # "zero", "infinity" or "interior"


def eigen_coordinates(features: ArrayLike, targets: ArrayLike) -> EigenCoordinates:
    """Return the eigenvalues of the centred XX' and the targets' projections, for `log_evidence`.

    ``features`` [n, p], ``targets`` [n], n >= 2; the n - 1 eigenvalues descend and numerically zero ones are
    exactly zero. Raises ValueError for shapes that do not fit or fewer than two rows.
    """
    x, y = data_set(features, targets)
    n = x.shape[0]
    if n < 2:
        raise ValueError("the evidence with a free intercept needs at least two rows")
    centred = x - x.mean(axis=0)
    # an orthonormal basis of what is orthogonal to the constant, then the eigenbasis inside it
    complement = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n, n - 1)]))[0][:, 1:]
    left, scale, _ = np.linalg.svd(complement.T @ centred, full_matrices=True)
    eigenvalues = np.zeros(n - 1)
    kept = scale > max(x.shape) * np.finfo(np.float64).eps * max(float(np.linalg.norm(x)), 1e-300)
    eigenvalues[: scale.size] = np.where(kept, scale**2, 0.0)
    return EigenCoordinates(eigenvalues, left.T @ (complement.T @ y))


def log_evidence(
    eigenvalues: ArrayLike, projections: ArrayLike, total_penalty: ArrayLike, noise_std: float | None = None
) -> Evidence:
    """Return the log evidence for each total penalty, fit and flexibility apart.

    ``eigenvalues`` s and ``projections`` z [..., n-1] of one or many data sets, ``total_penalty`` [L] or a
    scalar (L = 1), each above zero (infinity allowed: no weights at all). With ``noise_std`` None, sigma is
    the maximiser sigma^2 = mean z_i^2 / (1 + s_i/Lambda). fit = -RSS/(2 sigma^2) - (n-1)/2 ln(2 pi sigma^2);
    flexibility = Lambda ||w||^2 / (2 sigma^2) + 1/2 sum ln(1 + s_i/Lambda). The flat intercept is
    integrated over the n - 1 dimensional complement of the constant.
    Raises ValueError for a penalty or sigma that is not above zero. Source: MacKay 1992.
    """
    s, z = np.broadcast_arrays(np.asarray(eigenvalues, dtype=np.float64), np.asarray(projections, dtype=np.float64))
    penalty = np.atleast_1d(positive(total_penalty, "total_penalty"))[:, None]  # [L, 1]
    n_free = s.shape[-1]
    # Targets without any spread, or too large to square, have no evidence: it is nan, and no fact.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = s[..., None, :] / penalty  # s / Lambda [..., L, n-1]
        squares = z[..., None, :] ** 2
        if noise_std is None:
            variance = np.mean(squares / (1.0 + ratio), axis=-1)
        else:
            variance = np.full(ratio.shape[:-1], float(positive(noise_std, "noise_std")) ** 2)
        residual = np.sum(squares / (1.0 + ratio) ** 2, axis=-1)
        shrunk = np.sum(ratio * squares / (1.0 + ratio) ** 2, axis=-1)  # Lambda ||w||^2
        fit = -0.5 * residual / variance - 0.5 * n_free * np.log(2.0 * np.pi * variance)
        flexibility = 0.5 * shrunk / variance + 0.5 * np.sum(np.log1p(ratio), axis=-1)
    return Evidence(fit, flexibility, np.sqrt(variance))


def best_evidence(eigenvalues: ArrayLike, projections: ArrayLike, noise_std: float | None = None) -> EvidenceOptimum:
    """Return the total penalty of largest evidence for one data set, edges included.

    ``eigenvalues`` and ``projections`` [n-1], as from `eigen_coordinates`. A maximum at an edge is not
    approached in the interior: "infinity" says the data show no signal; "zero", possible only with sigma
    unknown and no zero eigenvalue, says that they show no noise. Without any direction in the data every
    penalty is alike and "infinity" is returned. Raises ValueError as `log_evidence`.
    """
    s = np.asarray(eigenvalues, dtype=np.float64)
    z = np.asarray(projections, dtype=np.float64)
    flat = log_evidence(s, z, np.inf, noise_std)
    best = EvidenceOptimum(np.inf, float(flat.log_evidence[0]), float(flat.noise_std[0]), "infinity")
    if not np.any(s > 0):
        return best
    if noise_std is None and np.all(s > 0):
        at_zero = _log_evidence_without_noise(s, z)
        if at_zero > best.log_evidence:
            best = EvidenceOptimum(0.0, at_zero, 0.0, "zero")
    positive_s = s[s > 0]
    grid = np.linspace(np.log(positive_s.min()) - 20.0, np.log(positive_s.max()) + 20.0, 401)
    values = log_evidence(s, z, np.exp(grid), noise_std).log_evidence
    k = int(np.argmax(values))
    if 0 < k < grid.size - 1:
        found = minimize_scalar(
            lambda u: -float(log_evidence(s, z, np.exp(u), noise_std).log_evidence[0]),
            bounds=(grid[k - 1], grid[k + 1]),
            method="bounded",
            options={"xatol": 1e-9},
        )
        # an interior point must beat the edge by more than rounding
        if -found.fun > best.log_evidence + 1e-10 * (1.0 + abs(best.log_evidence)):
            at = log_evidence(s, z, np.exp(found.x), noise_std)
            return EvidenceOptimum(
                float(np.exp(found.x)), float(at.log_evidence[0]), float(at.noise_std[0]), "interior"
            )
    return best


def _log_evidence_without_noise(eigenvalues: FloatArray, projections: FloatArray) -> float:
    """The limit Lambda -> 0 with sigma maximised: sigma^2 -> 0, prior variance -> mean z_i^2 / s_i."""
    n_free = eigenvalues.size
    prior = float(np.mean(projections**2 / eigenvalues))
    with np.errstate(divide="ignore"):
        log_prior = float(np.log(2.0 * np.pi * prior))
    return -0.5 * n_free * (log_prior + 1.0) - 0.5 * float(np.sum(np.log(eigenvalues)))


def expected_log_evidence(
    eigenvalues: ArrayLike,
    n_features: int,
    true_weight_norm_squared: float,
    noise_std: float,
    total_penalty: ArrayLike,
) -> FloatArray:
    """Return the log evidence at the true sigma averaged over noise and over rotations of the features.

    ``eigenvalues`` [..., n-1], ``total_penalty`` [L]; the result [..., L] is largest exactly at Lambda* =
    p sigma^2 / ||beta||^2, where the expected test risk of ridge is smallest, because there the model's
    variance of every z_i, sigma^2 + s_i sigma^2 / Lambda, is its true mean square sigma^2 + s_i ||beta||^2/p.
    Raises ValueError for a penalty or sigma that is not above zero.
    """
    s = non_negative(eigenvalues, "eigenvalues")[..., None, :]
    noise = float(positive(noise_std, "noise_std")) ** 2
    penalty = np.atleast_1d(positive(total_penalty, "total_penalty"))[:, None]
    signal = float(non_negative(true_weight_norm_squared, "true_weight_norm_squared"))
    model = noise * (1.0 + s / penalty)
    truth = noise + s * signal / float(positive(n_features, "n_features"))
    return np.asarray(-0.5 * np.sum(truth / model + np.log(2.0 * np.pi * model), axis=-1))
