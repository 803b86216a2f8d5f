"""What a figure gives: the drawing, and the numbers that are in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from decaybench.analysis.results import Line, table_of


class Drawn(NamedTuple):
    """A figure with the lines and rows that it shows, in the columns of series.parquet."""

    figure: Figure
    shown: Sequence[Line | pd.DataFrame]

    def table(self) -> pd.DataFrame:
        """All numbers that are drawn, one row each."""
        parts = [part.rows if isinstance(part, Line) else part for part in self.shown]
        return table_of(parts).to_pandas(integer_object_nulls=True)
