"""Where gradient descent with weight decay stops converging."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, non_negative, positive
from decaybench.theory.spectral import span_of


def learning_rate_limit(features: ArrayLike, weight_decay: float = 0.0, g: float = 2.0) -> float:
    """Return the largest stable learning rate of full-batch descent, 2 / lambda_max(H + lambda P), exactly.

    ``features`` [n, p]; H = (g/n) [X 1]'[X 1] and P leaves the bias undecayed.
    Raises ValueError for a negative decay. Source: |1 - eta h| <= 1 for every eigenvalue h.
    """
    x = np.asarray(features, dtype=np.float64)
    n = x.shape[0]
    decay = float(non_negative(weight_decay, "weight_decay"))
    scale = float(positive(g, "g")) / n
    rows = span_of(x).coordinates  # a direction outside the span has rate lambda, never above the rates inside
    design = np.column_stack([rows, np.ones(n)])
    hessian = scale * design.T @ design
    hessian[np.arange(rows.shape[1]), np.arange(rows.shape[1])] += decay
    return float(2.0 / np.linalg.eigvalsh(hessian)[-1])


def weight_decay_limit(features: ArrayLike, learning_rate: float, g: float = 2.0) -> float:
    """Return the largest stable weight decay of full-batch descent with an undecayed bias, exactly.

    2/eta - lambda_max[(g/n) X'(I + g/(n c) 11')X] with c = 2/eta - g, the Schur complement of the bias;
    negative when no decay is stable, -infinity when the bias alone diverges (eta >= 2/g). ``features`` [n, p].
    The simpler 2/eta - lambda_max((g/n)(XX' + 11')) is sufficient, and a little smaller.
    Raises ValueError unless the learning rate is above zero.
    """
    x = np.asarray(features, dtype=np.float64)
    n = x.shape[0]
    bound = 2.0 / float(positive(learning_rate, "learning_rate"))
    room = bound - float(positive(g, "g"))
    if room <= 0:
        return -math.inf
    mixing = np.eye(n) + g / (n * room) * np.ones((n, n))
    lower = np.linalg.cholesky(mixing)
    largest = np.linalg.norm(lower.T @ x, ord=2) ** 2
    return float(bound - g / n * largest)


def largest_eigenvalues(n_rows: int, n_features: int, *, seed: int, draws: int = 200) -> FloatArray:
    """Return random values [draws] of lambda_max(XX' + 11') for Gaussian X [n_rows, n_features].

    Philox stream of ``seed``; the mean is near (sqrt p + sqrt n)^2 for n << p. Raises ValueError for sizes
    below one.
    """
    positive([n_rows, n_features, draws], "n_rows, n_features and draws")
    generator = np.random.Generator(np.random.Philox(seed))
    values = np.empty(draws)
    for k in range(draws):
        design = np.column_stack([generator.standard_normal((n_rows, n_features)), np.ones(n_rows)])
        values[k] = np.linalg.norm(design, ord=2) ** 2
    return values


def batch_learning_rate_limit(
    batch_size: int, n_features: int, g: float = 2.0, *, seed: int = 0, draws: int = 200
) -> float:
    """Return 2B / (g E lambda_max(X_B X_B' + 11')), above which SGD on batches of B rows diverges, B << p.

    A rule, not a theorem: rows of different batches are taken for orthogonal. The expectation is the mean of
    ``draws`` simulated batches. Shapes and errors as `largest_eigenvalues`.
    """
    mean = float(np.mean(largest_eigenvalues(batch_size, n_features, seed=seed, draws=draws)))
    return 2.0 * batch_size / (float(positive(g, "g")) * mean)


def expected_weight_decay_limit(
    n_train: int, n_features: int, learning_rate: float, g: float = 2.0, *, seed: int = 0, draws: int = 200
) -> float:
    """Return 2/eta - (g/n) E lambda_max(XX' + 11'), above which training diverges on typical data.

    For a given data set `weight_decay_limit` is exact. Shapes and errors as `largest_eigenvalues`.
    """
    mean = float(np.mean(largest_eigenvalues(n_train, n_features, seed=seed, draws=draws)))
    return 2.0 / float(positive(learning_rate, "learning_rate")) - g / n_train * mean
