"""What a fact is, and how the tables are read: shared by all that makes facts."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np

from decaybench.analysis.statistics import Estimate
from decaybench.config import TASKS, Linear, Variant
from decaybench.tasks import constant_loss, generate, target_unit

UNITS = {"mse": "squared target units", "cross_entropy": "nats"}

Fact = dict[str, Any]


def fact(estimate: Estimate, unit: str) -> Fact:
    """An estimate as a fact."""
    return {
        "value": estimate.value, "low": estimate.low, "high": estimate.high,
        "n": estimate.n, "unit": unit, "method": estimate.method,
    }  # fmt: skip


def share_fact(estimate: Estimate, least: float = 0.0, most: float = 1.0) -> Fact:
    """An estimate of a share as a fact; an interval ends where shares do. Differences of shares begin at −1."""
    found = fact(estimate, "share")
    parts = ("value", "low", "high")
    return {**found, **{part: min(max(found[part], least), most) for part in parts if found[part] is not None}}


def plain_fact(value: Any, unit: str, method: str, n: int | None = None) -> Fact:
    """A value that has no interval: a count, a choice, a probability."""
    if isinstance(value, float) and not math.isfinite(value):
        value, method = None, "none: not finite"
    return {"value": value, "low": None, "high": None, "n": n, "unit": unit, "method": method}


def unit_of(variant: Variant) -> str:
    """The unit of a variant's losses."""
    return UNITS["cross_entropy" if variant.loss == "cross_entropy" else "mse"]


@lru_cache(maxsize=256)
def _resolution(task_json: str, loss: str, n_classes: int | None, double: bool, seed: int) -> float:
    task = TASKS[json.loads(task_json)["kind"]].model_validate_json(task_json)
    targets = generate(task, seed).train.targets
    table = targets[:, None] if n_classes is None else np.eye(n_classes)[targets]
    of_constant = constant_loss(table.astype(np.float64), loss)
    if n_classes is None:
        of_constant = of_constant * target_unit(task, seed) ** 2
    return float(np.finfo(np.float64 if double else np.float32).eps * of_constant)


def resolution_of(variant: Variant) -> float:
    """The loss up to which a variant's losses are 0 to the precision of the arithmetic.

    Machine epsilon of the type that trains, relative to the loss of predicting the mean of the targets.
    """
    double = isinstance(variant.model, Linear)
    seed = variant.grid.seed_list()[0]
    return _resolution(variant.task.model_dump_json(), variant.loss, variant.n_classes, double, seed)
