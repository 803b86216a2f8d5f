"""Series: every curve that a figure shows and no fact or cell holds, one file a figure and one line each here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
import pyarrow as pa

from decaybench.analysis.lines import SERIES_SCHEMA, table_of
from decaybench.analysis.results import StudyResults
from decaybench.analysis.series import (
    coefficient_paths,
    explorer,
    fitted_curve,
    loss_by_rows,
    loss_curves,
    overfitting,
    published_norms,
    remedies,
    spectral_filters,
    weight_histogram,
    weight_norm,
)

SERIES: dict[str, Callable[[StudyResults], Iterator[pd.DataFrame]]] = {
    "explorer": explorer.series,
    "loss_curves": loss_curves.series,
    "overfitting": overfitting.series,
    "weight_norm": weight_norm.series,
    "published_norms": published_norms.series,
    "fitted_curve": fitted_curve.series,
    "weight_histogram": weight_histogram.series,
    "coefficient_paths": coefficient_paths.series,
    "spectral_filters": spectral_filters.series,
    "remedies": remedies.series,
    "loss_by_rows": loss_by_rows.series,
}


def study_series(results: StudyResults) -> pa.Table:
    """The series of all figures that apply to a study, in the columns of series.parquet."""
    parts = [part.assign(figure=figure) for figure, series in SERIES.items() for part in series(results)]
    return table_of(parts, SERIES_SCHEMA)
