"""The conventions every formula of this package is written in.

One SGD step with residuals r = Xw + b - y on a batch of B rows is

    w <- (1 - eta lambda) w - (eta g / B) X'r,        b <- b - (eta g / B) 1'r,

with eta the learning rate, lambda the weight decay (PyTorch's ``weight_decay``) and g the factor that
differentiating the loss leaves behind: 2 for the mean squared error, 1 for half of it. The averaged
dynamics rest where ||y - Xw - b||^2 + Lambda ||w||^2 is smallest, Lambda = n lambda / g being the *total
penalty*. A test risk is E (y_new - prediction)^2, noise included and without a factor one half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decaybench.cells.recipe import GRADIENT_FACTORS

FloatArray = NDArray[np.float64]

SQUARED = ("half_mse", "mse")


def gradient_factor(loss: str) -> float:
    """Return g, the factor of the gradient of a squared loss: 2 for ``mse``, 1 for ``half_mse``.

    Raises ValueError for any other loss: the closed forms hold for squared losses alone.
    """
    if loss not in SQUARED:
        known = ", ".join(SQUARED)
        raise ValueError(f"no closed form for the loss {loss!r}; known squared losses: {known}")
    return GRADIENT_FACTORS[loss]


def total_penalty(weight_decay: ArrayLike, n_train: ArrayLike, g: float = 2.0) -> FloatArray:
    """Return Lambda = n lambda / g, the penalty of ||y - Xw - b||^2 + Lambda ||w||^2 that decay stands for.

    ``weight_decay`` and ``n_train`` broadcast. Raises ValueError for a negative weight decay, fewer than
    one row, or g <= 0. Source: the fixed point of the averaged step above.
    """
    decay = non_negative(weight_decay, "weight_decay")
    rows = positive(n_train, "n_train")
    return np.asarray(decay * rows / float(positive(g, "g")), dtype=np.float64)


def weight_decay_of(penalty: ArrayLike, n_train: ArrayLike, g: float = 2.0) -> FloatArray:
    """Return lambda = g Lambda / n, the inverse of `total_penalty`. Errors as there."""
    rows = positive(n_train, "n_train")
    return np.asarray(non_negative(penalty, "penalty") * float(positive(g, "g")) / rows, dtype=np.float64)


def population_risk(
    weights: ArrayLike, intercept: ArrayLike, true_weights: ArrayLike, true_bias: float, noise_std: float
) -> FloatArray:
    """Return the test risk of a given linear model: sigma^2 + ||w - beta||^2 + (b - b*)^2.

    ``weights`` [..., p], ``intercept`` [...], ``true_weights`` [p] or a scalar shared by all features;
    the result has shape [...], in squared units of y. Exact for features that are independent, of mean 0
    and variance 1.
    """
    difference = np.asarray(weights, dtype=np.float64) - np.asarray(true_weights, dtype=np.float64)
    shift = np.asarray(intercept, dtype=np.float64) - true_bias
    return np.asarray(noise_std**2 + np.sum(difference**2, axis=-1) + shift**2, dtype=np.float64)


def non_negative(value: ArrayLike, name: str) -> FloatArray:
    """Return ``value`` as floats; ValueError naming it if any entry is negative or not a number."""
    array = np.asarray(value, dtype=np.float64)
    if not np.all(array >= 0):
        raise ValueError(f"{name} must be zero or more, got {value!r}")
    return array


def positive(value: ArrayLike, name: str) -> FloatArray:
    """Return ``value`` as floats; ValueError naming it unless every entry is above zero."""
    array = np.asarray(value, dtype=np.float64)
    if not np.all(array > 0):
        raise ValueError(f"{name} must be above zero, got {value!r}")
    return array


def data_set(features: ArrayLike, targets: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return features [n, p] and targets [n] as floats; ValueError if their shapes do not fit together."""
    x = np.asarray(features, dtype=np.float64)
    y = np.asarray(targets, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1] or x.shape[0] < 1:
        raise ValueError(f"expected features [n, p] and targets [n] with n >= 1, got {x.shape} and {y.shape}")
    return x, y
