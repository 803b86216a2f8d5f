"""What each λ does against λ = 0, within a seed: ratios of losses and norms, points of accuracy, seeds won."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.decide import (
    SMALLEST_POINTS,
    SMALLEST_RATIO,
    ZERO,
    Comparison,
    compare,
    compare_zeros,
)
from decaybench.analysis.fact import Fact, fact, plain_fact, share_fact, unit_of
from decaybench.analysis.splits import Part, correction, evaluated_rows, rows_used
from decaybench.analysis.statistics import Estimate, exponential, ratios
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.tables import ACCURACIES, LOSSES
from decaybench.config import Variant

BAR = math.log(SMALLEST_RATIO)
Facts = Iterator[tuple[str, Fact]]


def effect_facts(variant: Variant, cells: pd.DataFrame, resolution: float) -> Facts:
    """Geometric means of every λ, and its ratio to λ = 0 where that was trained.

    cells : of one variant. resolution : the loss up to which a loss is 0 to the precision of the arithmetic.
    """
    healthy = cells[~cells["diverged"]]
    for metric in (*LOSSES, "weight_norm", *ACCURACIES):
        if not healthy[metric].notna().any():
            continue
        table = healthy.pivot(index="seed", columns="weight_decay", values=metric)
        least = resolution if metric in LOSSES else 0.0
        if metric not in ACCURACIES:
            yield from _geometric_means(variant, metric, table, least)
        if 0.0 not in table.columns:
            continue
        for decay in table.columns:
            if decay == 0.0:
                continue
            pair = table[[decay, 0.0]].dropna().to_numpy(np.float64)
            label = weight_decay_label(float(decay))
            if metric in ACCURACIES:
                found = _compare_points(variant, metric, pair)
                yield f"{label}/{metric}_difference", share_fact(found.estimate, least=-1.0)
            else:
                found = compare_losses(variant, pair[:, 0], pair[:, 1], least, evaluated_rows(metric))
                yield f"{label}/{metric}_ratio", ratio_fact(found)
            if metric.startswith("test"):
                yield from decision_facts(f"{label}/{metric}", found)


def compare_losses(
    variant: Variant, above: np.ndarray, below: np.ndarray, resolution: float, evaluated: tuple[Part, ...] = ("test",)
) -> Comparison:
    """Decide on the ratio of two positive quantities [seeds], paired by seed; better is below 1."""
    c, k = correction(variant, *evaluated), rows_used(variant, *evaluated)
    zero = (above <= resolution).any() or (below <= resolution).any()
    floor = max(resolution, np.finfo(np.float64).tiny)
    values = np.log(np.maximum(above, floor)) - np.log(np.maximum(below, floor))
    if zero and len(values):
        return compare_zeros(values, BAR, splits=c is not None)
    return compare(values, BAR, correction=c, k=k)


def _compare_points(variant: Variant, metric: str, pair: np.ndarray) -> Comparison:
    parts = evaluated_rows(metric)
    return compare(
        pair[:, 0] - pair[:, 1], SMALLEST_POINTS, good=1, correction=correction(variant, *parts),
        k=rows_used(variant, *parts),
    )  # fmt: skip


def ratio_fact(found: Comparison) -> Fact:
    """A ratio as a fact; where a loss is 0, the bounds alone, of the median of ratios that are at least so large."""
    shown = exponential(found.interval)
    if found.bounded:
        shown = Estimate(None, shown.low, shown.high, shown.n, ZERO)
    return fact(shown, "times")


def against_mean_facts(prefix: str, found: Comparison) -> Facts:
    """A loss against that of predicting the training mean in the same split: the ratio, and seeds won."""
    yield prefix, ratio_fact(found)
    yield from decision_facts(prefix, found)


def decision_facts(prefix: str, found: Comparison) -> Facts:
    """In how many seeds the comparison points the better way, and what would settle it where it is open."""
    yield f"{prefix}_wins", plain_fact(found.wins, "seeds", "better within the seed", found.n)
    if found.price is None:
        return
    method = "to settle the comparison with a power of 80 %, were the estimate the truth"
    if found.price.seeds is not None:
        yield f"{prefix}_needed_seeds", plain_fact(found.price.seeds, "seeds", method, found.n)
    elif found.price.rows is not None:
        why = f"{method}; no number of splits of these rows would"
        yield f"{prefix}_needed_rows", plain_fact(found.price.rows, "rows", why, found.n)


def _geometric_means(variant: Variant, metric: str, table: pd.DataFrame, resolution: float) -> Facts:
    unit = "weight units" if metric == "weight_norm" else unit_of(variant)
    for decay in table.columns:
        values = table[decay].dropna().to_numpy(np.float64)
        name = f"{weight_decay_label(float(decay))}/{metric}_geometric"
        if (values <= resolution).any() or not len(values):
            yield name, fact(Estimate(None, None, None, len(values), ZERO), unit)
            continue
        found = ratios(np.log(values)[:, None], correction(variant, *evaluated_rows(metric)))[0]
        yield name, fact(found, unit)
