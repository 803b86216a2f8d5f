"""Which directions of the data decay and early stopping let through, as free a fit in either."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis import filters
from decaybench.analysis.filters import Filters
from decaybench.analysis.results import StudyResults, VariantResults, rows
from decaybench.theory.conventions import total_penalty
from decaybench.theory.smoother import ridge_filter
from decaybench.theory.spectral import early_stopping_filter

POINTS = 90
SPREAD = 8.0  # the factor from the chosen λ within which its neighbours are looked for


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Full-batch linear training from zero, with a history and a chosen λ above zero."""
    own = results.base
    pairs = matched(own) if filters.applies(own.variant) else {}
    if not pairs:
        return
    strength = next(iter(pairs.values())).strength
    along = np.geomspace(strength[-1] / 1.15, strength[0] * 1.15, POINTS)
    n, rate, g = own.task.n_train, own.training.learning_rate, own.gradient_factor
    for value, pair in pairs.items():
        kept = ridge_filter(n * along, total_penalty(value, n, g))
        stopped = early_stopping_filter(n * along, n, rate, pair.steps, g)
        for name, shares in (("ridge_filter", kept), ("early_stopping_filter", stopped)):
            yield rows(name, "variance_along_direction", along, shares, weight_decay=value)
    yield rows("direction", "variance_along_direction", strength, np.nan, seed=own.first_seed)


def matched(own: VariantResults) -> dict[float, Filters]:
    """At the chosen λ and at one well below and one well above it, as far as the grid has them; ascending."""
    chosen = own.chosen_weight_decay
    if not chosen:
        return {}
    positive = np.array([value for value in sorted(own.grid.weight_decay) if value > 0])
    sides = ((positive[positive < chosen], chosen / SPREAD), (positive[positive > chosen], chosen * SPREAD))
    wanted = [chosen, *(float(side[np.abs(np.log(side / aim)).argmin()]) for side, aim in sides if len(side))]
    pairs = {value: filters.matched(own.variant, own.first_seed, value) for value in sorted(wanted)}
    known = {value: pair for value, pair in pairs.items() if pair is not None}
    return known if chosen in known else {}
