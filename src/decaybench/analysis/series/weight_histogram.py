"""The weights of one seed before the first step and after the last, at three λ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.prediction import initial_state
from decaybench.analysis.results import StudyResults, VariantResults, rows
from decaybench.analysis.weights import (
    common_truth,
    is_zero_start,
    seed_weight_decay,
    trained_state,
    why_no_weights,
)

ARTICLE = 3.0  # the λ that the article's readers run beside λ = 0
FEWEST = 20  # weights, of which a histogram says something


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Where weights start from a spread and can be computed again at two or more λ."""
    own = results.base
    seed = own.first_seed
    if why_no_weights(own.variant) is not None or is_zero_start(own.variant) or own.task.n_features < FEWEST:
        return
    decays = shown_weight_decay(own)
    if len(decays) < 2:
        return
    start = initial_state(own.variant, seed)[0]
    inputs = np.arange(1, len(start) + 1)
    yield rows("initial_weight", "input", inputs, start, seed=seed)
    for value, weights in zip(decays, trained_state(own.variant, seed, decays).weights, strict=True):
        yield rows("weight", "input", inputs, weights, weight_decay=value, seed=seed)
    yield from common_truth(own.variant)


def shown_weight_decay(own: VariantResults) -> list[float]:
    """The smallest λ at which the seed stayed finite, the article's or the chosen one, and the largest."""
    decays = seed_weight_decay(own)
    if not len(decays):
        return []
    inside = decays[1:-1]
    wanted = [value for value in (ARTICLE, own.chosen_weight_decay) if value in inside]
    middle = [wanted[0]] if wanted else list(inside[len(inside) // 2 :][:1])
    return [float(value) for value in dict.fromkeys([decays[0], *middle, decays[-1]])]
