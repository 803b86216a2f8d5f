"""Regularisation acts in training only: at test time there is no penalty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from decaybench.analysis import prediction
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.identities.identity import Check, Identity
from decaybench.analysis.results import VariantResults
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import Linear
from decaybench.tasks import generate, target_unit
from decaybench.theory.spectral import state_after

SEEDS = 20  # trained again by the exact law


def _exact(results: VariantResults) -> bool:
    """Whether the exact law gives the trained weights themselves: full batches of a linear model by sgd."""
    model, training, task = results.variant.model, results.variant.training, results.variant.task
    return (
        isinstance(model, Linear) and model.dropout == 0 and results.variant.n_classes is None
        and training.optimizer == "sgd" and not training.momentum and training.batch_size >= task.n_train
        and max(results.decays) > 0
    )  # fmt: skip


def measure(experiment: Experiment) -> Iterator[Check]:
    """The part of the penalty that the reported test loss holds; one training a kind of data."""
    seen: set[str] = set()
    for results in experiment.settings(_exact):
        kind = results.variant.task.kind
        if kind not in seen:
            seen.add(kind)
            decay = results.choose([value for value in results.decays if value > 0])
            yield Check(results, "", _share(results, decay))


def _share(results: VariantResults, decay: float) -> np.ndarray:
    """(reported loss − loss of the trained weights without penalty) / (λ/2 ‖w‖²), in size, by seed.

    NaN where the penalty is so small that it is lost in the rounding of the loss.
    """
    variant = results.variant
    reported, least = results.column("test_loss", decay), resolution_of(variant)
    shares = []
    for seed in results.seeds[:SEEDS]:
        data = generate(variant.task, seed)
        weights, bias = prediction.initial_state(variant, seed)
        state = state_after(
            data.train.inputs, data.train.targets, weights, bias, weight_decay=decay,
            learning_rate=variant.training.learning_rate, steps=steps_of(variant),
            g=gradient_factor_of(variant), decay_bias=variant.training.decay_bias,
        )  # fmt: skip
        plain = np.mean((data.test.inputs @ state.weights[0] + state.bias[0] - data.test.targets) ** 2)
        plain *= target_unit(variant.task, seed) ** 2
        penalty = decay / 2 * np.sum(state.weights[0] ** 2)
        shares.append(abs(float(reported[seed]) - plain) / penalty if penalty > least else np.nan)
    return np.asarray(shares)


IDENTITY = Identity("only-in-training", bound=0.01, unit="share", measure=measure)
