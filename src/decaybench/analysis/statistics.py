"""Intervals over seeds.

Seeds are paired across λ: differences are taken within a seed first, and every resample draws the same
seeds for all λ. Resampling has a fixed stream, so equal tables give equal intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 2_000
FEW = 20  # below, a bootstrap of so few seeds is too narrow: Student's t
MANY = 2_000  # above, bootstrap and Student's t agree to the digits shown, and t is far cheaper
STREAM = 20_250_315


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval; low and high are None when there is none, and `method` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str


def fixed_stream() -> np.random.Generator:
    """The stream of every bootstrap."""
    return np.random.Generator(np.random.Philox(key=STREAM))


def means(values: FloatArray, level: float = LEVEL, overlap: float | None = None) -> list[Estimate]:
    """Mean and interval of each column of values [seeds, columns].

    A bootstrap over seeds (BCa: Efron 1987) from FEW to MANY seeds, else Student's t. Where the seeds are
    random splits of one data set, runs share rows: `overlap` is n_test / n_train, and the interval is the
    corrected t of Nadeau & Bengio (2003), with variance s²(1/n + overlap).
    """
    n = len(values)
    centre = values.mean(axis=0)
    if n == 1:
        return [Estimate(float(c), None, None, 1, "none: one seed has no spread") for c in centre]
    if overlap is not None or n < FEW or n > MANY:
        name = "Student's t" if overlap is None else "corrected t (Nadeau & Bengio 2003)"
        half = _t_half_width(values, level, overlap or 0.0)
        return [_estimate(c, c - h, c + h, n, name) for c, h in zip(centre, half, strict=True)]
    low, high = _bca(values, level)
    return [_estimate(c, a, b, n, "BCa bootstrap") for c, a, b in zip(centre, low, high, strict=True)]


def mean(values: FloatArray, level: float = LEVEL, overlap: float | None = None) -> Estimate:
    """Mean and interval of values [seeds]."""
    return means(values[:, None], level, overlap)[0]


def resampled_means(values: FloatArray, resamples: int = RESAMPLES) -> FloatArray:
    """Means [resamples, columns] over seeds drawn with replacement, the same seeds for all columns."""
    n = len(values)
    rows = fixed_stream().integers(0, n, (resamples, n))
    counts = np.zeros((resamples, n))
    np.add.at(counts, (np.arange(resamples)[:, None], rows), 1.0)
    return counts @ values / n


def _t_half_width(values: FloatArray, level: float, overlap: float) -> FloatArray:
    n = len(values)
    spread = values.std(axis=0, ddof=1) * np.sqrt(1 / n + overlap)
    return np.asarray(stats.t.ppf((1 + level) / 2, n - 1) * spread)


def _bca(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    varies = values.std(axis=0) > 1e-14 * np.abs(values).max(axis=0)
    low, high = values.mean(axis=0), values.mean(axis=0)
    if varies.any():
        interval = stats.bootstrap(
            (values[:, varies],), np.mean, axis=0, vectorized=True, n_resamples=RESAMPLES,
            batch=max(1, 4_000_000 // values.size), confidence_level=level, method="BCa", rng=fixed_stream(),
        ).confidence_interval  # fmt: skip
        low[varies], high[varies] = interval.low, interval.high
    return low, high


def _estimate(value: float, low: float, high: float, n: int, method: str) -> Estimate:
    if not np.isfinite([value, low, high]).all():
        return Estimate(float(value) if np.isfinite(value) else None, None, None, n, "none: not finite")
    return Estimate(float(value), float(low), float(high), n, method)
