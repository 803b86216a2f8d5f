"""λ balances the penalty and the original loss: training error up, test error U-shaped."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.regimes import Arm, Case, at_least, log_ratio, ratio, source, weaker_first
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import ZERO_LOSS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label

ENOUGH = 5  # values of λ, below which a U cannot be told from a slope


def _swept(arm: Arm) -> bool:
    return len(arm.decays) >= ENOUGH and arm.variant.training.optimizer == "sgd"


def measure(case: Case) -> Iterator[Measurement]:
    """The weakest of three legs: training loss up, test loss down to the best λ inside, and up."""
    for arm in case.settings(_swept):
        first, *inside, last = arm.decays
        best = arm.chosen(inside)
        legs = {
            ("training loss, first to last λ", "训练损失，最小到最大的 λ"): ("train_loss", last, first),
            ("test loss, first λ to the best inside", "测试损失，最小到内部最好的 λ"): ("test_loss", first, best),
            ("test loss, best inside to the last λ", "测试损失，内部最好到最大的 λ"): ("test_loss", last, best),
        }
        values = {words: _leg(arm, *leg) for words, leg in legs.items()}
        (en, zh), weakest = min(values.items(), key=lambda item: weaker_first(item[1]))
        low, high, middle = (weight_decay_label(decay) for decay in (first, last, best))
        where = f"λ = {low} … {high}"
        label = arm.label(
            f"{where}, best inside {middle}; weakest: {en}", f"{where}，内部最好 {middle}；最弱的一段：{zh}"
        )
        metric, above, below = legs[en, zh]
        predicted = None
        if metric == "test_loss":
            predicted = ratio(arm.predicted(above), arm.predicted(below))
        # A training loss that begins at 0 grows more than could be measured.
        unjudged = (
            ZERO_LOSS if metric == "train_loss" and (arm.column(metric, below) <= arm.resolution).any() else None
        )
        yield Measurement(arm, label, weakest, predicted, source(predicted), unjudged)


def _leg(arm: Arm, metric: str, above: float, below: float) -> FloatArray:
    """Logarithm of a factor by seed; of the training loss, which may begin at 0, at least that."""
    lower = arm.column(metric, below)
    if metric == "train_loss":
        lower = lower.clip(lower=at_least(arm.resolution))
    return log_ratio(arm.column(metric, above), lower, arm.resolution)


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
