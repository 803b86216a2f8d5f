"""The law of the trained linear model by simulation, for where a closed form is known to be off.

Training happens in the span of the data (min(n, p) numbers instead of p), which is exact: the weights outside
see no gradient. The test risk is the population's, so no test set adds its noise.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from decaybench.theory.conventions import FloatArray, data_set, non_negative, population_risk, positive
from decaybench.theory.spectral import TrainedState, null_space_ratio, span_of, state_after

Batches = Literal["full", "reshuffled", "replacement"]


class SimulatedLaw(NamedTuple):
    """Mean and standard error over simulated data sets, one entry a weight decay [L]."""

    test_risk: FloatArray
    test_risk_standard_error: FloatArray
    squared_weight_norm: FloatArray
    squared_weight_norm_standard_error: FloatArray


def train_on_batches(
    features: ArrayLike,
    targets: ArrayLike,
    initial_weights: ArrayLike,
    initial_bias: float,
    batches: ArrayLike,
    *,
    weight_decay: ArrayLike,
    learning_rate: float,
    g: float = 2.0,
    decay_bias: bool = False,
) -> TrainedState:
    """Return the state of SGD with weight decay after the given batches.

    ``features`` [n, p], ``targets`` [n], ``initial_weights`` [p], ``batches`` [T, B] row numbers,
    ``weight_decay`` [L] or a scalar (L = 1); weights [L, p] and bias [L]. Every decay sees the same batches.
    Raises ValueError for shapes that do not fit. Source: the step in `conventions`.
    """
    x, y = data_set(features, targets)
    decays = np.atleast_1d(non_negative(weight_decay, "weight_decay"))
    order = np.asarray(batches, dtype=np.intp)
    if order.ndim != 2 or order.shape[1] < 1:
        raise ValueError(f"batches must have shape [steps, batch_size], got {order.shape}")
    start = np.asarray(initial_weights, dtype=np.float64)
    basis, rows = span_of(x)
    design = np.column_stack([rows, np.ones(x.shape[0])])
    inside = basis.T @ start
    state = np.tile(np.append(inside, initial_bias), (decays.size, 1))  # [L, r+1]
    keep = np.ones_like(state)
    keep[:, : None if decay_bias else -1] = 1.0 - learning_rate * decays[:, None]
    scale = learning_rate * float(positive(g, "g")) / order.shape[1]
    for batch in order:
        part = design[batch]
        state = keep * state - scale * (state @ part.T - y[batch]) @ part
    left = null_space_ratio(decays, learning_rate, order.shape[0])[:, None]
    return TrainedState(state[:, :-1] @ basis.T + left * (start - basis @ inside), state[:, -1])


def simulate_training(
    *,
    n_train: int,
    n_features: int,
    weight: float,
    noise_std: float,
    bias: float,
    init_std: float,
    bias_init_std: float,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    weight_decay: ArrayLike,
    g: float = 2.0,
    init_mean: float = 0.0,
    bias_init: float = 0.0,
    batches: Batches = "full",
    replicates: int = 200,
    seed: int = 0,
) -> SimulatedLaw:
    """Return the simulated mean test risk and squared weight norm after training, with standard errors.

    Every replicate draws y = weight * sum(x) + bias + noise, x ~ N(0, I), on ``n_train`` rows and a start
    w0 ~ N(init_mean, init_std^2), b0 ~ N(bias_init, bias_init_std^2), from the Philox stream of
    (seed, replicate); all decays share it. There are epochs * n_train / batch_size steps. ``batches``: "full"
    takes as many averaged steps (exact, through `spectral.state_after`); "reshuffled" visits every row once
    an epoch; "replacement" draws every batch afresh. Costs about n_train^3 L operations a replicate when
    full. Raises ValueError if ``batch_size`` does not divide ``n_train`` or ``replicates`` is below 2.
    """
    if batch_size < 1 or n_train % batch_size:
        raise ValueError(f"batch_size must divide n_train = {n_train}, got {batch_size}")
    if replicates < 2:
        raise ValueError("a standard error needs at least 2 replicates")
    decays = np.atleast_1d(non_negative(weight_decay, "weight_decay"))
    steps = epochs * n_train // batch_size
    risk, norm = np.empty((2, replicates, decays.size))
    for k in range(replicates):
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, k])))
        x = generator.standard_normal((n_train, n_features))
        y = weight * x.sum(axis=1) + bias + noise_std * generator.standard_normal(n_train)
        w0 = init_mean + init_std * generator.standard_normal(n_features)
        b0 = bias_init + bias_init_std * float(generator.standard_normal())
        if batches == "full":
            state = state_after(x, y, w0, b0, weight_decay=decays, learning_rate=learning_rate, steps=steps, g=g)
        else:
            order = _batch_order(generator, batches, n_train, batch_size, steps)
            state = train_on_batches(x, y, w0, b0, order, weight_decay=decays, learning_rate=learning_rate, g=g)
        risk[k] = population_risk(state.weights, state.bias, weight, bias, noise_std)
        norm[k] = np.sum(state.weights**2, axis=1)
    root = np.sqrt(replicates)
    return SimulatedLaw(
        risk.mean(axis=0), risk.std(axis=0, ddof=1) / root, norm.mean(axis=0), norm.std(axis=0, ddof=1) / root
    )


def _batch_order(
    generator: np.random.Generator, batches: Batches, n_train: int, batch_size: int, steps: int
) -> np.ndarray:
    """Return row numbers [steps, batch_size]."""
    if batches == "replacement":
        return generator.integers(0, n_train, (steps, batch_size))
    if batches != "reshuffled":
        raise ValueError(f"batches must be full, reshuffled or replacement, got {batches!r}")
    epochs = steps * batch_size // n_train
    return np.argsort(generator.random((epochs, n_train)), axis=1).reshape(steps, batch_size)
