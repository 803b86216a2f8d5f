"""How far λ can be raised at a learning rate: what no advice may go beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from decaybench.cells.recipe import gradient_factor_of
from decaybench.config import Linear, Variant
from decaybench.tasks import generate
from decaybench.theory.stability import weight_decay_limit

SEEDS = 20  # whose own rows say where training turns unstable
SHRINKS = ("sgd", "adamw")  # a weight is multiplied by 1 − ηλ; in adam λ only joins the gradient


def limits(variant: Variant, cells: pd.DataFrame, compared: Sequence[float]) -> dict[str, float]:
    """The λ that training cannot reach, by what forbids them; all but "diverged" follow from the recipe.

    learning_rate: ηλ = 1, where a step overshoots zero. stability: the smallest limit of the seeds' own rows, for
    linear models with a squared loss. diverged: the smallest λ, not below all that were compared, at which a training
    diverged.
    """
    found: dict[str, float] = {}
    training = variant.training
    if training.optimizer in SHRINKS:
        found["learning_rate"] = 1 / training.learning_rate
    if training.optimizer == "sgd" and isinstance(variant.model, Linear) and variant.n_classes is None:
        found["stability"] = _stability(variant, sorted(int(seed) for seed in cells["seed"].unique())[:SEEDS])
    lost = cells.loc[cells["diverged"], "weight_decay"].to_numpy(np.float64)
    beyond = lost[lost >= max(compared)]
    return {**found, "diverged": float(beyond.min())} if len(beyond) else found


def _stability(variant: Variant, seeds: Sequence[int]) -> float:
    training = variant.training
    return min(
        weight_decay_limit(
            generate(variant.task, seed).train.inputs, training.learning_rate, gradient_factor_of(variant),
            decay_bias=training.decay_bias, momentum=training.momentum, nesterov=training.nesterov,
        )
        for seed in seeds
    )  # fmt: skip
