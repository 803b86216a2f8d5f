"""Biases need not be decayed."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import log_ratio, predicted_loss, ratio, setting_description, source
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import Claim, Measurement
from decaybench.cells.grid import weight_decay_label
from decaybench.config import GaussianLinear


def pairs(experiment: Experiment) -> Iterator[tuple[VariantResults, VariantResults, list[float]]]:
    """Trainings that differ in training.decay_bias alone: without, with, and the positive λ of both."""
    for free, decayed in experiment.families("training.decay_bias"):
        common = [decay for decay in free.decays if decay > 0 and decay in decayed.decays]
        if common:
            yield free, decayed, common


def true_bias(results: VariantResults) -> tuple[str, str]:
    """Words for the bias that made the data, where it is known."""
    task = results.task
    return (f"true bias {task.bias:g}", f"真实偏置 {task.bias:g}") if isinstance(task, GaussianLinear) else ("", "")


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Test loss with a free bias over test loss with a decayed one, at the λ chosen for the free one."""
    for free, decayed, common in pairs(experiment):
        decay = free.choose(common)
        values = log_ratio(
            free.column("test_loss", decay), decayed.column("test_loss", decay), resolution_of(free.variant)
        )
        predicted = ratio(predicted_loss(free, decay), predicted_loss(decayed, decay))
        en, zh = true_bias(free)
        where = f"λ = {weight_decay_label(decay)}"
        label = setting_description(free, f"{en}, {where}".lstrip(", "), f"{zh}，{where}".lstrip("，"))
        yield Measurement(free, label, values, predicted, source(predicted))


CLAIM = Claim(
    id="biases-need-not-be-decayed",
    sentence={
        "en": "Only the weights need be decayed; the bias need not.",
        "zh": "只需对权重做衰减，偏置不必衰减。",
    },
    quantifier="always",
    scope={
        "en": "trainings that differ in whether the bias is decayed, and in nothing else",
        "zh": "只在偏置是否衰减上不同的训练",
    },
    statistic={
        "en": "test loss with a free bias over test loss with a decayed bias, at the λ chosen for the free one",
        "zh": "偏置不衰减与偏置衰减的测试损失之比，λ 按不衰减者选取",
    },
    smallest_effect=1.05,
    unit="times",
    direction=-1,
    would_change={
        "en": "a start or a target for which decaying the bias, too, lowers the test loss by five percent or more",
        "zh": "在某种初值或目标下，让偏置也衰减会使测试损失降低百分之五或以上",
    },
    needs={
        "en": "no study trains with and without training.decay_bias",
        "zh": "没有一项研究同时训练 training.decay_bias 的两种设置",
    },
    measure=measure,
)
