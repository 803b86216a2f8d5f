"""The law of the null space: what |1 − ηλ|^T leaves of the initial norm, where decay acts alone there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.prediction import decays_alone
from decaybench.analysis.results import StudyResults, rows

POINTS = 80


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Of each variant, between its smallest and its largest positive λ."""
    for own in results.variants:
        if not decays_alone(own.variant) or not own.counts("null_space_norm"):
            continue
        start, steps = own.runs["initial_null_space_norm"].mean(), own.runs["steps"].max()
        positive = [value for value in sorted(own.grid.weight_decay) if value > 0]
        if not np.isfinite(start) or not positive:
            continue
        weight_decay = np.geomspace(positive[0], positive[-1], POINTS)
        with np.errstate(over="ignore"):  # a λ far beyond 2/η: the law leaves every panel, and numbers
            norm = start * np.abs(1 - own.training.learning_rate * weight_decay) ** steps
        yield rows("null_space_law", "weight_decay", weight_decay, norm, variant=own.name)
