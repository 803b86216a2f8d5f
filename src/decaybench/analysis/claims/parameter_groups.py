"""Different sets of parameters may be updated differently in one training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.claims.biases import pairs, true_bias
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.regimes import setting_description
from decaybench.analysis.verdicts import Claim, Measurement
from decaybench.cells.grid import weight_decay_label

BOTH_ZERO = {
    "en": "a bias ends at exactly 0 with and without its own decay",
    "zh": "有偏置无论自身是否衰减，最后都恰好是 0",
}


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """The final bias with and without its own decay, the weights being decayed alike."""
    for free, decayed, common in pairs(experiment):
        decay = max(common)
        if decay not in free.tables["bias"].columns or decay not in decayed.tables["bias"].columns:
            continue
        both = pd.concat([free.column("bias", decay), decayed.column("bias", decay)], axis=1, join="inner").to_numpy()
        size = np.abs(both).sum(axis=1)
        where = f"λ = {weight_decay_label(decay)}"
        en, zh = true_bias(free)
        label = setting_description(free, f"{en}, {where}".lstrip(", "), f"{zh}，{where}".lstrip("，"))
        distance = np.divide(np.abs(both[:, 0] - both[:, 1]), size, out=np.zeros_like(size), where=size > 0)
        yield Measurement(free, label, distance, unjudged=None if size.all() else BOTH_ZERO)


CLAIM = Claim(
    id="parameter-groups-differ",
    sentence={
        "en": "In one training different sets of parameters may be updated differently.",
        "zh": "在同一训练代码中，不同的参数集可以有不同的更新行为。",
    },
    statistic={
        "en": "distance of the final bias trained with and without its own decay, over the sum of their sizes",
        "zh": "偏置自身有、无衰减时最终偏置之差，除以两者大小之和",
    },
    smallest_effect=0.05,
    unit="share",
    scale="identity",
    bounds=(0.0, 1.0),
    would_change={
        "en": "a bias that ends the same whether its group is decayed or not",
        "zh": "无论偏置所在的组是否衰减，最终的偏置都相同",
    },
    needs={
        "en": "no study trains with and without training.decay_bias",
        "zh": "没有一项研究同时训练 training.decay_bias 的两种设置",
    },
    measure=measure,
)
