"""Facts that stand beside the measured ones: theory with its residuals, leave-one-out, evidence, baselines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis import prediction, smoothers
from decaybench.analysis.effects import against_mean_facts, compare_losses, ratio_fact
from decaybench.analysis.fact import Fact, fact, plain_fact, resolution_of, unit_of
from decaybench.analysis.results import paired
from decaybench.analysis.selection import optimum_interval
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import FloatArray, mean, means, standard_deviation
from decaybench.cells.grid import weight_decay_label
from decaybench.config import GaussianLinear, Polynomial, Variant
from decaybench.theory import ridge

Facts = Iterator[tuple[str, Fact]]
NEAR = 0.01  # how near a trained cell must be to its ridge for leave-one-out and evidence to speak of it


def theory_facts(variant: Variant, cells: pd.DataFrame) -> Facts:
    """Expected test loss at each λ, its terms, and how many standard errors the measured mean is off."""
    reason = prediction.why_no_theory(variant)
    table = paired(cells, "test_loss")
    if reason is not None or not table.size:
        yield "theory/largest_z", plain_fact(None, "standard errors", f"none: {reason or 'no pair of cells'}")
        return
    decays = table.columns.to_numpy(np.float64)
    predicted = prediction.predict(variant, decays.tolist(), [int(seed) for seed in table.index])
    if predicted is None:
        yield "theory/largest_z", plain_fact(None, "standard errors", "none: the law diverges or leaves too much out")
        return
    unit, terms = unit_of(variant), predicted.terms
    for column, decay in enumerate(decays):
        label, n = weight_decay_label(float(decay)), len(predicted.seeds) or None
        value = float(predicted.test_loss[column])
        yield f"{label}/theory_test_loss", plain_fact(value, unit, predicted.method, n)
        if terms is not None:
            for name in ("ridge", "forgotten_initialisation", "slow_bias"):
                short = name.replace("initialisation", "start")
                term = float(getattr(terms, name)[column])
                yield f"{label}/theory_{short}", plain_fact(term, unit, predicted.method)
    optimum = prediction.optimal_weight_decay(variant)
    if optimum is not None:
        yield "optimal_weight_decay", plain_fact(optimum, "λ", "closed form of the converged model")
    yield from _residuals(table, predicted)


def _residuals(table: pd.DataFrame, predicted: prediction.Prediction) -> Facts:
    """z of each λ; within a seed where the law followed the seeds' own data."""
    values = table.to_numpy(np.float64)
    if predicted.per_seed is not None:
        values = table.loc[list(predicted.seeds)].to_numpy(np.float64) - predicted.per_seed
        offset = values.mean(axis=0)
    else:
        offset = values.mean(axis=0) - predicted.test_loss
    n = len(values)
    if n < 2:
        yield "theory/largest_z", plain_fact(None, "standard errors", "none: one seed has no spread", n)
        return
    error = standard_deviation(values) / np.sqrt(n)
    z = np.divide(offset, error, out=np.zeros_like(offset), where=error > 0)
    loss = predicted.test_loss
    shares = np.divide(offset, loss, out=np.full_like(offset, np.nan), where=loss > 0)
    labels = [weight_decay_label(float(decay)) for decay in table.columns]
    for label, score, share in zip(labels, z, shares, strict=True):
        yield f"{label}/theory_z", plain_fact(float(score), "standard errors", predicted.method, n)
        yield f"{label}/theory_residual", plain_fact(float(share), "share", predicted.method, n)
    worst = int(np.abs(z).argmax())
    yield "theory/largest_z", plain_fact(float(z[worst]), "standard errors", predicted.method, n)
    yield (
        "theory/largest_z_weight_decay",
        plain_fact(float(table.columns[worst]), "λ", "largest distance from theory", n),
    )


