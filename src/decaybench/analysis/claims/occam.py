"""Smaller weights mean a simpler model (Occam's razor)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts, smoothers
from decaybench.analysis.regimes import Arm, Case, on_common_seeds
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.verdicts import Claim, Measurement, Outcome
from decaybench.cells.grid import weight_decay_label

SEEDS = 60  # of which the degrees of freedom are computed


def measure(case: Case) -> Iterator[Measurement]:
    """Of two trainings of one model, the one with the shorter weights: how many times freer is the other fit?"""
    yield from _along_weight_decay(case)
    yield from _across_starts(case)
    yield from _across_rows(case)


def _free(arm: Arm) -> bool:
    """Whether the degrees of freedom of the fit are known."""
    return smoothers.why_none(arm.variant) is None


def _dof(arm: Arm, decay: float, seeds: list[int]) -> FloatArray:
    """Effective degrees of freedom of ridge on each seed's rows, the intercept counted."""
    return smoothers.smoothers(arm.variant, [decay], seeds).effective_dof[:, 0]


def _along_weight_decay(case: Case) -> Iterator[Measurement]:
    """The smallest λ against the chosen one (the largest, where that is the smallest)."""
    for arm in case.settings(lambda arm: _free(arm) and len(arm.decays) > 1):
        seeds = arm.seeds[:SEEDS]
        first, best = arm.decays[0], arm.chosen(arm.decays)
        best = arm.decays[-1] if best == first else best
        where = f"λ = {weight_decay_label(first)}, {weight_decay_label(best)}"
        yield from _pair((arm, first), (arm, best), seeds, "over λ: " + where, "在不同 λ 之间：" + where)


def _across_starts(case: Case) -> Iterator[Measurement]:
    """One λ, one data set, two starts."""
    seen: set[tuple[object, ...]] = set()
    for arm in filter(_free, case.arms):
        for other in filter(_free, case.arms):
            key = (arm.setting, other.setting)
            if other.study != arm.study or key in seen:
                continue
            if contrasts.differs_only_in(arm.variant, other.variant, contrasts.START):
                common, seeds = on_common_seeds(arm, [other])
                shared = [decay for decay in arm.decays if decay in other.decays]
                if common and shared:
                    seen |= {key, key[::-1]}
                    where = f"λ = {weight_decay_label(shared[0])}"
                    pair = (arm, shared[0]), (other, shared[0])
                    yield from _pair(*pair, seeds[:SEEDS], f"two starts, {where}", f"两种初值，{where}")


def _across_rows(case: Case) -> Iterator[Measurement]:
    """The fewest rows against the most, each at its chosen λ."""
    for few, *_, most in case.families(contrasts.ROWS, also=contrasts.WITH_ROWS):
        if _free(few) and _free(most):
            common, seeds = on_common_seeds(few, [most])
            if common:
                pair = (few, few.chosen(few.decays)), (most, most.chosen(most.decays))
                m = most.variant.task.n_train
                yield from _pair(*pair, seeds[:SEEDS], f"against {m} rows", f"与 {m} 行相比")


def _pair(
    one: tuple[Arm, float], other: tuple[Arm, float], seeds: list[int], en: str, zh: str
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
    label = one[0].label(f"{en}; {ratio}", f"{zh}；{ratio}")
    yield Measurement(one[0], label, values, evaluated=(), by_construction=same)


def _norms(arm: Arm, decay: float, seeds: list[int]) -> float:
    column: pd.Series[float] = arm.column("weight_norm", decay).loc[seeds]
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
