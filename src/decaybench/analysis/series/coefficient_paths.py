"""Every weight of one seed at each λ, and how much is left of the directions of its data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.results import StudyResults, rows
from decaybench.analysis.weights import (
    common_truth,
    is_zero_start,
    kept_by_direction,
    seed_weight_decay,
    trained_state,
    why_no_weights,
)
from decaybench.tasks import column_names

FEWEST = 3  # λ that make a path
FIFTHS = 5  # groups of directions


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Linear models trained on all rows at once from zero, so that nothing but data and decay moves a weight.

    Of rows that differ in two directions at least, or there is no strong and weak one.
    """
    own = results.base
    seed, decays = own.first_seed, seed_weight_decay(own)
    known = why_no_weights(own.variant) is None and is_full_batch(own.variant) and is_zero_start(own.variant)
    if not known or len(decays) < FEWEST:
        return
    weights = trained_state(own.variant, seed, decays).weights  # [L, p]
    kept = kept_by_direction(own.variant, seed, weights, FIFTHS)  # [L, groups]
    groups = np.arange(1, kept.shape[1] + 1)
    if len(groups) < 2:
        return
    inputs, names = np.arange(1, weights.shape[1] + 1), column_names(own.task)
    axis = "fifth" if len(groups) == FIFTHS else "direction"
    for value, of_inputs, shares in zip(decays, weights, kept, strict=True):
        yield rows("weight", "input", inputs, of_inputs, setting=names, weight_decay=value, seed=seed)
        yield rows("length_left", axis, groups, shares, weight_decay=value, seed=seed)
    truth = list(common_truth(own.variant))
    if truth:
        yield from truth
        yield rows("mean_weight", "weight_decay", decays, weights.mean(axis=1), weight_decay=decays, seed=seed)
