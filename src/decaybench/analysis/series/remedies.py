"""Test loss against the effective degrees of freedom that decay, stopping early and others leave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.remedies import Path, remedies
from decaybench.analysis.results import StudyResults, rows
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import means

POINTS = 40  # of early stopping


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Where decay, a history and dropout or more rows were tried on one task."""
    tables = {own.name: own.cells for own in results.variants if len(own.cells)}
    histories = {own.name: own.history for own in results.variants if len(own.history)}
    for kind, path in remedies(results.study, tables, histories).items():
        kept = _thinned(path)
        setting = [f"{value:g}" for value in path.setting] if len(kept) == len(path.dof) else None
        found = means(path.test_loss[:, kept], correction=correction(results.base.variant, "test"))
        yield rows(
            f"test_loss_{kind}", "effective_dof", path.dof[kept], [each.value for each in found], setting=setting,
            low=[each.low for each in found], high=[each.high for each in found], n=len(path.test_loss),
        )  # fmt: skip


def _thinned(path: Path) -> np.ndarray:
    """Positions of at most POINTS points, even in degrees of freedom."""
    every = np.arange(len(path.dof))
    if len(every) <= POINTS:
        return every
    even = np.linspace(path.dof[0], path.dof[-1], POINTS)
    return np.unique([int(np.abs(path.dof - at).argmin()) for at in even])
