"""Which λ, and how sure? Chosen on validation data; test data only report what the choice costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from decaybench.analysis.decide import (
    SMALLEST_RATIO,
    Comparison,
    Standing,
    compare,
    compare_zeros,
    standing_of,
)
from decaybench.analysis.statistics import LEVEL, FloatArray, resampled_means, standard_deviation

BAR = math.log(SMALLEST_RATIO)


@dataclass(frozen=True)
class Sampling:
    """How the losses of a variant were sampled.

    Attributes
    ----------
    resolution : the loss up to which a loss is 0 to the precision of the arithmetic.
    validation, test : c of splits of one data set, see `statistics.means`; None for fresh draws.
    validation_rows, test_rows : rows that a split uses for such a loss.
    """

    resolution: float = 0.0
    validation: float | None = None
    test: float | None = None
    validation_rows: int = 0
    test_rows: int = 0


@dataclass(frozen=True)
class Candidate:
    """One λ of the grid beside the chosen one.

    Attributes
    ----------
    standing : whether it is as good, by the ratio of validation losses within a seed.
    to_chosen : that ratio, decided; None for the chosen λ, and where no seed has both.
    lowest : in how many seeds its validation loss is the lowest of all.
    n_diverged : seeds at which it diverged; such a λ is never chosen.
    """

    weight_decay: float
    standing: Standing
    to_chosen: Comparison | None
    lowest: int
    n_diverged: int


@dataclass(frozen=True)
class Choice:
    """The answer for one variant. λ are values of the grid.

    Attributes
    ----------
    chosen : lowest geometric mean validation loss; lowest median where a loss is 0.
    by_median : whether it was chosen by the median.
    candidates : every λ, ascending.
    one_se : largest λ within one standard error of the chosen one (Breiman et al. 1984).
    one_se_price : its test loss over the chosen one's; None where they are the same λ.
    oracle : lowest geometric mean test loss.
    regret : test loss of the chosen λ over the oracle's; None where they are the same λ.
    edge : "low" or "high" when the chosen λ is an end of the grid.
    try_next : λ beyond that end, below the cap.
    cap : λ that no advice reaches, where it stands in the way; capped_by says which limit that is.
    """

    chosen: float
    by_median: bool
    candidates: tuple[Candidate, ...]
    one_se: float
    one_se_price: Comparison | None
    oracle: float
    regret: Comparison | None
    edge: str | None
    try_next: list[float]
    cap: float | None
    capped_by: str | None

    def standing(self, *wanted: Standing) -> list[float]:
        """The λ that stand so."""
        return [candidate.weight_decay for candidate in self.candidates if candidate.standing in wanted]


def choose(
    weight_decay: NDArray[np.float64],
    validation: FloatArray,
    test: FloatArray,
    sampling: Sampling = Sampling(),
    limits: Mapping[str, float] = MappingProxyType({}),
    floor: float = -np.inf,
) -> Choice | None:
    """Choose among the values of λ.

    Parameters
    ----------
    weight_decay : [L], ascending.
    validation, test : losses [seeds, L]; NaN where a cell diverged.
    sampling : how they were sampled.
    limits : λ that training cannot reach, by what forbids them; a λ to try next lies below all of them, and above
        `floor`, below which a training diverged.

    Returns
    -------
    The choice; None where every λ has a seed at which it diverged.
    """
    there = np.isfinite(validation) & np.isfinite(test)
    somewhere = there.any(axis=1)  # a seed that diverges at every λ tells none from another
    whole = there[somewhere].all(axis=0)
    if not somewhere.any() or not whole.any():
        return None
    lost = np.count_nonzero(~there, axis=0)
    validation, test = validation[somewhere], test[somewhere]
    logs = _logarithms(validation, sampling.resolution)
    by_median = bool((validation[:, whole] <= sampling.resolution).any())
    location = np.where(whole, (np.median if by_median else np.mean)(logs, axis=0), np.inf)
    best = int(location.argmin())
    lowest = np.bincount(np.where(whole, logs, np.inf).argmin(axis=1), minlength=len(weight_decay))
    candidates = []
    for place, decay in enumerate(weight_decay):
        to_chosen = None if place == best else _to_chosen(validation, logs, place, best, sampling)
        standing: Standing = "chosen" if place == best else "not compared"
        if to_chosen is not None:
            standing = standing_of(to_chosen.interval, BAR)
        candidates.append(Candidate(float(decay), standing, to_chosen, int(lowest[place]), int(lost[place])))
    spread = 0.0
    if len(logs) > 1:
        spread = float(standard_deviation(logs[:, [best]])[0]) * math.sqrt(
            1 / len(logs) + (sampling.validation or 0.0)
        )
    one_se = int(np.flatnonzero(location <= location[best] + spread).max())
    test_logs = _logarithms(test, sampling.resolution)
    test_zero = bool((test[:, whole] <= sampling.resolution).any())
    oracle = int(np.where(whole, (np.median if test_zero else np.mean)(test_logs, axis=0), np.inf).argmin())
    compared = np.flatnonzero(whole)
    edge = None
    if len(compared) > 1 and best in compared[[0, -1]]:
        edge = "low" if best == compared[0] else "high"
    wanted = _beyond(weight_decay[whole], edge)
    capped_by, cap = min(limits.items(), key=lambda limit: limit[1], default=(None, np.inf))
    reachable = [decay for decay in wanted if floor < decay < cap]
    in_the_way = edge == "high" and len(reachable) < len(wanted)

    def cost(place: int, against: int) -> Comparison | None:
        if place == against:
            return None
        values = test_logs[:, place] - test_logs[:, against]
        zero = (test[:, [place, against]] <= sampling.resolution).any()
        return _compared(values, bool(zero), sampling.test, sampling.test_rows)

    return Choice(
        chosen=float(weight_decay[best]),
        by_median=by_median,
        candidates=tuple(candidates),
        one_se=float(weight_decay[one_se]),
        one_se_price=cost(one_se, best),
        oracle=float(weight_decay[oracle]),
        regret=cost(best, oracle),
        edge=edge,
        try_next=reachable,
        cap=float(cap) if in_the_way else None,
        capped_by=capped_by if in_the_way else None,
    )


def _logarithms(losses: FloatArray, resolution: float) -> FloatArray:
    """Logarithms of losses; one that is 0 to the precision of the arithmetic stands at its resolution."""
    return np.log(np.maximum(losses, max(resolution, np.finfo(np.float64).tiny)))


def _compared(values: FloatArray, zero: bool, correction: float | None, k: int) -> Comparison:
    if zero:
        return compare_zeros(values[np.isfinite(values)], BAR, splits=correction is not None)
    return compare(values, BAR, correction=correction, k=k)


def _to_chosen(
    validation: FloatArray, logs: FloatArray, place: int, best: int, sampling: Sampling
) -> Comparison | None:
    """The ratio of one λ's validation loss to the chosen one's, on the seeds that both have."""
    both = np.isfinite(validation[:, [place, best]]).all(axis=1)
    if not both.any():
        return None
    zero = bool((validation[both][:, [place, best]] <= sampling.resolution).any())
    values = (logs[:, place] - logs[:, best])[both]
    return _compared(values, zero, sampling.validation, sampling.validation_rows)


def optimum_interval(positions: FloatArray, criterion: FloatArray, level: float = LEVEL) -> tuple[float, float]:
    """Between which of `positions` [L] the lowest mean criterion [seeds, L] lies in resamples over seeds."""
    places = np.sort(positions[resampled_means(criterion).argmin(axis=1)])
    tail = (1 - level) / 2
    last = len(places) - 1
    return float(places[int(np.floor(tail * last))]), float(places[int(np.ceil((1 - tail) * last))])


def _beyond(weight_decay: NDArray[np.float64], edge: str | None) -> list[float]:
    """Three λ beyond an end of the grid, each a factor 3 further; nothing lies below 0."""
    positive = weight_decay[weight_decay > 0]
    if edge is None or not len(positive):
        return []
    if edge == "high":
        return [float(f"{positive[-1] * factor:.3g}") for factor in (3, 9, 27)]
    return [] if weight_decay[0] == 0 else [float(f"{positive[0] / factor:.3g}") for factor in (27, 9, 3)]
