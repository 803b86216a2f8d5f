"""Smaller weights mean a simpler model that fits just right (Occam's razor)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.regimes import setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import Claim, Measurement, Text

ENOUGH = 5  # values of λ, for a rank correlation


def _swept(results: VariantResults) -> bool:
    return len(results.decays) >= ENOUGH and results.training.optimizer == "sgd"


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Within a seed, over the λ: does the test loss, and does the gap to the training loss, order as ‖w‖ does?"""
    for results in experiment.settings(_swept):
        norms, test = (results.tables[name].to_numpy(np.float64) for name in ("weight_norm", "test_loss"))
        gap = test - results.tables["train_loss"].to_numpy(np.float64)
        words = setting_description(results, "‖w‖ and the test loss", "‖w‖ 与测试损失")
        yield Measurement(results, words, rank_correlations(norms, test), unjudged=_without_order(norms, test))
        words = setting_description(
            results, "‖w‖ and the gap between test and training loss", "‖w‖ 与测试、训练损失之差"
        )
        yield Measurement(results, words, rank_correlations(norms, gap), unjudged=_without_order(norms, gap))


NO_ORDER = {
    "en": "over λ one of both is the same number in every seed, so there is no order to compare",
    "zh": "在每个种子里，两者之一在各 λ 上都是同一个数，没有次序可比",
}


def _without_order(*tables: FloatArray) -> Text | None:
    """A reason where no seed orders the λ by both."""
    ordered = [np.ptp(table, axis=1) > 0 for table in tables]
    return None if np.logical_and.reduce(ordered).any() else NO_ORDER


def rank_correlations(one: FloatArray, other: FloatArray) -> FloatArray:
    """Spearman's rank correlation of each row; rows without order count as 0."""
    ranks = [stats.rankdata(table, axis=1) for table in (one, other)]
    a, b = (table - table.mean(axis=1, keepdims=True) for table in ranks)
    scale = np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
    return np.divide(np.sum(a * b, axis=1), scale, out=np.zeros(len(a)), where=scale > 0)


CLAIM = Claim(
    id="smaller-weights-are-simpler",
    sentence={
        "en": "Smaller weights mean lower complexity and a fit that is just right (Occam's razor).",
        "zh": "更小的权值表示网络的复杂度更低，对数据的拟合刚刚好（奥卡姆剃刀）。",
    },
    statistic={
        "en": "rank correlation over λ, within a seed, of ‖w‖ with the test loss and with the gap",
        "zh": "同一种子内，在各 λ 上 ‖w‖ 与测试损失以及与差距的秩相关",
    },
    smallest_effect=0.5,
    unit="rank correlation",
    scale="identity",
    bounds=(-1.0, 1.0),
    would_change={
        "en": "an order of test losses that follows the length of w more, or less, closely than one half",
        "zh": "测试损失的次序与 w 长度的秩相关高于或低于二分之一",
    },
    needs={
        "en": "no study trains with sgd at five λ or more",
        "zh": "没有一项研究用 sgd 训练五个以上的 λ",
    },
    measure=measure,
)
