"""Intervals over seeds: one rule for all quantities.

Seeds are paired across λ: ratios and differences are taken within a seed first. What is positive is compared on the
log scale, so that no interval reaches 0. Resampling has a fixed stream, so equal tables give equal intervals.

Where seeds are random splits of one data set, runs share rows, and m of them say less than m independent ones: the
variance of their mean is s²(1/m + c). `decaybench.analysis.splits` gives c, quantity by quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import mstats

FloatArray = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 2_000
FEW = 20  # below, a bootstrap of so few seeds is too narrow: Student's t
MANY = 2_000  # above, bootstrap and Student's t agree to the digits shown, and t is far cheaper
STREAM = 20_250_315
HUGE = 1e100  # beyond, squares or cubes may exceed what floats hold; such values are scaled first
ALIKE = "none: every seed is alike"
HEAVY = 1.0  # skewness from which a mean alone misleads; the interquartile mean then stands beside it


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


def means(values: FloatArray, level: float = LEVEL, correction: float | None = None) -> list[Estimate]:
    """Mean and interval of each column of values.

    Parameters
    ----------
    values : [seeds, columns]
    level : confidence level
    correction : c of seeds that are splits of one data set (see `splits.correction`); None for fresh draws.

    Returns
    -------
    One estimate a column. Fresh draws: a bootstrap over seeds (BCa: Efron 1987) from FEW to MANY seeds, else
    Student's t. Splits: Student's t with variance s²(1/m + c). There is no interval, and `method` says why, for one
    seed, for seeds that are all alike, and where c is infinite.
    """
    n = len(values)
    centre = values.mean(axis=0)
    if n == 1:
        return [Estimate(float(c), None, None, 1, "none: one seed has no spread") for c in centre]
    if correction is not None and not np.isfinite(correction):
        return [Estimate(float(c), None, None, n, "none: every split holds all rows") for c in centre]
    if correction is None and FEW <= n <= MANY:
        name = "BCa bootstrap"
        low, high = _bca(values, level)
    else:
        name = "Student's t" if correction is None else "Student's t, corrected for rows that splits share"
        half = _t_half_width(values, level, correction or 0.0)
        low, high = centre - half, centre + half
    return [
        _estimate(c, a, b, n, name) if differ else Estimate(float(c), None, None, n, ALIKE)
        for c, a, b, differ in zip(centre, low, high, varies(values), strict=True)
    ]


def mean(values: FloatArray, level: float = LEVEL, correction: float | None = None) -> Estimate:
    """Mean and interval of values [seeds], see `means`."""
    return means(values[:, None], level, correction)[0]


def ratios(log_ratios: FloatArray, correction: float | None = None) -> list[Estimate]:
    """Geometric mean and interval of ratios, from their logarithms [seeds, columns], see `means`.

    Of levels, too: the geometric mean of a loss is exp(mean(log loss)).
    """
    return [exponential(estimate) for estimate in means(log_ratios, correction=correction)]


def exponential(estimate: Estimate) -> Estimate:
    """An estimate on the log scale as a ratio; there is none where no float holds it."""
    bounds = [None if part is None else float(np.exp(min(part, 709.0)))
              for part in (estimate.value, estimate.low, estimate.high)]  # fmt: skip
    return Estimate(bounds[0], bounds[1], bounds[2], estimate.n, estimate.method)


def varies(values: FloatArray) -> NDArray[np.bool_]:
    """Which columns of values [seeds, columns] are not the same number in every seed, but for rounding."""
    scaled = values / scale_of(values)
    return np.asarray(scaled.std(axis=0) > 1e-14 * np.abs(scaled).max(axis=0))


def resampled_means(values: FloatArray, resamples: int = RESAMPLES) -> FloatArray:
    """Means [resamples, columns] over seeds drawn with replacement, the same seeds for all columns."""
    n = len(values)
    random = fixed_stream()
    parts = []
    step = max(1, 4_000_000 // n)  # a table seeds × resamples at once would not fit for many seeds
    for first in range(0, resamples, step):
        size = min(step, resamples - first)
        rows = random.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(rows.ravel(), minlength=size * n).reshape(size, n)
        parts.append(counts @ values / n)
    return np.concatenate(parts)


def standard_deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation of each column of values [seeds, ...], also where no float holds their squares."""
    scale = scale_of(values)
    return np.asarray((values / scale).std(axis=0, ddof=1) * scale)


def scale_of(values: FloatArray) -> FloatArray:
    """What to divide each column of values [seeds, ...] by before they are squared: 1 unless they are huge."""
    largest = np.abs(values).max(axis=0)
    return np.where(largest > HUGE, largest, 1.0)


def interquartile_mean(values: FloatArray, level: float = LEVEL) -> Estimate:
    """Mean of the middle half of values [seeds], with the trimmed mean's t interval (Tukey & McLaughlin 1963)."""
    n = len(values)
    centre = float(stats.trim_mean(values, 0.25))
    if n < 8:
        return Estimate(centre, None, None, n, "none: fewer than 8 seeds have no interquartile interval")
    low, high = mstats.trimmed_mean_ci(values, limits=(0.25, 0.25), alpha=1 - level)
    return _estimate(centre, float(low), float(high), n, "interquartile mean, trimmed t")


