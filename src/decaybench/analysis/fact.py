"""What a fact is, and how the tables are read: shared by all that makes facts."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from decaybench.analysis.statistics import Estimate
from decaybench.config.models import BUNDLED_ROWS, Variant

UNITS = {"mse": "squared target units", "cross_entropy": "nats"}

Fact = dict[str, Any]


def fact(estimate: Estimate, unit: str) -> Fact:
    """An estimate as a fact."""
    return {
        "value": estimate.value, "low": estimate.low, "high": estimate.high,
        "n": estimate.n, "unit": unit, "method": estimate.method,
    }  # fmt: skip


def share_fact(estimate: Estimate) -> Fact:
    """An estimate of a share as a fact; a symmetric interval ends where shares do."""
    found = fact(estimate, "share")
    ends = ("low", max, 0.0), ("high", min, 1.0)
    return {**found, **{key: cut(found[key], end) for key, cut, end in ends if found[key] is not None}}


def plain_fact(value: Any, unit: str, method: str, n: int | None = None) -> Fact:
    """A value that has no interval: a count, a choice, a probability."""
    if isinstance(value, float) and not math.isfinite(value):
        value, method = None, "none: not finite"
    return {"value": value, "low": None, "high": None, "n": n, "unit": unit, "method": method}


def overlap_of(variant: Variant) -> float | None:
    """n_test / n_train where seeds are random splits of one data set, see `statistics.means`."""
    task = variant.task
    return task.n_test / task.n_train if task.kind in BUNDLED_ROWS else None


def unit_of(variant: Variant) -> str:
    """The unit of a variant's losses."""
    return UNITS["cross_entropy" if variant.loss == "cross_entropy" else "mse"]


def paired(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric as a table seeds × λ, of the λ and seeds at which no cell diverged."""
    table = cells[~cells["diverged"]].pivot(index="seed", columns="weight_decay", values=metric)
    complete = table.dropna(axis="columns")
    return complete if complete.shape[1] else table.dropna(axis="index")
