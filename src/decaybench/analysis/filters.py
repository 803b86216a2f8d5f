"""Stopping early and decay as filters of the directions of the data, matched at equal degrees of freedom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.fact import Fact, fact, plain_fact, share_fact
from decaybench.analysis.results import paired
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import FloatArray, means
from decaybench.analysis.weights import is_zero_start, why_no_weights
from decaybench.cells.recipe import gradient_factor_of
from decaybench.config import Variant
from decaybench.tasks import generate
from decaybench.theory.conventions import total_penalty
from decaybench.theory.smoother import decompose, ridge_filter
from decaybench.theory.spectral import early_stopping_filter

SEEDS = 20
RECORDS = 3  # of a history, from which stopping early means something


class Filters(NamedTuple):
    """What is let through of each direction, by decay at convergence and by as free a fit that was stopped."""

    strength: FloatArray  # s_i / n [r], descending
    decay: FloatArray  # s_i / (s_i + Λ) [r]
    stopped: FloatArray  # 1 − (1 − ηg s_i/n)^t [r]
    steps: float  # t, for which both sums are equal


def applies(variant: Variant) -> bool:
    """Where the two filters are those of the training: all rows at once, from zero, with a history."""
    training = variant.training
    plain = (
        why_no_weights(variant) is None
        and variant.training.optimizer == "sgd"
        and is_full_batch(variant)
        and is_zero_start(variant)
    )
    return plain and not training.decay_bias and training.epochs // training.record_every >= RECORDS


def matched(variant: Variant, seed: int, weight_decay: float) -> Filters | None:
    """Both filters on a seed's own centred rows at a λ > 0; None where no number of steps is as free."""
    n, rate, g = variant.task.n_train, variant.training.learning_rate, gradient_factor_of(variant)
    eigenvalues = decompose(generate(variant.task, seed).train.inputs).eigenvalues
    penalty = float(total_penalty(weight_decay, n, g))
    if not penalty > 0 or not len(eigenvalues) or rate * g * eigenvalues[0] / n >= 1:
        return None
    kept = ridge_filter(eigenvalues, penalty)

    def freer(log_steps: float) -> float:
        return float(early_stopping_filter(eigenvalues, n, rate, np.exp(log_steps), g).sum() - kept.sum())

    if freer(-20.0) > 0 or freer(40.0) < 0:
        return None
    steps = float(np.exp(brentq(freer, -20.0, 40.0, xtol=1e-10)))
    return Filters(eigenvalues / n, kept, early_stopping_filter(eigenvalues, n, rate, steps, g), steps)


def filter_facts(variant: Variant, cells: pd.DataFrame, chosen: float | None) -> Iterator[tuple[str, Fact]]:
    """How alike the filters are at the chosen λ, over seeds."""
    if not applies(variant) or not chosen:
        return
    seeds = [int(seed) for seed in sorted(paired(cells, "test_loss").index)][:SEEDS]
    pairs = [matched(variant, seed, chosen) for seed in seeds]
    found = [pair for pair in pairs if pair is not None]
    if len(found) < len(seeds) or not found:
        return
    apart = [pair.stopped - pair.decay for pair in found]
    columns = {
        "steps": ([pair.steps for pair in found], "steps"),
        "product": ([variant.training.learning_rate * pair.steps * chosen for pair in found], "times"),
        "effective_dof": ([1 + pair.decay.sum() for pair in found], "degrees of freedom"),
        "gap": ([np.abs(own).max() for own in apart], "share"),
        "strongest": ([own[0] for own in apart], "share"),
        "weakest": ([own[-1] for own in apart], "share"),
    }
    yield "filters/weight_decay", plain_fact(chosen, "λ", "lowest mean validation loss", len(found))
    estimates = means(np.array([values for values, _ in columns.values()]).T, correction=correction(variant))
    for (name, (_, unit)), estimate in zip(columns.items(), estimates, strict=True):
        apart_from_decay = -1.0 if name in ("strongest", "weakest") else 0.0
        yield f"filters/{name}", share_fact(estimate, apart_from_decay) if unit == "share" else fact(estimate, unit)
