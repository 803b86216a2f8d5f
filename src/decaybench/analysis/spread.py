"""How seeds scatter: heavy tails, and how much of it is the draw of data and how much the start."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis import prediction
from decaybench.analysis.fact import Fact, fact, plain_fact, unit_of
from decaybench.analysis.results import paired
from decaybench.analysis.statistics import FloatArray, heavy_tailed, interquartile_mean, median, scale_of
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import GaussianLinear, Linear, Polynomial, Variant
from decaybench.tasks import generate
from decaybench.theory import spectral
from decaybench.theory.conventions import population_risk

CROSSED = 12  # data draws × starts that are crossed
WIDEST = 60  # rows or inputs, whichever are fewer, up to which crossing is cheap


def tail_facts(variant: Variant, cells: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """Median of every λ, and the interquartile mean where a few seeds decide the mean."""
    if variant.task.collected:
        return  # order statistics ask for independent seeds
    healthy = cells[~cells["diverged"]]
    for decay, losses in healthy.groupby("weight_decay")["test_loss"]:
        values = losses.to_numpy(np.float64)
        label = weight_decay_label(float(decay))  # type: ignore[arg-type]
        yield f"{label}/test_loss_median", fact(median(values), unit_of(variant))
        if heavy_tailed(values):
            yield f"{label}/test_loss_iqm", fact(interquartile_mean(values), unit_of(variant))


def variance_facts(variant: Variant, cells: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """Shares of the variance of the test risk that data and start account for, where both vary.

    A seed draws both at once; here every data draw is crossed with every start, and the exact law trains
    them. The order of batches is left out: the law is that of their mean.
    """
    model, task = variant.model, variant.task
    if prediction.why_no_theory(variant) or not isinstance(model, Linear) or model.dropout:
        return
    if model.init_std == 0 and model.bias_init_std == 0:
        return
    table = paired(cells, "test_loss")
    if len(table) < 4 or min(task.n_train, task.n_features) > WIDEST:
        return
    decays = table.columns.to_numpy(np.float64)
    seeds = [int(seed) for seed in table.index[:CROSSED]]
    method = f"{len(seeds)} data draws crossed with as many starts, by the exact law; order of batches left out"
    with np.errstate(over="ignore", invalid="ignore"):  # where training diverges so does its law
        risks = _crossed(variant, decays, seeds)
    if not np.isfinite(risks).all():
        return
    for decay, column in zip(decays, np.moveaxis(risks, -1, 0), strict=True):
        data, start, both = split_variance(column)
        label, n = weight_decay_label(float(decay)), len(seeds) ** 2
        for name, share in (("data", data), ("start", start), ("interaction", both)):
            yield f"{label}/variance_share_{name}", plain_fact(share, "share", method, n)


def split_variance(table: FloatArray) -> tuple[float, float, float]:
    """Shares of variance of the rows, the columns and their interaction, of a crossed table without replicates.

    Unbiased components of the two-way random-effects model (negative ones count as none).
    """
    rows, columns = table.shape
    table = table / scale_of(table.ravel())
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    both = float(np.sum(left**2)) / ((rows - 1) * (columns - 1))
    by_row = max(0.0, float(table.mean(axis=1).var(ddof=1)) - both / columns)
    by_column = max(0.0, float(table.mean(axis=0).var(ddof=1)) - both / rows)
    total = by_row + by_column + both
    return (by_row / total, by_column / total, both / total) if total > 0 else (0.0, 0.0, 0.0)


def _crossed(variant: Variant, decays: FloatArray, seeds: list[int]) -> FloatArray:
    """Population risk [data, starts, L]."""
    task, training = variant.task, variant.training
    assert isinstance(task, (GaussianLinear, Polynomial))
    short = task.model_copy(update={"n_validation": 1, "n_test": 1})
    truth = prediction.truth_of(task)
    starts = [prediction.initial_state(variant, seed) for seed in seeds]
    risks = np.empty((len(seeds), len(seeds), len(decays)))
    for row, seed in enumerate(seeds):
        inputs, targets = generate(short, seed).train
        for column, (weights, bias) in enumerate(starts):
            state = spectral.state_after(
                inputs, targets, weights, bias, weight_decay=decays, learning_rate=training.learning_rate,
                steps=steps_of(variant), g=gradient_factor_of(variant), decay_bias=training.decay_bias,
            )  # fmt: skip
            noise = float(np.sqrt(truth.noise_variance))
            risks[row, column] = population_risk(state.weights, state.bias, truth.weights, truth.bias, noise)
    return risks
