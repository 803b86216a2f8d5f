"""Loss against epoch at up to four λ of the base."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from decaybench.analysis.results import StudyResults
from decaybench.analysis.series.histories import means_over_epochs

POINTS = 44


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """Train and test loss of the λ that the figure has a panel for."""
    yield from means_over_epochs(results.base, results.base.telling_weight_decay, POINTS)
