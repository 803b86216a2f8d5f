"""Occam's razor measured across variants: which degree is picked, and where the length of w misleads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from decaybench.analysis import smoothers
from decaybench.analysis.fact import Fact, fact, paired, plain_fact
from decaybench.analysis.statistics import FloatArray, mean, resampled_means
from decaybench.cells.grid import weight_decay_label
from decaybench.config.models import Polynomial, Study, Variant
from decaybench.tasks.polynomial import TRUE_COEFFICIENTS

CLOSE = 1.5  # the factor within which norms are compared
SEEDS = 100  # data sets on which degrees are compared
EVERY = 1e15  # a cost that no sample reaches


def degree_facts(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, Fact]]:
    """The degree that training error, validation error and evidence pick, where variants differ in it alone."""
    variants = [v for v in study.resolved() if isinstance(v.task, Polynomial) and v.model == study.model]
    alike = [v for v in variants if v.task.model_copy(update={"degree": 1}) == study.task.model_copy(
        update={"degree": 1}) and v.training == study.training]  # fmt: skip
    ordered = sorted(alike, key=lambda v: getattr(v.task, "degree", 0))
    if len({getattr(v.task, "degree", 0) for v in ordered}) < 3:
        return
    seeds = _common_seeds([tables[v.name] for v in ordered])[:SEEDS]
    if len(seeds) < 2:
        return
    degrees = np.array([getattr(v.task, "degree", 0) for v in ordered], dtype=np.float64)
    criteria: dict[str, FloatArray] = {
        "training": np.column_stack([_smallest(v, tables, "train_loss", seeds) for v in ordered]),
        "validation": np.column_stack([_smallest(v, tables, "validation_loss", seeds) for v in ordered]),
        "validation_with_decay": np.column_stack([_best(v, tables, seeds) for v in ordered]),
    }
    if all(smoothers.why_none(v) is None for v in ordered):
        criteria["evidence"] = np.column_stack([_minus_evidence(v, seeds) for v in ordered])
    n = len(seeds)
    for name, values in criteria.items():
        picks = degrees[resampled_means(values).argmin(axis=1)]
        best = float(degrees[values.mean(axis=0).argmin()])
        low, high = (float(q) for q in np.quantile(picks, [0.025, 0.975], method="nearest"))
        yield f"degree/{name}", {**plain_fact(best, "degree", f"best mean {name}", n), "low": low, "high": high}
        for degree, column in zip(degrees, values.T, strict=True):
            unit = "nats" if name == "evidence" else "squared target units"
            sign = -1.0 if name == "evidence" else 1.0
            yield f"degree/{degree:.0f}/{name}", fact(mean(sign * column), unit)
    yield "degree/true", plain_fact(len(TRUE_COEFFICIENTS) - 1, "degree", "the function that made the data")


def _common_seeds(tables: list[pd.DataFrame]) -> list[int]:
    common = set.intersection(*(set(paired(table, "test_loss").index) for table in tables))
    return sorted(int(seed) for seed in common)


def _smallest(variant: Variant, tables: Mapping[str, pd.DataFrame], metric: str, seeds: list[int]) -> FloatArray:
    """A metric at the smallest λ."""
    return paired(tables[variant.name], metric).loc[seeds].iloc[:, 0].to_numpy(np.float64)


def _best(variant: Variant, tables: Mapping[str, pd.DataFrame], seeds: list[int]) -> FloatArray:
    """Validation loss at the λ with the lowest mean."""
    table = paired(tables[variant.name], "validation_loss").loc[seeds]
    return table[table.mean().idxmin()].to_numpy(np.float64)


def _minus_evidence(variant: Variant, seeds: list[int]) -> FloatArray:
    """Minus the log evidence at the λ with the highest mean, between the measured ones, too."""
    curve = smoothers.smoothers(variant, sorted(variant.grid.weight_decay), seeds, EVERY).fine_log_evidence
    return np.asarray(-curve[:, curve.mean(axis=0).argmax()])


def _bias(variant: Variant) -> tuple[object, ...]:
    """All that sets the course of a bias apart from that of the weights."""
    model = variant.model
    return variant.training.decay_bias, getattr(model, "bias_init", None), getattr(model, "bias_init_std", None)


def same_norm_facts(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, Fact]]:
    """Two kinds of training on the same data where the weights that are no longer predict worse.

    Of all such pairs with norms within CLOSE, the one whose mean test losses differ most. The norm leaves the bias
    out, so only trainings whose bias starts and decays alike are held against each other.
    """
    data = study.task
    known = {v.name: v for v in study.resolved() if v.task == data and v.name in tables}
    pairs = [(name, paired(tables[name], "weight_norm"), paired(tables[name], "test_loss")) for name in known]
    points = [
        (name, float(decay), float(norms[decay].mean()), float(losses[decay].mean()))
        for name, norms, losses in pairs
        for decay in norms.columns
        if decay in losses.columns
    ]
    widest = max(
        (
            (one[3] / other[3], one, other)
            for one in points
            for other in points
            if one[0] != other[0]
            and _bias(known[one[0]]) == _bias(known[other[0]])
            and 0 < one[2] <= other[2] < CLOSE * one[2]
            and one[3] > other[3] > 0
        ),
        default=None,
        key=lambda found: found[0],
    )
    if widest is None:
        return
    _, worse, better = widest
    by_name = {name: losses for name, _, losses in pairs}
    joined = pd.concat([by_name[better[0]][better[1]], by_name[worse[0]][worse[1]]], axis=1, join="inner").dropna()
    method = f"norms within a factor {CLOSE:g}, the worse one not longer"
    for side, point in (("better", better), ("worse", worse)):
        where = f"{point[0]}/{weight_decay_label(point[1])}"
        yield f"same_norm/{side}", plain_fact(where, "variant and λ", method, len(joined))
        yield f"same_norm/{side}/weight_norm", plain_fact(point[2], "weight units", "mean", len(joined))
        yield f"same_norm/{side}/test_loss", plain_fact(point[3], "squared target units", "mean", len(joined))
    ratio = mean(np.log(joined.iloc[:, 1].to_numpy(np.float64) / joined.iloc[:, 0].to_numpy(np.float64)))
    bounds = {key: None if value is None else float(np.exp(value)) for key, value in
              (("value", ratio.value), ("low", ratio.low), ("high", ratio.high))}  # fmt: skip
    yield "same_norm/ratio", {**plain_fact(0, "ratio", f"geometric mean, {ratio.method}", ratio.n), **bounds}
