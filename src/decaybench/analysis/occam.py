"""Occam's razor measured across variants: which degree is picked, and where the length of w misleads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts, smoothers
from decaybench.analysis.fact import Fact, fact, plain_fact, resolution_of, unit_of
from decaybench.analysis.results import paired
from decaybench.analysis.statistics import FloatArray, mean, resampled_means
from decaybench.cells.grid import weight_decay_label
from decaybench.config import BASE, Polynomial, Study, Variant
from decaybench.tasks.polynomial import TRUE_COEFFICIENTS

CLOSE = 1.5  # the factor within which norms are compared
SEEDS = 100  # data sets on which degrees are compared
EVERY = 1e15  # a cost that no sample reaches


def degree_facts(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, Fact]]:
    """The degree that training error, validation error and evidence pick, where variants differ in it alone.

    At λ and seeds that all of them have.
    """
    ordered, seeds = _degrees(study, tables)
    if len(ordered) < 3:
        return
    decays = set.intersection(*(set(paired(tables[v.name], "test_loss").columns) for v in ordered))
    if len(seeds) < 2 or not decays:
        return
    grid = sorted(float(decay) for decay in decays)
    degrees = np.array([getattr(v.task, "degree", 0) for v in ordered], dtype=np.float64)
    criteria: dict[str, FloatArray] = {
        "training": np.column_stack([_smallest(v, tables, "train_loss", seeds, grid) for v in ordered]),
        "validation": np.column_stack([_smallest(v, tables, "validation_loss", seeds, grid) for v in ordered]),
        "validation_with_decay": np.column_stack([_best(v, tables, seeds, grid) for v in ordered]),
    }
    asked = contrasts.common_weight_decay(ordered)
    if asked[-1] > 0 and all(smoothers.why_no_ridge(v) is None for v in ordered):
        criteria["evidence"] = np.column_stack([_minus_evidence(v, seeds, asked) for v in ordered])
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


def _degrees(study: Study, tables: Mapping[str, pd.DataFrame]) -> tuple[list[Variant], list[int]]:
    """The base and the variants that differ from it in the degree of the fit alone, ascending, and their seeds."""
    base, *others = study.resolved()
    if base.name not in tables or not isinstance(base.task, Polynomial):
        return [], []
    others = [v for v in others if v.name in tables]
    alike = [base, *(v for v in others if contrasts.differs_only_in(v, base, "task.degree"))]
    seeds = {v.name: [int(seed) for seed in paired(tables[v.name], "test_loss").index] for v in alike}
    kept, common = contrasts.with_common_seeds(seeds.pop(BASE), seeds)
    family = contrasts.families([v for v in alike if v.name in (BASE, *kept)], "task.degree")
    return next(iter(family), []), common[:SEEDS]


def _smallest(
    variant: Variant, tables: Mapping[str, pd.DataFrame], metric: str, seeds: list[int], grid: list[float]
) -> FloatArray:
    """A metric at the smallest λ of the grid."""
    return paired(tables[variant.name], metric).loc[seeds, grid[0]].to_numpy(np.float64)


def _best(
    variant: Variant, tables: Mapping[str, pd.DataFrame], seeds: list[int], grid: list[float]
) -> FloatArray:  # fmt: skip
    """Validation loss at the λ of the grid with the lowest mean."""
    table = paired(tables[variant.name], "validation_loss").loc[seeds, grid]
    return table[table.mean().idxmin()].to_numpy(np.float64)


def _minus_evidence(variant: Variant, seeds: list[int], grid: list[float]) -> FloatArray:
    """Minus the log evidence at the λ with the highest mean, between those of the grid, too."""
    curve = smoothers.smoothers(variant, grid, seeds, EVERY).fine_log_evidence
    return np.asarray(-curve[:, curve.mean(axis=0).argmax()])


def _one_model(one: Variant, other: Variant) -> bool:
    """Whether two variants train one model on one scale of losses, each in its own way; their biases alike.

    The norm leaves the bias out, so what sets its course apart from that of the weights may not differ.
    """
    alike = contrasts.differs_only_in(one, other, {"training", "model.dropout", *contrasts.START})
    biases = contrasts.differences(one, other) & {"training.decay_bias", "model.bias_init", "model.bias_init_std"}
    return alike and not biases and contrasts.same_loss(one, other)


@dataclass(frozen=True)
class _Point:
    """One λ of a variant beside another variant, on the seeds of both."""

    where: str  # variant and λ
    norm: float
    loss: float
    losses: pd.Series[float]


def _points(name: str, tables: Mapping[str, pd.DataFrame], seeds: pd.Index[int]) -> list[_Point]:
    norms, losses = (paired(tables[name], metric) for metric in ("weight_norm", "test_loss"))
    if len(seeds) < len(norms) or len(seeds) < len(losses):
        norms, losses = norms.loc[seeds], losses.loc[seeds]
    return [
        _Point(
            f"{name}/{weight_decay_label(float(decay))}",
            float(norms[decay].mean()),
            float(losses[decay].mean()),
            losses[decay],
        )
        for decay in norms.columns
        if decay in losses.columns
    ]


def same_norm_facts(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, Fact]]:
    """Two trainings of one model on the same data where the weights that are no longer predict worse.

    Of all such pairs with norms within CLOSE, on the seeds of both, the one whose mean test losses differ most.
    """
    known = [v for v in study.resolved() if v.task == study.task and v.name in tables]
    indices = {v.name: paired(tables[v.name], "weight_norm").index for v in known}
    found: list[tuple[float, _Point, _Point]] = []
    for one, other in permutations(known, 2):
        if not _one_model(one, other):
            continue
        seeds = indices[one.name].intersection(indices[other.name])
        if seeds.empty:
            continue
        for worse, better in product(*(_points(each.name, tables, seeds) for each in (one, other))):
            if 0 < worse.norm <= better.norm < CLOSE * worse.norm and worse.loss > better.loss > 0:
                found.append((worse.loss / better.loss, worse, better))
    if not found:
        return
    _, worse, better = max(found, key=lambda pair: pair[0])
    joined = pd.concat([better.losses, worse.losses], axis=1, join="inner").dropna()
    if (joined.to_numpy(np.float64) <= resolution_of(study.resolved()[0])).any():
        return  # of a loss that is 0 to the precision of the arithmetic no ratio is taken
    method = f"norms within a factor {CLOSE:g}, the worse one not longer"
    for side, point in (("better", better), ("worse", worse)):
        yield f"same_norm/{side}", plain_fact(point.where, "variant and λ", method, len(joined))
        yield f"same_norm/{side}/weight_norm", plain_fact(point.norm, "weight units", "mean", len(joined))
        yield f"same_norm/{side}/test_loss", plain_fact(point.loss, unit_of(study.resolved()[0]), "mean", len(joined))
    ratio = mean(np.log(joined.iloc[:, 1].to_numpy(np.float64) / joined.iloc[:, 0].to_numpy(np.float64)))
    bounds = {key: None if value is None else float(np.exp(value)) for key, value in
              (("value", ratio.value), ("low", ratio.low), ("high", ratio.high))}  # fmt: skip
    yield "same_norm/ratio", {**plain_fact(0, "ratio", f"geometric mean, {ratio.method}", ratio.n), **bounds}
