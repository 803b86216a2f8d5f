"""Train and test loss over the epochs without decay, of the variant whose test loss rises most after its lowest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.results import StudyResults, VariantResults
from decaybench.analysis.series.histories import means_over_epochs

POINTS = 44


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Of one variant; nothing where none has positive test losses without decay over two epochs or more."""
    rises: list[tuple[float, VariantResults]] = []
    for variant in results.variants:
        if 0 not in variant.grid.weight_decay:
            continue
        past = variant.history[variant.history["weight_decay"] == 0.0]
        past = past[past["seed"].isin(variant.runs.loc[variant.runs["weight_decay"] == 0.0, "seed"])]
        test = past.groupby("epoch")["test_loss"].mean().to_numpy(np.float64)
        if len(test) > 1 and (test > 0).all():
            rises.append((float(test[-1] / test.min()), variant))
    if rises:
        _, steepest = max(rises, key=lambda entry: entry[0])
        yield from means_over_epochs(steepest, [0.0], POINTS)
