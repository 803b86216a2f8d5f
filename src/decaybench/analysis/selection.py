"""Which λ, and how sure? Chosen on validation data; test data only report what the choice costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from decaybench.analysis.statistics import (
    LEVEL,
    Estimate,
    FloatArray,
    mean,
    means,
    resampled_means,
    standard_deviation,
)


@dataclass(frozen=True)
class Choice:
    """The answer for one variant. λ are values of the grid."""

    chosen: float  # lowest mean validation loss
    one_se: float  # largest λ within one standard error of it (Breiman et al. 1984)
    as_good: list[float]  # λ whose paired difference to the chosen one has an interval that holds 0
    probability_best: dict[float, float]  # share of bootstrap resamples in which a λ has the lowest mean
    oracle: float  # lowest mean test loss
    regret: Estimate  # mean test loss of the chosen λ minus that of the oracle
    edge: str | None  # "low" or "high" when the chosen λ is an end of the grid
    try_next: list[float]  # λ beyond that end, below the cap
    cap: float | None  # λ that no advice reaches, where it stands in the way
    capped_by: str | None  # which limit that is


def choose(
    weight_decay: NDArray[np.float64],
    validation: FloatArray,
    test: FloatArray,
    overlap: float | None,
    limits: Mapping[str, float] = MappingProxyType({}),
    floor: float = -np.inf,
) -> Choice:
    """Choose among λ [L], ascending, by losses [seeds, L]; needs at least one λ and one seed.

    overlap: see `statistics.means`. limits: λ that training cannot reach, by what forbids them; a λ to try next lies
    below all of them, and above `floor`, below which a training diverged.
    """
    average = validation.mean(axis=0)
    best = int(average.argmin())
    differences = means(validation - validation[:, [best]], overlap=overlap)
    n = len(validation)
    spread = float(standard_deviation(validation[:, best])) * np.sqrt(1 / n + (overlap or 0.0)) if n > 1 else 0.0
    wins = np.bincount(resampled_means(validation).argmin(axis=1), minlength=len(weight_decay))
    oracle = int(test.mean(axis=0).argmin())
    edge = None
    if len(weight_decay) > 1 and best in (0, len(weight_decay) - 1):
        edge = "low" if best == 0 else "high"
    wanted = _beyond(weight_decay, edge)
    capped_by, cap = min(limits.items(), key=lambda limit: limit[1], default=(None, np.inf))
    reachable = [decay for decay in wanted if floor < decay < cap]
    in_the_way = edge == "high" and len(reachable) < len(wanted)
    return Choice(
        chosen=float(weight_decay[best]),
        one_se=float(weight_decay[average <= average[best] + spread].max()),
        as_good=[
            float(weight_decay[i])
            for i, estimate in enumerate(differences)
            if i == best or (estimate.low is not None and estimate.low <= 0)
        ],
        probability_best={float(w): float(s) for w, s in zip(weight_decay, wins / wins.sum(), strict=True)},
        oracle=float(weight_decay[oracle]),
        regret=mean(test[:, best] - test[:, oracle], overlap=overlap),
        edge=edge,
        try_next=reachable,
        cap=float(cap) if in_the_way else None,
        capped_by=capped_by if in_the_way else None,
    )


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
