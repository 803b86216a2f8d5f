"""Smaller weights mean a simpler model (Occam's razor)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts, smoothers
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.regimes import on_common_seeds, setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import Claim, Measurement, Outcome
from decaybench.cells.grid import weight_decay_label

SEEDS = 60  # of which the degrees of freedom are computed


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Of two trainings of one model, the one with the shorter weights: how many times freer is the other fit?"""
    yield from _along_weight_decay(experiment)
    yield from _across_starts(experiment)
    yield from _across_rows(experiment)


def _free(results: VariantResults) -> bool:
    """Whether the degrees of freedom of the fit are known."""
    return smoothers.why_no_ridge(results.variant) is None


def _dof(results: VariantResults, decay: float, seeds: list[int]) -> FloatArray:
    """Effective degrees of freedom of ridge on each seed's rows, the intercept counted."""
    return smoothers.smoothers(results.variant, [decay], seeds).effective_dof[:, 0]


def _along_weight_decay(experiment: Experiment) -> Iterator[Measurement]:
    """The smallest λ against the chosen one (the largest, where that is the smallest)."""
    for results in experiment.settings(lambda results: _free(results) and len(results.decays) > 1):
        seeds = results.seeds[:SEEDS]
        first, best = results.decays[0], results.choose(results.decays)
        best = results.decays[-1] if best == first else best
        where = f"λ = {weight_decay_label(first)}, {weight_decay_label(best)}"
        yield from _pair((results, first), (results, best), seeds, "over λ: " + where, "在不同 λ 之间：" + where)


def _across_starts(experiment: Experiment) -> Iterator[Measurement]:
    """One λ, one data set, two starts."""
    seen: set[tuple[object, ...]] = set()
    for results in filter(_free, experiment.variants):
        for other in filter(_free, experiment.variants):
            key = (results.setting, other.setting)
            if other.study != results.study or key in seen:
                continue
            if contrasts.differs_only_in(results.variant, other.variant, contrasts.START):
                common, seeds = on_common_seeds(results, [other])
                shared = [decay for decay in results.decays if decay in other.decays]
                if common and shared:
                    seen |= {key, key[::-1]}
                    where = f"λ = {weight_decay_label(shared[0])}"
                    pair = (results, shared[0]), (other, shared[0])
                    yield from _pair(*pair, seeds[:SEEDS], f"two starts, {where}", f"两种初值，{where}")


def _across_rows(experiment: Experiment) -> Iterator[Measurement]:
    """The fewest rows against the most, each at its chosen λ."""
    for few, *_, most in experiment.families(contrasts.ROWS, also=contrasts.WITH_ROWS):
        if _free(few) and _free(most):
            common, seeds = on_common_seeds(few, [most])
            if common:
                pair = (few, few.choose(few.decays)), (most, most.choose(most.decays))
                m = most.variant.task.n_train
                yield from _pair(*pair, seeds[:SEEDS], f"against {m} rows", f"与 {m} 行相比")


def _pair(
    one: tuple[VariantResults, float], other: tuple[VariantResults, float], seeds: list[int], en: str, zh: str
) -> Iterator[Measurement]:
    """The longer weights' degrees of freedom over the shorter weights', by seed; none where lengths are alike."""
    norms = [_norms(*each, seeds) for each in (one, other)]
    if min(norms) <= 0 or max(norms) / min(norms) < CLAIM.smallest_effect:
        return
    longer, shorter = (one, other) if norms[0] > norms[1] else (other, one)
    free = [_dof(*each, seeds) for each in (longer, shorter)]
    n = min(map(len, free))
    ratio = f"‖w‖ {max(norms) / min(norms):.3g} ×"
    values = np.log(free[0][:n]) - np.log(free[1][:n])
    # Degrees of freedom follow from the data and λ, not from the start.
    same: Outcome | None = None if values.any() else "failed"
    label = setting_description(one[0], f"{en}; {ratio}", f"{zh}；{ratio}")
    yield Measurement(one[0], label, values, evaluated=(), by_construction=same)


def _norms(results: VariantResults, decay: float, seeds: list[int]) -> float:
    column: pd.Series[float] = results.column("weight_norm", decay).loc[seeds]
    return float(np.exp(np.log(column.clip(lower=np.finfo(float).tiny)).mean()))


CLAIM = Claim(
    id="smaller-weights-are-simpler",
    sentence={
        "en": "Smaller weights mean, in a sense, a less complex model (Occam's razor).",
        "zh": "更小的权值，从某种意义上说，表示网络的复杂度更低（奥卡姆剃刀）。",
    },
    quantifier="always",
    scope={
        "en": "linear models whose weights differ in length by five percent or more: over λ, over starts, over rows",
        "zh": "权重长度相差百分之五以上的线性模型：不同的 λ、不同的初值、不同的行数",
    },
    statistic={
        "en": "effective degrees of freedom of the fit with the longer weights over those with the shorter",
        "zh": "权重较长的拟合的有效自由度与权重较短的拟合之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "two trainings of which the one with shorter weights is as free, or freer",
        "zh": "有两次训练，其中权重较短的一个自由度相同甚至更高",
    },
    needs={
        "en": "no study trains a linear model with a squared loss by sgd to weights of two lengths",
        "zh": "没有一项研究用 sgd 和平方损失把线性模型训练到两种长度的权重",
    },
    measure=measure,
)
