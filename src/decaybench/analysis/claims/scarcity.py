"""Overfitting comes from too few data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import predicted_loss, row_pairs, setting_description
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import Claim, Measurement


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Trainings without decay that differ in the number of rows: fewest against more."""
    for few, more in row_pairs(experiment):
        if 0.0 in few.decays and 0.0 in more.decays:
            joined = pd.concat([_gap(few), _gap(more)], axis=1, join="inner")
            seeds = [int(seed) for seed in joined.index]
            a, b = joined.to_numpy(np.float64).T
            both = np.abs(a) + np.abs(b)
            values = np.divide(a - b, both, out=np.full_like(a, np.nan), where=both > resolution_of(few.variant))
            m = more.task.n_train
            label = setting_description(few, f"against {m} rows", f"与 {m} 行相比")
            yield Measurement(few, label, values, *_predicted(few, more, seeds))


def _gap(results: VariantResults) -> pd.Series[float]:
    return results.column("test_loss", 0.0) - results.column("train_loss", 0.0)


def _predicted(few: VariantResults, more: VariantResults, seeds: list[int]) -> tuple[float | None, str | None]:
    """Theory's gaps; the training losses, which theory does not give, are the measured means over the seeds."""
    losses = [predicted_loss(results, 0.0) for results in (few, more)]
    if None in losses:
        return None, None
    trained = (float(results.column("train_loss", 0.0).loc[seeds].mean()) for results in (few, more))
    a, b = (loss - own for loss, own in zip(losses, trained, strict=True))  # type: ignore[operator]
    return (a - b) / (abs(a) + abs(b)), "expected test losses of theory less measured training losses"


CLAIM = Claim(
    id="overfits-when-data-are-scarce",
    sentence={
        "en": "When there are too few training data, the model overfits.",
        "zh": "训练数据不够多时，模型会过拟合。",
    },
    statistic={
        "en": "test loss minus training loss at λ = 0: how much larger it is with fewer rows, as a share of the "
        "sum of both gaps",
        "zh": "λ = 0 时测试损失减训练损失：行数较少时大多少，以两个差距之和的份额表示",
    },
    smallest_effect=0.1,
    unit="share",
    scale="identity",
    bounds=(-1.0, 1.0),
    would_change={
        "en": "a gap that does not shrink when rows are added to the same data",
        "zh": "给同一份数据增加行数后，差距并不缩小",
    },
    needs={
        "en": "no study trains without decay on two numbers of rows",
        "zh": "没有一项研究在两种行数上做无衰减训练",
    },
    measure=measure,
)
