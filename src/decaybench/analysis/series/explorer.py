"""What the slider moves through: losses over epochs at each λ it stops at, and of polynomials the fitted curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.results import StudyResults, VariantResults
from decaybench.analysis.series.fitted_curve import fitted_curves, has_law
from decaybench.analysis.series.histories import means_over_epochs

X = np.linspace(-1.0, 1.0, 51)
POINTS = 16  # of a curve; its shape, not its every wiggle
MOST = 14  # λ on the slider; of more, some that are evenly spaced


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Nothing where there is one λ alone."""
    own = results.base
    stops = slider_values(own)
    if len(stops) > 1:
        yield from means_over_epochs(own, stops, POINTS)
        if has_law(own.variant):
            yield from fitted_curves(own, np.array(stops), X)


def slider_values(own: VariantResults) -> list[float]:
    """The measured λ that the slider stops at: all of them, or an even choice with the ends and the chosen one."""
    measured = own.measured_weight_decay
    if len(measured) <= MOST:
        return measured
    even = {measured[round(place)] for place in np.linspace(0, len(measured) - 1, MOST - 1)}
    chosen = own.chosen_weight_decay
    return sorted(even if chosen is None else {*even, chosen})
