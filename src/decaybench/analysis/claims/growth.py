"""Because of the data term, w may still grow or shrink."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.regimes import log_ratio, setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import Claim, Measurement
from decaybench.cells.grid import weight_decay_label


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Two regimes: where, with decay, ‖w‖ grew most from a random start, and where it shrank most."""
    moves = [
        (results, decay, _growth(results, decay))
        for results in experiment.variants
        for decay in results.decays
        if decay > 0
    ]
    moves = [move for move in moves if len(move[2])]
    if not moves:
        return
    results, decay, values = max(moves, key=lambda move: np.mean(move[2]))
    where = f"λ = {weight_decay_label(decay)}"
    yield Measurement(results, setting_description(results, f"{where}: grows", f"{where}：变大"), values)
    results, decay, values = min(moves, key=lambda move: np.mean(move[2]))
    where = f"λ = {weight_decay_label(decay)}"
    yield Measurement(results, setting_description(results, f"{where}: shrinks", f"{where}：变小"), -values)


def _growth(results: VariantResults, decay: float) -> np.ndarray:
    """Logarithm of final over initial norm; from a start at zero there is no ratio."""
    start, end = results.column("init_norm", decay), results.column("weight_norm", decay)
    return np.empty(0) if not (start > 0).all() or not (end > 0).all() else log_ratio(end, start, 0.0)


CLAIM = Claim(
    id="w-may-grow-or-shrink",
    sentence={
        "en": "Because of the data term, w may end larger or smaller than it began.",
        "zh": "考虑到后面的导数项，w 最终的值可能增大也可能减小。",
    },
    statistic={
        "en": "with decay: final over initial length of w where it grows most, initial over final where it shrinks "
        "most",
        "zh": "有衰减时：增大最多处 w 的最终长度与初始长度之比，减小最多处初始与最终之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a config in which weights with decay move in one direction only",
        "zh": "在某份配置里，有衰减的权重只朝一个方向变化",
    },
    needs={
        "en": "no study trains with a positive λ from a random start",
        "zh": "没有一项研究从随机初值以正的 λ 训练",
    },
    measure=measure,
)
