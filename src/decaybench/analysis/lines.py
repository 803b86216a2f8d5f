"""Numbers along an axis, one row each, in the columns of series.parquet: what figures draw and slides list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from decaybench.cells.grid import weight_decay_label

if TYPE_CHECKING:
    from decaybench.analysis.results import VariantResults

FloatArray = NDArray[np.float64]

COLUMNS = {
    "series": pa.string(), "variant": pa.string(), "weight_decay": pa.float64(), "seed": pa.int64(),
    "setting": pa.string(), "axis": pa.string(), "x": pa.float64(), "value": pa.float64(), "low": pa.float64(),
    "high": pa.float64(), "n": pa.int64(),
}  # fmt: skip
SLIDE_SCHEMA = pa.schema(list(COLUMNS.items()))
SERIES_SCHEMA = pa.schema([("figure", pa.string()), *COLUMNS.items()])
NO_ROWS = pd.DataFrame(columns=list(COLUMNS))


def rows(series: str, axis: str, x: Any, value: Any, **columns: Any) -> pd.DataFrame:
    """Rows of one series; arrays [points], and what all points share. x is None where `setting` names the places."""
    return pd.DataFrame({"series": series, "axis": axis, "x": x, "value": value, **columns})


def table_of(parts: Sequence[pd.DataFrame], schema: pa.Schema = SLIDE_SCHEMA) -> pa.Table:
    """Rows of several series as one table; a number that stands twice is there once."""
    names = schema.names
    tables = [pa.Table.from_pandas(part.reindex(columns=names), schema, preserve_index=False) for part in parts]
    whole = pa.concat_tables(tables or [schema.empty_table()]).replace_schema_metadata()
    seen = whole.to_pandas(integer_object_nulls=True).duplicated().to_numpy()
    return whole.filter(pa.array(~seen))


@dataclass(frozen=True)
class Line:
    """Means along an axis, each array [points]; low and high are NaN where there is no interval."""

    x: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    rows: pd.DataFrame = field(default_factory=lambda: NO_ROWS, repr=False, compare=False)

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Line:
        """The line through rows of one series, in their order."""
        x, value, low, high = rows.reindex(columns=["x", "value", "low", "high"]).to_numpy(np.float64).T
        return cls(x, value, low, high, rows)

    @property
    def has_band(self) -> bool:
        return bool(np.isfinite(self.low).any())

    def within(self, floor: float, ceiling: float) -> Line:
        """The interval cut to what an axis can show: a symmetric one may leave a log axis, or a share's range."""
        return Line(self.x, self.value, np.clip(self.low, floor, ceiling), np.clip(self.high, floor, ceiling))


def along(points: Sequence[tuple[float, VariantResults, float]], metric: str, axis: str = "weight_decay") -> Line:
    """Means of a metric along any axis.

    points: place on the axis, variant, λ; those without a mean are left out.
    """
    found: list[dict[str, Any]] = []
    for place, variant, weight_decay in points:
        fact = variant.facts.get(variant.id(weight_decay_label(weight_decay), metric))
        if fact is not None and fact["value"] is not None:
            found.append(
                {"variant": variant.name, "weight_decay": weight_decay, "x": place}
                | {part: fact[part] for part in ("value", "low", "high", "n")}
            )
    columns = {name: [row[name] for row in found] for name in ("variant", "weight_decay", "low", "high", "n")}
    return Line.of(rows(metric, axis, [row["x"] for row in found], [row["value"] for row in found], **columns))


def telling(grid: list[float], chosen: float | None) -> list[float]:
    """At most four λ of an ascending grid: the smallest, a small one, the chosen one, the largest.

    A grid of four or fewer is shown whole. Where the chosen one is an end of the grid, two between its ends
    take the places.
    """
    if len(grid) <= 4:
        return grid
    positive = [value for value in grid if value > 0]
    last = len(positive) - 1
    below = [value for value in positive if chosen is not None and value < chosen]
    if chosen in (None, 0, grid[-1]) or not below:
        between = [positive[round(last / 3)], positive[round(last * 2 / 3)]]
    else:
        between = [below[(len(below) - 1) // 2]]
    known = [] if chosen is None else [chosen]
    return sorted({grid[0], *between, *known, grid[-1]})
