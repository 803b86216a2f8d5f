"""Training too long makes the error on unseen data rise while the training error falls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import (
    at_least,
    curves_of,
    logarithm,
    predicted_loss,
    ratio,
    setting_description,
    source,
    weaker_first,
)
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import AT_ITS_END, ZERO_LOSS, Claim, Measurement

RECORDS = 8  # of the history, below which a turn cannot be seen


def watched(results: VariantResults) -> bool:
    """Whether training without decay was recorded closely enough."""
    training = results.training
    return (
        0.0 in results.decays and training.optimizer == "sgd" and not getattr(results.model, "dropout", 0.0)
        and training.epochs // training.record_every >= RECORDS
    )  # fmt: skip


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """λ = 0: from the epoch of the lowest mean validation loss to the last, the weaker of rise and fall."""
    for results in experiment.settings(watched):
        found = curves_of(results, 0.0)
        if found is None:
            continue
        turn, least = found.turn, resolution_of(results.variant)
        rise = logarithm(found.test[:, -1], found.test[:, turn], least)
        fall = logarithm(found.train[:, turn], np.maximum(found.train[:, -1], at_least(least)), least)
        epoch = int(found.epochs[turn])
        weaker = min(rise, fall, key=weaker_first)
        # Theory speaks of the test loss, so of the rise alone.
        predicted = (
            ratio(predicted_loss(results, 0.0), predicted_loss(results, 0.0, epoch)) if weaker is rise else None
        )
        last = int(found.epochs[-1])
        unjudged = AT_ITS_END if turn == len(found.epochs) - 1 else None
        if weaker is fall and (found.train[:, -1] <= least).any():
            unjudged = unjudged or ZERO_LOSS  # the fall is larger than could be measured
        label = setting_description(results, f"after epoch {epoch} of {last}", f"第 {epoch} 轮之后（共 {last} 轮）")
        yield Measurement(results, label, weaker, predicted, source(predicted), unjudged)


CLAIM = Claim(
    id="training-too-long-hurts",
    sentence={
        "en": "As training goes on, the error on the training data falls while that on the validation data rises.",
        "zh": "随着训练的进行，训练集上的误差渐渐减小，验证集上的误差却渐渐增大。",
    },
    statistic={
        "en": "at λ = 0, from the epoch of lowest mean validation loss to the last: the smaller of the rise of the "
        "test loss and the fall of the training loss, as a factor",
        "zh": "λ = 0 时，从平均验证损失最低的一轮到最后一轮：测试损失上升的倍数与训练损失下降的倍数中较小者",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a validation loss that turns earlier or later, with a rise on test rows of five percent or more",
        "zh": "验证损失出现转折，且测试行上的上升达到百分之五或以上",
    },
    needs={
        "en": "no study records the course of training without decay at eight epochs or more",
        "zh": "没有一项研究在八个以上的时刻记录无衰减训练的过程",
    },
    measure=measure,
)
