"""Each step multiplies w by 1 − ηλ."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.identities.identity import Check, Identity
from decaybench.analysis.prediction import decays_alone
from decaybench.analysis.results import VariantResults
from decaybench.cells.recipe import steps_of
from decaybench.theory.spectral import null_space_ratio

TOLERANCE = 1e-8  # relative distance from the law


def _open(results: VariantResults) -> bool:
    """Whether all weights were trained one by one: in the span of the data the law is built in, not measured."""
    followed = decays_alone(results.variant) and not results.variant.training.in_span
    return followed and any(decay > 0 for decay in _seen(results))


def _law_measure(divisor: int | None) -> Callable[[Experiment], Iterator[Check]]:
    def measure(experiment: Experiment) -> Iterator[Check]:
        """In the directions without data, where decay acts alone: distance from the law, worst over λ, by seed.

        divisor: of λ; None for the number of rows.
        """
        for results in experiment.settings(_open):
            yield Check(results, "", _distance(results, divisor or results.variant.task.n_train))

    return measure


def _law(results: VariantResults, cells: pd.DataFrame, divisor: int = 1) -> np.ndarray:
    """|1 − ηλ|^T of each cell."""
    decays = cells["weight_decay"].to_numpy(np.float64) / divisor
    return np.abs(null_space_ratio(decays, results.variant.training.learning_rate, steps_of(results.variant)))


def _seen(results: VariantResults) -> list[float]:
    """The λ at which the law leaves so much that rounding of the whole vector cannot hide a miss of it."""
    cells = results.cells[~results.cells["diverged"]]
    left = _law(results, cells) * cells["initial_null_space_norm"]
    hidden = np.finfo(np.float64).eps * cells["weight_norm"] / TOLERANCE
    visible = (left > hidden).groupby(cells["weight_decay"]).all()
    return [float(decay) for decay in visible.index[visible]]


def _distance(results: VariantResults, divisor: int) -> np.ndarray:
    cells = results.cells[~results.cells["diverged"] & results.cells["weight_decay"].isin(_seen(results))]
    law = _law(results, cells, divisor)
    left = cells["null_space_norm"] / cells["initial_null_space_norm"]
    apart = pd.Series(np.abs(left.to_numpy(np.float64) / law - 1), cells.index)
    return np.asarray(apart.groupby(cells["seed"]).max().to_numpy(np.float64))


LAW = Identity("each-step-shrinks-w", TOLERANCE, "relative distance", _law_measure(1))
# The text once divides λ by n as well: then the distance from what is measured is no rounding.
SLIP = Identity("divided-by-n", TOLERANCE, "relative distance", _law_measure(None), at_least=True)
