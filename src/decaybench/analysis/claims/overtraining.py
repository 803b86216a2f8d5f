"""Training too long makes the error on unseen data rise."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.early_stopping import Curves
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import curves_of, logarithm, predicted_loss, ratio, setting_description, source
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import AT_ITS_END, Claim, Measurement

RECORDS = 8  # of the history, below which a turn cannot be seen


def watched(results: VariantResults) -> bool:
    """Whether training without decay was recorded closely enough."""
    training = results.variant.training
    return (
        0.0 in results.decays and training.optimizer == "sgd" and not getattr(results.variant.model, "dropout", 0.0)
        and training.epochs // training.record_every >= RECORDS
    )  # fmt: skip


def rise(results: VariantResults, found: Curves) -> FloatArray:
    """Logarithm of the factor by which the test loss grows from the turn to the last epoch, by seed."""
    return logarithm(found.test[:, -1], found.test[:, found.turn], resolution_of(results.variant))


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """λ = 0: the test loss at the last epoch over that at the epoch of the lowest mean validation loss."""
    for results in experiment.settings(watched):
        found = curves_of(results, 0.0)
        if found is None:
            continue
        epoch, last = int(found.epochs[found.turn]), int(found.epochs[-1])
        predicted = ratio(predicted_loss(results, 0.0), predicted_loss(results, 0.0, epoch))
        unjudged = AT_ITS_END if epoch == last else None
        label = setting_description(results, f"after epoch {epoch} of {last}", f"第 {epoch} 轮之后（共 {last} 轮）")
        yield Measurement(results, label, rise(results, found), predicted, source(predicted), unjudged)


CLAIM = Claim(
    id="training-too-long-hurts",
    sentence={
        "en": "As training goes on, the error on the training data falls while that on the validation data rises.",
        "zh": "随着训练的进行，训练集上的误差渐渐减小，验证集上的误差却渐渐增大。",
    },
    quantifier="often",
    scope={
        "en": "trainings without decay that go on past their lowest validation loss",
        "zh": "越过验证损失最低点之后仍在继续的无衰减训练",
    },
    statistic={
        "en": "at λ = 0, test loss at the last epoch over test loss at the epoch of lowest mean validation loss",
        "zh": "λ = 0 时，最后一轮的测试损失与平均验证损失最低的一轮的测试损失之比",
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
