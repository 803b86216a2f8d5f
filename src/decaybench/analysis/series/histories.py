"""Means over seeds at recorded epochs, for the figures that draw a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from decaybench.analysis.results import VariantResults, rows
from decaybench.analysis.splits import correction, evaluated_rows
from decaybench.analysis.statistics import means

METRICS = ("train_loss", "test_loss")


def means_over_epochs(own: VariantResults, weight_decay: Sequence[float], points: int) -> Iterator[pd.DataFrame]:
    """Train and test loss at each λ, of the cells that did not diverge.

    points: about how many epochs are kept of a longer history, denser at the start, where losses fall.
    """
    history = own.history[own.history["weight_decay"].isin(weight_decay)]
    for value in weight_decay:
        seeds = own.runs.loc[own.runs["weight_decay"] == value, "seed"]
        past = history[(history["weight_decay"] == value) & history["seed"].isin(seeds)]
        if past.empty:
            continue
        epochs = thinned(np.sort(past["epoch"].unique()), points)
        past = past[past["epoch"].isin(epochs)]
        for metric in METRICS:
            wide = past.pivot(index="seed", columns="epoch", values=metric).dropna()
            if wide.empty:
                continue
            # Student's t, whatever the number of seeds: bootstrapping every epoch would cost seconds.
            shared = correction(own.variant, *evaluated_rows(metric))
            found = means(wide.to_numpy(np.float64), correction=shared or 0.0)
            yield rows(
                metric, "epoch", wide.columns.to_numpy(np.float64), [each.value for each in found],
                variant=own.name, weight_decay=value, low=[each.low for each in found],
                high=[each.high for each in found], n=len(wide),
            )  # fmt: skip


def thinned(epochs: Any, points: int) -> Any:
    """At most `points` of ascending epochs, the first and the last among them."""
    last = len(epochs) - 1
    if last < points:
        return epochs
    even = np.linspace(0, last, points * 2 // 3)
    early = np.geomspace(1, last, points - len(even))
    return epochs[np.unique(np.concatenate([even, early]).round().astype(int))]
