"""λ balances the penalty and the original loss: training error up, test error U-shaped."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import (
    at_least,
    log_ratio,
    predicted_loss,
    ratio,
    setting_description,
    source,
    weaker_first,
)
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import ZERO_LOSS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label

ENOUGH = 5  # values of λ, below which a U cannot be told from a slope


def _swept(results: VariantResults) -> bool:
    return len(results.decays) >= ENOUGH and results.training.optimizer == "sgd"


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """The weakest of three legs: training loss up, test loss down to the best λ inside, and up."""
    for results in experiment.settings(_swept):
        first, *inside, last = results.decays
        best = results.choose(inside)
        legs = {
            ("training loss, first to last λ", "训练损失，最小到最大的 λ"): ("train_loss", last, first),
            ("test loss, first λ to the best inside", "测试损失，最小到内部最好的 λ"): ("test_loss", first, best),
            ("test loss, best inside to the last λ", "测试损失，内部最好到最大的 λ"): ("test_loss", last, best),
        }
        values = {words: _leg(results, *leg) for words, leg in legs.items()}
        (en, zh), weakest = min(values.items(), key=lambda item: weaker_first(item[1]))
        low, high, middle = (weight_decay_label(decay) for decay in (first, last, best))
        where = f"λ = {low} … {high}"
        label = setting_description(
            results, f"{where}, best inside {middle}; weakest: {en}", f"{where}，内部最好 {middle}；最弱的一段：{zh}"
        )
        metric, above, below = legs[en, zh]
        predicted = None
        if metric == "test_loss":
            predicted = ratio(predicted_loss(results, above), predicted_loss(results, below))
        # A training loss that begins at 0 grows more than could be measured.
        unjudged = (
            ZERO_LOSS
            if metric == "train_loss" and (results.column(metric, below) <= resolution_of(results.variant)).any()
            else None
        )
        yield Measurement(results, label, weakest, predicted, source(predicted), unjudged)


def _leg(results: VariantResults, metric: str, above: float, below: float) -> FloatArray:
    """Logarithm of a factor by seed; of the training loss, which may begin at 0, at least that."""
    lower = results.column(metric, below)
    if metric == "train_loss":
        lower = lower.clip(lower=at_least(resolution_of(results.variant)))
    return log_ratio(results.column(metric, above), lower, resolution_of(results.variant))


CLAIM = Claim(
    id="lambda-balances",
    sentence={
        "en": "λ balances the penalty against the original loss.",
        "zh": "λ 权衡正则项与原损失函数项的比重。",
    },
    statistic={
        "en": "the smallest of three factors: training loss from the first to the last λ, test loss at the first and "
        "at the last λ over that at the best λ between them",
        "zh": "三个倍数中最小者：训练损失从最小到最大 λ 的倍数，"
        "以及最小、最大 λ 的测试损失与两者之间最好 λ 的测试损失之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a grid on which the test loss turns by five percent or more on both sides, or on one side only",
        "zh": "测试损失在网格两侧都转折百分之五以上，或只在一侧转折",
    },
    needs={
        "en": "no study trains with sgd at five λ or more",
        "zh": "没有一项研究用 sgd 训练五个以上的 λ",
    },
    measure=measure,
)
