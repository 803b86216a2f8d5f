"""Early stopping prevents overfitting."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.claims.overtraining import rise, watched
from decaybench.analysis.decide import compare
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import curves_of, logarithm, predicted_loss, ratio, setting_description, source
from decaybench.analysis.splits import correction
from decaybench.analysis.verdicts import Claim, Measurement

NOTHING_TO_AVOID = {
    "en": "the test loss does not rise for sure after the best epoch, so there is nothing to avoid",
    "zh": "最好的一轮之后，测试损失并没有确定地上升，也就没有什么可避免的",
}


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """λ = 0, where the test loss rises: at the end over at each seed's own validation minimum."""
    for results in experiment.settings(watched):
        found = curves_of(results, 0.0)
        if found is None:
            continue
        values = logarithm(found.test[:, -1], found.stopped_test, resolution_of(results.variant))
        predicted = ratio(predicted_loss(results, 0.0), predicted_loss(results, 0.0, int(found.epochs[found.turn])))
        c = correction(results.variant, "test")
        rises = compare(rise(results, found), 0.0, correction=c).direction == "higher"
        yield Measurement(
            results, setting_description(results), values, predicted, source(predicted),
            unjudged=None if rises else NOTHING_TO_AVOID, evaluated=("validation", "test"),
        )  # fmt: skip


CLAIM = Claim(
    id="early-stopping-helps",
    sentence={
        "en": "Early stopping is a way to avoid overfitting.",
        "zh": "提前停止训练（early stopping）可以避免过拟合。",
    },
    quantifier="often",
    scope={
        "en": "trainings without decay whose test loss rises after the best epoch",
        "zh": "测试损失在最好的一轮之后上升的无衰减训练",
    },
    statistic={
        "en": "at λ = 0, test loss at the end over test loss at each seed's own lowest validation loss",
        "zh": "λ = 0 时，训练结束的测试损失与每个种子自己验证损失最低时的测试损失之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "stopping by validation that changes the test loss by less, or more, than five percent",
        "zh": "按验证损失停止，使测试损失的变化低于或高于百分之五",
    },
    needs={
        "en": "no study records the course of training without decay at eight epochs or more",
        "zh": "没有一项研究在八个以上的时刻记录无衰减训练的过程",
    },
    measure=measure,
)
