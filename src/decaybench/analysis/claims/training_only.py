"""Regularisation acts in training only: at test time there is no penalty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from decaybench.analysis import prediction
from decaybench.analysis.regimes import Arm, Case
from decaybench.analysis.verdicts import Claim, Measurement
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Linear
from decaybench.tasks import generate, target_unit
from decaybench.theory.spectral import state_after

SEEDS = 20  # trained again by the exact law


LOST = {
    "en": "the penalty is smaller than the rounding of the loss, so that nothing could show it",
    "zh": "惩罚项小于损失的舍入误差，有没有它都看不出来",
}


def _exact(arm: Arm) -> bool:
    """Whether the exact law gives the trained weights themselves: full batches of a linear model by sgd."""
    model, training, task = arm.variant.model, arm.variant.training, arm.variant.task
    return (
        isinstance(model, Linear) and model.dropout == 0 and arm.variant.n_classes is None
        and training.optimizer == "sgd" and not training.momentum and training.batch_size >= task.n_train
        and max(arm.decays) > 0
    )  # fmt: skip


def measure(case: Case) -> Iterator[Measurement]:
    """The part of the penalty that the reported test loss holds; one regime a kind of data."""
    seen: set[str] = set()
    for arm in case.settings(_exact):
        kind = arm.variant.task.kind
        if kind not in seen:
            seen.add(kind)
            decay = arm.chosen([value for value in arm.decays if value > 0])
            where = f"λ = {weight_decay_label(decay)}"
            source = "by definition: a loss on test rows has no penalty"
            shares = _share(arm, decay)
            unjudged = None if np.isfinite(shares).all() else LOST
            yield Measurement(arm, arm.label(where, where), shares, 0.0, source, unjudged)


def _share(arm: Arm, decay: float) -> np.ndarray:
    """(reported loss − loss of the trained weights without penalty) / (λ/2 ‖w‖²), in size, by seed.

    NaN where the penalty is so small that it is lost in the rounding of the loss.
    """
    variant = arm.variant
    reported = arm.column("test_loss", decay)
    shares = []
    for seed in arm.seeds[:SEEDS]:
        data = generate(variant.task, seed)
        weights, bias = prediction.initial_state(variant, seed)
        state = state_after(
            data.train.inputs, data.train.targets, weights, bias, weight_decay=decay,
            learning_rate=variant.training.learning_rate, steps=prediction.steps_of(variant),
            g=prediction.factor(variant), decay_bias=variant.training.decay_bias,
        )  # fmt: skip
        plain = np.mean((data.test.inputs @ state.weights[0] + state.bias[0] - data.test.targets) ** 2)
        plain *= target_unit(variant.task, seed) ** 2
        penalty = decay / 2 * np.sum(state.weights[0] ** 2)
        shares.append(abs(float(reported[seed]) - plain) / penalty if penalty > arm.resolution else np.nan)
    return np.asarray(shares)


CLAIM = Claim(
    id="only-in-training",
    sentence={
        "en": "Regularisation is used in training only; it changes the updates and is absent at test time.",
        "zh": "正则化只在训练中使用，影响模型参数的更新，在测试时不使用。",
    },
    statistic={
        "en": "reported test loss less the loss of the same trained weights without penalty, as a share of λ/2 ‖w‖²",
        "zh": "报告的测试损失减去同一组权重不含惩罚项的损失，占 λ/2 ‖w‖² 的份额",
    },
    smallest_effect=0.01,
    unit="share",
    scale="identity",
    bounds=(0.0, np.inf),
    direction=-1,
    would_change={
        "en": "a reported test loss that holds one percent of the penalty or more",
        "zh": "报告的测试损失含有百分之一或以上的惩罚项",
    },
    needs={
        "en": "no study trains a linear model by full batches with a positive λ",
        "zh": "没有一项研究以全批量和正的 λ 训练线性模型",
    },
    measure=measure,
)
