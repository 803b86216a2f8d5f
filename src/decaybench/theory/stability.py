"""Where gradient descent with weight decay stops converging, and what a step of decay does to a weight."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, non_negative, positive


def decay_multipliers(rate_times_decay: float, momentum: float = 0.0, nesterov: bool = False) -> FloatArray:
    """Return what decay alone multiplies a weight with each step: the roots [1 or 2, complex] of its recursion.

    Without momentum w <- (1 - x) w with x = eta lambda: one root, 1 - x. With momentum mu the last step is carried
    on: w'' = (1 + mu - x) w' - mu w. In Nesterov's form, as in torch.optim, w'' = (1 + mu)(1 - x) w' - mu (1 - x) w.
    Raises ValueError for a negative x or mu.
    """
    x, mu = float(non_negative(rate_times_decay, "rate_times_decay")), float(non_negative(momentum, "momentum"))
    if mu == 0:
        return np.array([1 - x])
    kept = 1 - x
    coefficients = [1, -(1 + mu) * kept, mu * kept] if nesterov else [1, -(mu + kept), mu]
    return np.asarray(np.roots(coefficients))


def longest_step(momentum: float = 0.0, nesterov: bool = False) -> float:
    """Return the largest product of learning rate and curvature at which full-batch descent is stable.

    2 without momentum; 2 (1 + mu) with it; 2 (1 + mu) / (1 + 2 mu) in Nesterov's form. Source: the recursions of
    `decay_multipliers`, whose roots leave the unit circle at -1. Raises ValueError for a negative momentum.
    """
    mu = float(non_negative(momentum, "momentum"))
    return 2 * (1 + mu) / (1 + 2 * mu) if nesterov else 2 * (1 + mu)


def weight_decay_limit(
    features: ArrayLike,
    learning_rate: float,
    g: float = 2.0,
    *,
    decay_bias: bool = False,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> float:
    """Return the largest stable weight decay of full-batch descent, exactly. ``features`` [n, p].

    With c = `longest_step` / eta and an undecayed bias it is c - lambda_max[(g/n) X'(I + g/(n (c - g)) 11')X], by the
    Schur complement of the bias; with a decayed bias c - lambda_max[(g/n) (XX' + 11')], which is a little smaller.
    Negative when no decay is stable, -infinity when the undecayed bias alone diverges (c <= g).
    Raises ValueError unless learning rate and g are above zero.
    """
    x = np.asarray(features, dtype=np.float64)
    n = x.shape[0]
    bound = longest_step(momentum, nesterov) / float(positive(learning_rate, "learning_rate"))
    scale = float(positive(g, "g")) / n
    if decay_bias:
        return float(bound - scale * np.linalg.norm(np.column_stack([x, np.ones(n)]), ord=2) ** 2)
    room = bound - g
    if room <= 0:
        return -math.inf
    lower = np.linalg.cholesky(np.eye(n) + scale / room * np.ones((n, n)))
    return float(bound - scale * np.linalg.norm(lower.T @ x, ord=2) ** 2)
