"""From the rows of a table to the inputs of a model: all that is learnt is learnt from the training rows.

Numeric columns are imputed (median) and, for degree 2, multiplied; then come indicators of what was missing and the
categories, one-hot; then every column is standardised. A level or a gap that the training rows do not have is a
column of zeros, so that all splits of a table have the same columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from decaybench.config import Table
from decaybench.tasks.table.columns import Columns

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """What was learnt from training rows."""

    medians: Matrix  # [numeric]
    seen: list[NDArray[np.bool_]]  # of each categorical column, which levels the training rows have
    means: Matrix  # [columns]
    scales: Matrix  # [columns]; 0 where a column is constant
    degree: int

    def inputs(self, columns: Columns, rows: NDArray[np.int64]) -> Matrix:
        """The standardised design matrix [rows, columns] of some rows."""
        raw = _raw(columns, rows, self.medians, self.seen, self.degree)
        return np.where(self.scales > 0, (raw - self.means) / np.where(self.scales > 0, self.scales, 1.0), 0.0)


def fit(columns: Columns, rows: NDArray[np.int64], degree: int) -> Design:
    """Learn medians, levels, means and scales from training rows."""
    numbers = columns.numbers[rows]
    medians = np.zeros(numbers.shape[1])
    if len(columns.lacking):
        imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(numbers)
        medians = np.nan_to_num(imputer.statistics_)
    seen = [
        np.bincount(columns.codes[rows, position], minlength=len(levels)) > 0
        for position, levels in enumerate(columns.levels)
    ]
    raw = _raw(columns, rows, medians, seen, degree)
    scaler = StandardScaler().fit(raw)
    # scikit-learn's own bound below which a column is constant up to rounding
    tiny = len(rows) * np.finfo(np.float64).eps
    constant = scaler.var_ <= tiny * scaler.var_ + np.square(tiny * scaler.mean_)
    return Design(medians, seen, scaler.mean_, np.where(constant, 0.0, scaler.scale_), degree)


def _raw(
    columns: Columns, rows: NDArray[np.int64], medians: Matrix, seen: list[NDArray[np.bool_]], degree: int
) -> Matrix:
    numbers = columns.numbers[rows]
    gaps = np.isnan(numbers)
    filled = np.where(gaps, medians, numbers)
    parts = [filled]
    if degree > 1 and filled.shape[1]:
        parts = [PolynomialFeatures(degree, include_bias=False).fit_transform(filled)]
    parts.append(gaps[:, columns.lacking].astype(np.float64))
    for position, known in enumerate(seen):
        codes = columns.codes[rows, position]
        parts.append((codes[:, None] == np.arange(len(known))) & known)
    return np.hstack(parts).astype(np.float64)


def n_columns(columns: Columns, degree: int) -> int:
    """Columns of the design matrix."""
    q = len(columns.numeric)
    products = q * (q + 1) // 2 if degree > 1 else 0
    return q + products + len(columns.lacking) + sum(map(len, columns.levels))


def names_of(task: Table, columns: Columns) -> tuple[str, ...]:
    """The names of the design's columns: a, a², a·b, "a is missing", "colour=red"."""
    return _names(columns.numeric, tuple(columns.lacking.tolist()), columns.categorical, columns.levels, task.degree)


@lru_cache(maxsize=32)
def _names(
    numeric: tuple[str, ...], lacking: tuple[int, ...], categorical: tuple[str, ...],
    levels: tuple[tuple[str, ...], ...], degree: int,
) -> tuple[str, ...]:  # fmt: skip
    names = list(numeric)
    if degree > 1:
        names += [f"{a}²" if a == b else f"{a}·{b}" for i, a in enumerate(numeric) for b in numeric[i:]]
    names += [f"{numeric[i]} is missing" for i in lacking]
    names += [f"{column}={level}" for column, own in zip(categorical, levels, strict=True) for level in own]
    return tuple(names)