def smoother_facts(variant: Variant, cells: pd.DataFrame, cost: float) -> Facts:
    """Effective dof, leave-one-out and evidence at each λ, the λ that they choose, and what it costs."""
    table = paired(cells, "test_loss")
    reason = smoothers.why_no_ridge(variant)
    if reason is not None or not table.size:
        return
    decays = table.columns.to_numpy(np.float64)
    found = smoothers.smoothers(variant, decays.tolist(), [int(seed) for seed in table.index], cost)
    n, resolution = len(found.seeds), resolution_of(variant)
    rows = table.loc[list(found.seeds)].to_numpy(np.float64)
    apart = np.abs(rows.mean(axis=0) / found.test_loss.mean(axis=0) - 1)
    unit, own_rows, with_test = unit_of(variant), correction(variant), correction(variant, "test")
    columns = {
        "effective_dof": (found.effective_dof, "degrees of freedom"),
        "leave_one_out_loss": (found.leave_one_out_loss, unit),
        "ridge_test_loss": (found.test_loss, unit),
        "ridge_weight_norm": (found.weight_norm, "weight units"),
        "log_evidence": (found.log_evidence, "nats"),
        "evidence_fit": (found.evidence_fit, "nats"),
        "evidence_flexibility": (found.evidence_flexibility, "nats"),
    }
    for name, (values, own_unit) in columns.items():
        kept = np.isfinite(values).all(axis=0)
        c = with_test if name == "ridge_test_loss" else own_rows
        for decay, estimate in zip(decays[kept], means(values[:, kept], correction=c), strict=True):
            yield f"{weight_decay_label(float(decay))}/{name}", fact(estimate, own_unit)
    for decay, distance in zip(decays, apart, strict=True):
        method = "test loss of the trained cells against that of ridge on the same data"
        yield f"{weight_decay_label(float(decay))}/distance_to_ridge", plain_fact(float(distance), "share", method, n)
    near = apart <= NEAR
    yield "near_ridge/weight_decay", plain_fact(decays[near].tolist(), "λ", "trained cell within 1 % of its ridge", n)
    for name, criterion in (("leave_one_out", found.leave_one_out_loss), ("evidence", -found.log_evidence)):
        yield from _chosen(name, variant, decays, criterion, rows, near)
    yield from _evidence_optimum(found)
    yield "baseline/mean_predictor", fact(mean(found.mean_predictor_loss, correction=with_test), unit)
    yield "baseline/minimum_norm", fact(mean(found.minimum_norm_loss, correction=with_test), unit)
    for column, decay in enumerate(decays):
        pair = rows[:, column], found.mean_predictor_loss
        label = weight_decay_label(float(decay))
        yield from against_mean_facts(f"{label}/test_loss_to_mean", compare_losses(variant, *pair, resolution))


def _chosen(
    name: str, variant: Variant, decays: FloatArray, criterion: FloatArray, test: FloatArray, near: np.ndarray
) -> Facts:  # fmt: skip
    """The λ that a criterion without validation rows picks, among the λ at which it speaks of the trained cell."""
    usable = near & np.isfinite(criterion).all(axis=0)
    n = len(test)
    method = "lowest mean leave-one-out loss" if name == "leave_one_out" else "highest mean log evidence"
    if usable.sum() < 2:
        why = f"none: {int(usable.sum())} of {len(decays)} λ within 1 % of ridge"
        yield f"{name}/weight_decay", plain_fact(None, "λ", why, n)
        return
    place = int(np.flatnonzero(usable)[criterion[:, usable].mean(axis=0).argmin()])
    low, high = optimum_interval(decays[usable], criterion[:, usable])
    resolution = resolution_of(variant)
    best = int(np.log(np.maximum(test, max(resolution, np.finfo(np.float64).tiny))).mean(axis=0).argmin())
    regret = compare_losses(variant, test[:, place], test[:, best], resolution)
    chosen = plain_fact(float(decays[place]), "λ", f"{method}, of ridge", n)
    yield f"{name}/weight_decay", {**chosen, "low": low, "high": high}
    yield f"{name}/regret", ratio_fact(regret)


def _evidence_optimum(found: smoothers.Smoothers) -> Facts:
    """Where between and beyond the measured λ the mean evidence is highest; an edge is said."""
    if not len(found.fine):
        return
    curve = found.fine_log_evidence
    best = int(curve.mean(axis=0).argmax())
    edge = {0: "low", len(found.fine) - 1: "high"}.get(best)
    low, high = optimum_interval(found.fine, -curve)
    method = "highest mean log evidence, noise level fitted"
    n = len(found.seeds)
    yield "evidence/optimum", {**plain_fact(float(found.fine[best]), "λ", method, n), "low": low, "high": high}
    yield "evidence/edge", plain_fact(edge, "end of the range", method, n)


def baseline_facts(variant: Variant) -> Facts:
    """What can be known of the test loss without training."""
    task, unit = variant.task, unit_of(variant)
    if variant.loss == "cross_entropy":
        yield "baseline/mean_predictor", plain_fact(float(np.log(variant.n_classes or 2)), unit, "all classes alike")
        return
    if isinstance(task, (GaussianLinear, Polynomial)):
        yield "baseline/noise_floor", plain_fact(task.noise_std**2, unit, "variance of the target noise")
    if isinstance(task, GaussianLinear):
        signal = task.n_features * task.weight**2
        value = (1 + 1 / task.n_train) * (task.noise_std**2 + signal)
        yield "baseline/mean_predictor", plain_fact(value, unit, "exact expectation")
        shortest = float(ridge.ridgeless_risk(task.n_train, task.n_features, signal, task.noise_std))
        if np.isfinite(shortest):
            yield "baseline/minimum_norm", plain_fact(shortest, unit, "exact expectation")
