"""One decision for every comparison: better, worse, no matter, or open.

Effects, choices, claims, captions and costs ask here, and nowhere else. A ratio matters from 5 % on, an accuracy from
one point on; both bars were set before any run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from decaybench.analysis.splits import rows_needed
from decaybench.analysis.statistics import LEVEL, Estimate, FloatArray, mean, median, standard_deviation

Outcome = Literal["better", "worse", "no matter", "open"]
Standing = Literal["chosen", "as good", "worse", "open", "not compared"]
Direction = Literal["lower", "higher"]

SMALLEST_RATIO = 1.05
SMALLEST_POINTS = 0.01
POWER = 0.80  # with which the seeds that an open comparison needs would settle it, were its estimate the truth
ZERO = "none: a loss is 0 to the precision of the arithmetic"
MOST_SEEDS = 10_000_000  # beyond, the answer is "none that anyone would run"


@dataclass(frozen=True)
class Comparison:
    """Paired values of one quantity, decided.

    Attributes
    ----------
    interval : mean of the values with its interval, on which the outcome hangs; logarithms of ratios, or points.
    outcome : see `outcome_of`.
    direction : which way the interval points, whatever the bar; None where it holds 0.
    wins, n : in how many of how many seeds the value is on the better side.
    price : what would settle an open comparison, None elsewhere.
    bounded : whether a loss is 0 to the precision of the arithmetic, so that no ratio is known; the interval is then
        the median's of ratios that are at least so large.
    """

    interval: Estimate
    outcome: Outcome
    direction: Direction | None
    wins: int
    n: int
    price: Price | None
    bounded: bool = False

    @property
    def estimate(self) -> Estimate:
        """What may be printed of the interval."""
        return Estimate(None, None, None, self.n, ZERO) if self.bounded else self.interval


@dataclass(frozen=True)
class Price:
    """What would settle an open comparison with a power of 80 %, were the estimate the truth.

    seeds : so many seeds (splits); None where no number of them would.
    rows : so many rows in the data set that the splits share, where its size is the limit.
    """

    seeds: int | None
    rows: int | None = None


def compare(
    values: FloatArray, bar: float, *, good: Literal[1, -1] = -1, correction: float | None = None, k: int = 0
) -> Comparison:
    """Decide on paired values.

    Parameters
    ----------
    values : [seeds], logarithms of ratios or differences in points; NaN where a pair gives none.
    bar : the smallest effect of interest on the scale of the values, positive; log 1.05 of ratios.
    good : the side that is better; losses are better below 0.
    correction : see `statistics.means`.
    k : rows of the data set that each split uses, for the price.
    """
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return Comparison(Estimate(None, None, None, 0, "none: no pair of seeds"), "open", None, 0, 0, None)
    estimate = mean(values, correction=correction)
    outcome = outcome_of(estimate, bar, good)
    price = None
    if outcome == "open" and estimate.low is not None:
        price = price_of(values, bar, correction, k)
    wins = int(np.count_nonzero(good * values > 0))
    return Comparison(estimate, outcome, direction_of(estimate), wins, n, price)


def compare_zeros(values: FloatArray, bar: float, *, good: Literal[1, -1] = -1, splits: bool = False) -> Comparison:
    """Decide on log ratios [seeds] of losses of which some are 0 to the precision of the arithmetic.

    Such a loss stands at its resolution, so a ratio is a bound, and its mean means nothing. The median and its order
    statistics stand in for it; splits of one data set have none, and stay open.
    """
    middle = Estimate(None, None, None, len(values), ZERO) if splits else median(values)
    wins = int(np.count_nonzero(good * values > 0))
    outcome, direction = outcome_of(middle, bar, good), direction_of(middle)
    return Comparison(middle, outcome, direction, wins, len(values), None, bounded=True)


def standing_of(estimate: Estimate, bar: float) -> Standing:
    """How a λ stands against the chosen one, from the ratio of their losses: as good where it is below the bar."""
    if estimate.low is None or estimate.high is None:
        return "open"
    if estimate.high < bar:
        return "as good"
    return "worse" if estimate.low > bar else "open"


def outcome_of(estimate: Estimate, bar: float, good: Literal[1, -1] = -1) -> Outcome:
    """Where an interval lies: wholly beyond the bar on the better or the worse side, wholly within, or neither.

    >>> outcome_of(Estimate(-0.5, -0.6, -0.4, 40, ""), math.log(1.05))
    'better'
    """
    if estimate.low is None or estimate.high is None:
        return "open"
    low, high = sorted((good * estimate.low, good * estimate.high))
    if low > bar:
        return "better"
    if high < -bar:
        return "worse"
    return "no matter" if -bar < low and high < bar else "open"


def outcome_of_ratio(ratio: Mapping[str, Any], bar: float = SMALLEST_RATIO) -> Outcome:
    """`outcome_of` the interval of a fact that is a ratio; better is below 1.

    >>> outcome_of_ratio({"low": 0.4, "high": 0.9})
    'better'
    """
    low, high = (None if ratio[end] is None else math.log(max(ratio[end], 1e-300)) for end in ("low", "high"))
    return outcome_of(Estimate(None, low, high, 0, ""), math.log(bar))


def outcome_of_points(difference: Mapping[str, Any]) -> Outcome:
    """`outcome_of` the interval of a fact that is a difference of accuracies; better is above 0."""
    return outcome_of(Estimate(None, difference["low"], difference["high"], 0, ""), SMALLEST_POINTS, 1)


def direction_of(estimate: Estimate) -> Direction | None:
    """Whether the whole interval lies below or above 0: "lower, by less than 5 %" is a word, not a second rule."""
    if estimate.low is None or estimate.high is None or estimate.low <= 0 <= estimate.high:
        return None
    return "lower" if estimate.high < 0 else "higher"


def price_of(values: FloatArray, bar: float, correction: float | None = None, k: int = 0) -> Price:
    """The seeds or rows that would settle an open comparison; see `compare`.

    n = ((t_.975 + t_.80) s / distance)², with the distance from the estimate to the nearer bar; between the bars both
    must be cleared, so the chance of missing one is shared out between them. Where splits share rows, 1/n + c stands
    for 1/n.
    """
    spread = float(standard_deviation(values[:, None])[0]) if len(values) > 1 else 0.0
    centre = float(values.mean())
    to_bars = np.abs(np.array([centre - bar, centre + bar]))
    if spread == 0 or to_bars.min() == 0:
        return Price(None)
    distances, within = to_bars / spread, abs(centre) < bar
    most, c = _largest_variance(distances, within), correction or 0.0
    if c >= most:
        # Half of what is allowed goes to the rows, half to the splits.
        return Price(None, rows_needed(k, most / 2) if k and most > 0 else None)
    return Price(_smallest_n(distances, within, c))


def _largest_variance(distances: NDArray[np.float64], within: bool) -> float:
    """1/n + c that leaves the power, however many seeds there are; distances to both bars in units of s."""
    low, high = 0.0, float(distances.max() ** 2)
    for _ in range(100):
        middle = (low + high) / 2
        enough = _power(distances / math.sqrt(middle), within, MOST_SEEDS) >= POWER
        low, high = (middle, high) if enough else (low, middle)
    return low


def _power(z: NDArray[np.float64], within: bool, n: int) -> float:
    """Chance that the interval clears the nearer bar, or both from within; z [2] are distances in standard errors."""
    freedom = n - 1
    t = stats.t.ppf((1 + LEVEL) / 2, freedom)
    if not within:
        return float(stats.t.cdf(z.min() - t, freedom))
    return float(max(0.0, stats.t.cdf(z[0] - t, freedom) - stats.t.cdf(t - z[1], freedom)))


def _smallest_n(distances: NDArray[np.float64], within: bool, c: float) -> int | None:
    def settles(n: int) -> bool:
        return _power(distances / math.sqrt(1 / n + c), within, n) >= POWER

    high = 2
    while not settles(high):
        high *= 2
        if high > MOST_SEEDS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high
