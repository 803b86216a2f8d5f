"""Gradient descent with weight decay on one given data set: the exact state after T steps.

The averaged step theta <- theta - eta (H theta - c) is linear in theta = (weights in the span of the data,
bias), so one eigendecomposition of H gives every step at once. The weights outside that span see no gradient
and only shrink, by (1 - eta lambda) a step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, data_set, non_negative, positive


class TrainedState(NamedTuple):
    """Linear models after training; the leading shape is [L] decays, then that of ``steps``."""

    weights: FloatArray  # [L, ..., p]
    bias: FloatArray  # [L, ...]


class Span(NamedTuple):
    """The row space of the features, X = coordinates @ basis.T."""

    basis: FloatArray  # orthonormal columns [p, r]
    coordinates: FloatArray  # [n, r]


def span_of(features: ArrayLike) -> Span:
    """Return an orthonormal basis of the row space of ``features`` [n, p], the rows in it; r = min(n, p)."""
    x = np.asarray(features, dtype=np.float64)
    n, p = x.shape
    if p <= n:
        return Span(np.eye(p), x)
    basis, upper = np.linalg.qr(x.T)
    return Span(basis, upper.T)


def null_space_ratio(weight_decay: ArrayLike, learning_rate: float, steps: ArrayLike) -> FloatArray:
    """Return (1 - eta lambda)^T, what is left of the weights that the data do not touch; signed.

    ``weight_decay`` and ``steps`` broadcast. Exact for every data set, seed and batch order under SGD
    without momentum; its absolute value is ||P_null w_T|| / ||P_null w_0||. Source: gradients are
    combinations of rows of X. Raises ValueError for negative arguments.
    """
    factor = 1.0 - learning_rate * non_negative(weight_decay, "weight_decay")
    return np.asarray(np.power(factor, non_negative(steps, "steps")), dtype=np.float64)


def state_after(
    features: ArrayLike,
    targets: ArrayLike,
    initial_weights: ArrayLike,
    initial_bias: float,
    *,
    weight_decay: ArrayLike,
    learning_rate: float,
    steps: ArrayLike,
    g: float = 2.0,
    decay_bias: bool = False,
    batch_size: int | None = None,
) -> TrainedState:
    """Return the exact state of full-batch gradient descent with weight decay after T steps.

    ``features`` [n, p], ``targets`` [n], ``initial_weights`` [p]; ``weight_decay`` [L] or a scalar (L = 1);
    ``steps`` any shape of whole numbers >= 0. The result has weights [L, *steps.shape, p] and bias
    [L, *steps.shape]; overflow of a diverging run gives infinities or NaN. For smaller batches this is the
    mean of the state up to a relative error of order learning_rate; with ``batch_size`` (a divisor of n;
    batches reshuffled every epoch) the terms of second order are added: reshuffling speeds the gradient
    up a little (see `dynamics.reshuffled_gradient_factor`).
    Raises ValueError for shapes that do not fit, negative decay or steps, or a batch that does not divide n.
    Source: theta_T = (1 - eta H)^T theta_0 + [1 - (1 - eta H)^T] H^+ c.
    """
    x, y = data_set(features, targets)
    decays = np.atleast_1d(non_negative(weight_decay, "weight_decay"))
    count = non_negative(steps, "steps")
    start = np.asarray(initial_weights, dtype=np.float64)
    if start.shape != x.shape[1:]:
        raise ValueError(f"initial_weights must have shape {x.shape[1:]}, got {start.shape}")
    basis, rows = span_of(x)
    inside = basis.T @ start
    outside = start - basis @ inside
    hessian, target = _linear_system(rows, y, g, batch_size, learning_rate)
    decayed = np.ones(rows.shape[1] + 1)
    decayed[-1] = float(decay_bias)
    theta = np.append(inside, initial_bias)
    if decay_bias:  # the penalty commutes with the Hessian: one decomposition serves every decay
        values, vectors = np.linalg.eigh(hessian)
        rates = values + decays[:, None]
        modes = np.broadcast_to(vectors, (decays.size, *vectors.shape))
    else:
        rates, modes = np.linalg.eigh(hessian + decays[:, None, None] * np.diag(decayed))
    power, geometric = _powers(rates, learning_rate, count.reshape(-1))  # [L, S, r+1]
    from_start = np.einsum("lij,i->lj", modes, theta)[:, None, :]
    from_data = np.einsum("lij,i->lj", modes, target)[:, None, :]
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging run may end in infinities
        final = (power * from_start + geometric * from_data) @ np.swapaxes(modes, 1, 2)  # [L, S, r+1]
    left = null_space_ratio(decays[:, None], learning_rate, count.reshape(1, -1))[..., None]
    weights = final[..., :-1] @ basis.T + left * outside
    shape = (decays.size, *count.shape)
    return TrainedState(weights.reshape(*shape, start.size), final[..., -1].reshape(shape))


def trained_dof(
    features: ArrayLike,
    *,
    weight_decay: ArrayLike,
    learning_rate: float,
    steps: ArrayLike,
    g: float = 2.0,
) -> FloatArray:
    """Return the effective degrees of freedom of T full-batch steps from zero, [L, *steps.shape].

    The fitted targets are linear in the targets, and this is the trace of that map: about 1 for the undecayed
    bias, and for direction i what the steps let through. ``features`` [n, p]; ``weight_decay`` [L] or a scalar
    (L = 1); ``steps`` any shape. It tends to `smoother.effective_dof` as T grows.
    Raises ValueError for negative arguments. Source: trace of Z [1 - (1 - eta H)^T] H^+ (g/n) Z', Z = (X, 1).
    """
    x, _ = data_set(features, np.zeros(np.shape(features)[0]))
    decays = np.atleast_1d(non_negative(weight_decay, "weight_decay"))
    count = non_negative(steps, "steps")
    rows = span_of(x).coordinates
    n, r = rows.shape
    data, _ = _linear_system(rows, np.zeros(n), g, None, learning_rate)
    rates, modes = np.linalg.eigh(data + decays[:, None, None] * np.diag([1.0] * r + [0.0]))
    _, geometric = _powers(rates, learning_rate, count.reshape(-1))  # [L, S, r+1]
    let_through = np.einsum("lij,ik,lkj->lj", modes, data, modes, optimize=True)[:, None, :]
    return np.asarray((geometric * let_through).sum(axis=-1).reshape(decays.size, *count.shape), dtype=np.float64)


def _linear_system(
    rows: FloatArray, targets: FloatArray, g: float, batch_size: int | None, learning_rate: float
) -> tuple[FloatArray, FloatArray]:
    """Return H and c of the data term of the mean step, on (span coordinates, bias); see `state_after`.

    Reshuffled batches add (eta/2)(E H_B^2 - H^2) to H and (eta/2)(E H_B c_B - H c) to c. With z_i = (x_i, 1)
    and M = sum z_i z_i' the first is eta g^2 (n-B) / (2 B n (n-1)) [sum |z_i|^2 z_i z_i' - M^2/n]; the decay
    has no cross term, since it is the same in every batch.
    """
    n = rows.shape[0]
    design = np.column_stack([rows, np.ones(n)])  # [n, r+1]
    moment, cross = design.T @ design, design.T @ targets
    hessian, target = float(positive(g, "g")) / n * moment, g / n * cross
    if batch_size is None or batch_size == n:
        return hessian, target
    if batch_size < 1 or n % batch_size:
        raise ValueError(f"batch_size must divide the {n} rows, got {batch_size}")
    weight = learning_rate * g**2 * (n - batch_size) / (2.0 * batch_size * n * (n - 1))
    weighted = design * np.sum(design**2, axis=1, keepdims=True)
    hessian = hessian + weight * (weighted.T @ design - moment @ moment / n)
    return hessian, target + weight * (weighted.T @ targets - moment @ cross / n)


def _powers(rates: FloatArray, learning_rate: float, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (1 - eta h)^t and eta sum_{k<t} (1 - eta h)^k, [L, S, r], for rates [L, r] and steps [S]."""
    step = learning_rate * rates[:, None, :]
    t = steps[None, :, None]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        power = np.power(1.0 - step, t)
        # near h = 0 the quotient (1 - power)/h is 0/0: a numerically zero rate has the limit eta t
        flat = np.abs(step) < 1e-14
        slow = np.abs(step) < 0.5
        done = np.where(slow, -np.expm1(t * np.log1p(np.where(slow, -step, 0.0))), 1.0 - power)
        geometric = learning_rate * np.where(flat, t, done / np.where(flat, 1.0, step))
    return power, geometric


def early_stopping_filter(
    eigenvalues: ArrayLike, n_train: int, learning_rate: float, steps: ArrayLike, g: float = 2.0
) -> FloatArray:
    """Return 1 - (1 - eta g s_i / n)^t [..., r], the fraction of direction i fitted by t steps from zero.

    ``eigenvalues`` s [r] of X'X, ``steps`` [...]. Compare `smoother.ridge_filter`, s/(s + Lambda): the two
    meet near Lambda = n/(eta g t). Raises ValueError for negative arguments.
    Source: Ali, Kolter & Tibshirani 2019.
    """
    s = non_negative(eigenvalues, "eigenvalues")
    rate = learning_rate * float(positive(g, "g")) * s / float(positive(n_train, "n_train"))
    return np.asarray(1.0 - np.power(1.0 - rate, non_negative(steps, "steps")[..., None]), dtype=np.float64)
