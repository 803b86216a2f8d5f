"""A cubic in one variable, fitted by polynomials of a higher degree.

The inputs are Legendre polynomials, orthonormal under the uniform distribution of x on [−1, 1], so that
gradient descent converges in every direction at a similar speed.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from decaybench.config import Polynomial
from decaybench.tasks import Data, Split
from decaybench.tasks.streams import stream

TRUE_COEFFICIENTS = (0.2, -0.6, 0.3, 1.4)  # of 1, x, x², x³


def generate(task: Polynomial, seed: int) -> Data:
    """Draw x uniformly on [−1, 1] and y from the cubic plus noise."""
    return Data(
        train=_split(task, seed, "train", task.n_train),
        validation=_split(task, seed, "validation", task.n_validation),
        test=_split(task, seed, "test", task.n_test),
    )


def true_curve(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The noiseless target at x."""
    return np.asarray(np.polynomial.polynomial.polyval(x, TRUE_COEFFICIENTS), dtype=np.float64)


def features(x: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Orthonormal Legendre polynomials of degree 1 … degree, [rows, degree]; the bias is the model's own."""
    values = legendre.legvander(x, degree)[:, 1:] * np.sqrt(2 * np.arange(1, degree + 1) + 1)
    return np.asarray(values, dtype=np.float64)


def _split(task: Polynomial, seed: int, name: str, rows: int) -> Split:
    x = stream(task.kind, seed, name).uniform(-1.0, 1.0, rows)  # type: ignore[arg-type]
    noise = stream(task.kind, seed, f"{name}-noise").standard_normal(rows)  # type: ignore[arg-type]
    return Split(features(x, task.degree), true_curve(x) + task.noise_std * noise)
