"""The expected loss of the shortest weights that fit, over the numbers of rows that were trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from decaybench.analysis.contrasts import ROWS
from decaybench.analysis.results import StudyResults, VariantResults, rows
from decaybench.config import GaussianLinear, Linear
from decaybench.theory.ridge import ridgeless_risk

POINTS = 160


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Of each family of variants that leads to them, under the name of its first; infinite at n = p."""
    for family in results.families(ROWS):
        first = family[0]
        if reaches_ridgeless(family):
            numbers = [own.task.n_train for own in family]
            n = np.unique(np.round(np.geomspace(min(numbers), max(numbers), POINTS)))
            signal = first.task.n_features * first.task.weight**2
            risk = ridgeless_risk(n, first.task.n_features, signal, first.task.noise_std)
            yield rows("ridgeless_risk", "n_train", n, risk, variant=first.name, weight_decay=0.0)


def reaches_ridgeless(family: Sequence[VariantResults]) -> bool:
    """Whether training without decay leads to the shortest weights that fit: from zero, all rows a step."""
    first = family[0]
    if not isinstance(first.task, GaussianLinear) or not isinstance(first.model, Linear) or first.model.dropout:
        return False
    from_zero = first.model.init_std == first.model.init_mean == 0
    whole = first.training.batch_size >= max(own.task.n_train for own in family)
    return from_zero and whole and first.training.optimizer == "sgd"