def median(values: FloatArray, level: float = LEVEL) -> Estimate:
    """Median of values [seeds] with the order statistics that hold it for any distribution."""
    n, ordered = len(values), np.sort(values)
    rank = int(stats.binom.ppf((1 - level) / 2, n, 0.5))  # P(fewer than `rank` below the median) ≤ (1 − level)/2
    if rank < 1:
        return Estimate(float(np.median(values)), None, None, n, "none: too few seeds for a median's interval")
    return _estimate(
        float(np.median(values)), float(ordered[rank - 1]), float(ordered[n - rank]), n, "median, order statistics"
    )


def heavy_tailed(values: FloatArray) -> bool:
    """Whether so skewed that a few seeds decide the mean."""
    scaled = values / scale_of(values)
    return len(values) >= FEW and scaled.std() > 0 and bool(abs(stats.skew(scaled)) > HEAVY)


def holm(p_values: Sequence[float]) -> FloatArray:
    """Adjusted p-values of a family (Holm 1979): at any level, those below it are the ones that are rejected."""
    order = np.argsort(p_values, kind="stable")
    m = len(order)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate((m - np.arange(m)) * np.asarray(p_values)[order]))
    return adjusted


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> FloatArray:
    """The confidence level of each interval that agrees with Holm's decisions: 1 − α/(m − k) at step k.

    After the first hypothesis that is kept, all others are kept at that same step's level.
    """
    order = np.argsort(p_values, kind="stable")
    m = len(order)
    levels = np.empty(m)
    step = 0
    for k, position in enumerate(order):
        levels[position] = 1 - (1 - level) / (m - step)
        if p_values[position] <= (1 - level) / (m - step) and step == k:
            step = k + 1
    return levels


class MeanTest:
    """The mean of values [seeds] over all confidence levels, from one set of resamples; see `means`."""

    RESAMPLES = 20_000  # Holm's levels reach 0.999: enough resamples must lie beyond

    def __init__(self, values: FloatArray, correction: float | None = None) -> None:
        self.scale = float(scale_of(np.asarray(values, dtype=np.float64)))
        self.values, self.correction = np.asarray(values, dtype=np.float64) / self.scale, correction
        n = len(self.values)
        self.varies = n > 1 and bool(varies(self.values[:, None])[0])
        self.bootstraps = self.varies and correction is None and FEW <= n <= MANY
        self._result = None
        if self.bootstraps:
            self._result = stats.bootstrap(
                (self.values,), np.mean, n_resamples=self.RESAMPLES, method="BCa", rng=fixed_stream(),
                batch=max(1, 4_000_000 // n),
            )  # fmt: skip

    def interval(self, level: float) -> Estimate:
        """Mean and interval at a level."""
        if not self.bootstraps:
            return mean(self.values * self.scale, level, self.correction)
        bounds = stats.bootstrap(
            (self.values,), np.mean, n_resamples=0, bootstrap_result=self._result, method="BCa",
            confidence_level=level, rng=fixed_stream(),
        ).confidence_interval  # fmt: skip
        value, low, high = self.scale * np.array([self.values.mean(), bounds.low, bounds.high])
        return _estimate(value, low, high, len(self.values), "BCa bootstrap")

    def p_value(self, null: float) -> float:
        """Two-sided p-value of "the mean is `null`": the level at which the interval would just touch it."""
        n, centre, null = len(self.values), float(self.values.mean()), null / self.scale
        if not self.varies:
            return 1.0 if n < 2 or centre == null else 0.0
        if self._result is None:
            spread = self.values.std(ddof=1) * np.sqrt(1 / n + (self.correction or 0.0))
            return float(2 * stats.t.sf(abs(centre - null) / spread, n - 1))
        finest = 1 / self.RESAMPLES
        resampled = np.asarray(self._result.bootstrap_distribution)
        below = float(np.mean(resampled < null))
        if below in (0.0, 1.0):
            return finest  # outside of all resamples: no interval reaches it
        z, bias = stats.norm.ppf([below, np.clip(np.mean(resampled < centre), finest, 1 - finest)])
        left_out = (centre * n - self.values) / (n - 1)
        deviation = left_out.mean() - left_out
        skew = np.sum(deviation**3) / (6 * np.sum(deviation**2) ** 1.5)
        stretch = 1 + skew * (z - bias)
        if stretch <= 0:
            return finest
        return max(finest, float(2 * stats.norm.sf(abs((z - bias) / stretch - bias))))


def _t_half_width(values: FloatArray, level: float, correction: float) -> FloatArray:
    n = len(values)
    spread = standard_deviation(values) * np.sqrt(1 / n + correction)
    return np.asarray(stats.t.ppf((1 + level) / 2, n - 1) * spread)


def _bca(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    differ = varies(values)
    scale = scale_of(values)
    values = values / scale
    low, high = values.mean(axis=0), values.mean(axis=0)
    if differ.any():
        interval = stats.bootstrap(
            (values[:, differ],), np.mean, axis=0, vectorized=True, n_resamples=RESAMPLES,
            batch=max(1, 4_000_000 // values.size), confidence_level=level, method="BCa", rng=fixed_stream(),
        ).confidence_interval  # fmt: skip
        low[differ], high[differ] = interval.low, interval.high
    return low * scale, high * scale


def _estimate(value: float, low: float, high: float, n: int, method: str) -> Estimate:
    if not np.isfinite([value, low, high]).all():
        return Estimate(float(value) if np.isfinite(value) else None, None, None, n, "none: not finite")
    return Estimate(float(value), float(low), float(high), n, method)
