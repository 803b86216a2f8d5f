"""Overfitting comes from too few data."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import forgets_start, log_ratio, row_pairs, setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import FORGETS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """How much more λ = 0 loses to the best λ with few rows than with more."""
    for few, more in row_pairs(experiment):
        if 0.0 in few.decays and 0.0 in more.decays:
            joined = pd.concat([_excess(few), _excess(more)], axis=1, join="inner").dropna()
            m = more.variant.task.n_train
            one, other = (weight_decay_label(results.choose(results.decays)) for results in (few, more))
            label = setting_description(
                few, f"against {m} rows; best λ {one} and {other}", f"与 {m} 行相比；最好的 λ 为 {one} 与 {other}"
            )
            values = joined.iloc[:, 0].to_numpy() - joined.iloc[:, 1].to_numpy()
            yield Measurement(few, label, values, apart=forgets_start(few) or forgets_start(more))


def _excess(results: VariantResults) -> pd.Series[float]:
    """Logarithm of the test loss without decay over that at the λ that validation chooses, by seed."""
    best = results.choose(results.decays)
    above, below = results.column("test_loss", 0.0), results.column("test_loss", best)
    return pd.Series(log_ratio(above, below, resolution_of(results.variant)), index=above.index)


CLAIM = Claim(
    id="overfits-when-data-are-scarce",
    sentence={
        "en": "When there are too few training data, the model often overfits.",
        "zh": "训练数据不够多时，常常会导致过拟合。",
    },
    quantifier="often",
    scope={
        "en": "trainings that differ in the number of rows alone: the fewest against about as many as there are "
        "weights, and against the most",
        "zh": "只在行数上不同的训练：最少的行数对照与权重数相近的行数，以及对照最多的行数",
    },
    statistic={
        "en": "test loss without decay over test loss at the best λ: how many times larger with the fewest rows "
        "than with more",
        "zh": "不衰减的测试损失与最好的 λ 的测试损失之比：行数最少时是行数较多时的多少倍",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "an excess over the best λ that does not shrink when rows are added to the same data",
        "zh": "给同一份数据增加行数后，超出最好的 λ 的部分并不缩小",
    },
    needs={
        "en": "no study trains without decay on two numbers of rows",
        "zh": "没有一项研究在两种行数上做无衰减训练",
    },
    measure=measure,
    heading_apart=FORGETS,
)
