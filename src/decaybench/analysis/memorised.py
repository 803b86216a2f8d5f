"""How many wrong labels a model must have memorised, given its train accuracy: a lower bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.fact import Fact, share_fact
from decaybench.analysis.results import paired
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import means
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Variant
from decaybench.tasks import generate


def memorised_facts(variant: Variant, cells: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """At each λ the least share of the wrong training labels that is given back: (accuracy − (1 − q)) / q.

    q is the share of a seed's labels that was replaced. Were every right label given back, so many of the wrong
    ones must be, too, to reach the accuracy; 0 where none has to be.
    """
    table = paired(cells, "train_accuracy")
    if not getattr(variant.task, "label_noise", 0) or not table.size:
        return
    clean = variant.task.model_copy(update={"label_noise": 0.0})
    shares = []
    for seed in table.index:
        given, true = (generate(task, int(seed)).train.targets for task in (variant.task, clean))
        shares.append(np.mean(given != true))
    wrong = np.array(shares)[:, None]
    known = wrong[:, 0] > 0
    if not known.any():
        return
    least = np.maximum(0.0, (table.to_numpy(np.float64) - (1 - wrong))[known] / wrong[known])
    for decay, estimate in zip(table.columns, means(least, correction=correction(variant)), strict=True):
        yield f"{weight_decay_label(float(decay))}/memorised", share_fact(estimate)
