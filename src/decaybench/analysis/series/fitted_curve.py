"""The curves that polynomials of one seed have become, the rows they saw, the cubic behind them.

The tables hold no weights: those after the last step are computed by the exact law from the seed's own data.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.results import StudyResults, VariantResults, rows
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.weights import seed_weight_decay, trained_state, why_no_weights
from decaybench.config import Polynomial, Variant
from decaybench.tasks import generate
from decaybench.tasks.polynomial import features, true_curve

X = np.linspace(-1.0, 1.0, 161)


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """At the smallest, the chosen and the largest λ, of those at which the seed did not diverge."""
    own = results.base
    decays = seed_weight_decay(own) if has_law(own.variant) else np.empty(0)
    if len(decays):
        chosen = own.chosen_weight_decay
        middle = chosen if chosen in decays[1:-1] else decays[len(decays) // 2]
        yield from fitted_curves(own, np.unique([decays[0], middle, decays[-1]]), X)


def has_law(variant: Variant) -> bool:
    """Whether the weights of a fitted polynomial are known exactly without training."""
    return isinstance(variant.task, Polynomial) and why_no_weights(variant) is None and is_full_batch(variant)


def fitted_curves(own: VariantResults, weight_decay: FloatArray, x: FloatArray) -> Iterator[pd.DataFrame]:
    """Truth, training rows and the first seed's curve at each λ, over `x` [points]; none where no curve is finite."""
    task, seed = own.task, own.first_seed
    state = trained_state(own.variant, seed, weight_decay)
    curves = state.weights @ features(x, task.degree).T + np.asarray(state.bias)[:, None]
    finite = np.isfinite(curves).all(axis=1)
    if not finite.any():
        return
    inputs, targets = generate(task, seed).train
    yield rows("true_curve", "x", x, true_curve(x))
    yield rows("training_rows", "x", inputs[:, 0] / np.sqrt(3), targets, seed=seed)
    for value, curve in zip(weight_decay[finite], curves[finite], strict=True):
        yield rows("fitted_curve", "x", x, curve, variant=own.name, weight_decay=value, seed=seed)
