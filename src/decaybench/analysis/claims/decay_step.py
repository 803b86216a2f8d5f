"""Each step multiplies w by 1 − ηλ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.prediction import decays_alone
from decaybench.analysis.regimes import setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import Claim, Measurement
from decaybench.theory.spectral import null_space_ratio

SMALLEST_EFFECT = 1e-8  # relative distance from the law


def _open(results: VariantResults) -> bool:
    """Whether all weights were trained one by one: in the span of the data the law is built in, not measured."""
    followed = decays_alone(results.variant) and not results.training.in_span
    return followed and any(decay > 0 for decay in _seen(results))


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """In the directions without data, where decay acts alone: distance from the law, worst over λ, by seed."""
    for results in experiment.settings(_open):
        n = results.task.n_train
        words = setting_description(results, "factor 1 − ηλ", "系数 1 − ηλ")
        yield Measurement(results, words, _distance(results, 1), 0.0, "|1 − ηλ|^T")
        printed = setting_description(results, "factor 1 − ηλ/n, as the text prints it", "系数 1 − ηλ/n，如正文所写")
        yield Measurement(results, printed, _distance(results, n), None, None)


def _law(results: VariantResults, cells: pd.DataFrame, divisor: int = 1) -> np.ndarray:
    """|1 − ηλ|^T of each cell."""
    decays = cells["weight_decay"].to_numpy(np.float64) / divisor
    return np.abs(null_space_ratio(decays, results.training.learning_rate, results.steps))


def _seen(results: VariantResults) -> list[float]:
    """The λ at which the law leaves so much that rounding of the whole vector cannot hide a miss of it."""
    cells = results.runs
    left = _law(results, cells) * cells["initial_null_space_norm"]
    hidden = np.finfo(np.float64).eps * cells["weight_norm"] / SMALLEST_EFFECT
    visible = (left > hidden).groupby(cells["weight_decay"]).all()
    return [float(decay) for decay in visible.index[visible]]


def _distance(results: VariantResults, divisor: int) -> np.ndarray:
    cells = results.cells[~results.cells["diverged"] & results.cells["weight_decay"].isin(_seen(results))]
    law = _law(results, cells, divisor)
    left = cells["null_space_norm"] / cells["initial_null_space_norm"]
    apart = pd.Series(np.abs(left.to_numpy(np.float64) / law - 1), cells.index)
    return np.asarray(apart.groupby(cells["seed"]).max().to_numpy(np.float64))


CLAIM = Claim(
    id="each-step-shrinks-w",
    sentence={
        "en": "Each step multiplies w by 1 − ηλ, a number below 1: hence the name weight decay. (In one sentence the "
        "text divides λ by n as well.)",
        "zh": "每一步都把 w 乘以小于 1 的 1 − ηλ，这就是权重衰减名称的由来。（正文有一句还把 λ 除以 n。）",
    },
    statistic={
        "en": "what is left of w where the data do not reach, over (factor)^T, less 1; the worst λ of each seed",
        "zh": "数据触及不到的方向上 w 剩下的比例除以（系数）^T 再减 1；取每个种子最差的 λ",
    },
    smallest_effect=SMALLEST_EFFECT,
    unit="relative distance",
    scale="identity",
    bounds=(0.0, np.inf),
    direction=-1,
    would_change={
        "en": "one training that leaves more or less than the law says",
        "zh": "有一次训练剩下的与该规律不符",
    },
    needs={
        "en": "no study trains weights one by one (training.in_span: false) by sgd from a random start",
        "zh": "没有一项研究用 sgd 从随机初值逐个训练多于行数的权重（training.in_span: false）",
    },
    measure=measure,
)
