"""Where a claim is judged: the words for a setting, what theory expects of it, and ratios between two trainings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts, prediction
from decaybench.analysis.early_stopping import Curves, curves
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray
from decaybench.config import GaussianLinear, Linear, Polynomial


def curves_of(results: VariantResults, decay: float) -> Curves | None:
    """The history of a λ."""
    return curves(results.history, results.cells, decay)


def predicted_loss(results: VariantResults, decay: float, epochs: int | None = None) -> float | None:
    """Theory's expected test loss."""
    found = prediction.predict(results.variant, [decay], results.seeds, epochs)
    return None if found is None else float(found.test_loss[0])


def setting_description(results: VariantResults, en: str = "", zh: str = "") -> dict[str, str]:
    """Words for a reader: data, rows, noise, start; then what else is told apart."""
    task, model, training = results.task, results.model, results.training
    if isinstance(task, GaussianLinear):
        rows = f"{task.n_train} rows for {task.n_features} weights, noise {task.noise_std:g}"
        rows_zh = f"{task.n_train} 行数据、{task.n_features} 个权重，噪声 {task.noise_std:g}"
    elif isinstance(task, Polynomial):
        rows = f"cubic fitted with degree {task.degree}, {task.n_train} rows"
        rows_zh = f"用 {task.degree} 次多项式拟合三次函数，{task.n_train} 行"
    else:
        noise = getattr(task, "label_noise", 0.0)
        en_kind, zh_kind = (task.called.get(language, task.kind) for language in ("en", "zh"))
        rows = f"{en_kind}, {task.n_train} rows" + (f", {noise:.0%} of the labels wrong" if noise else "")
        rows_zh = f"{zh_kind}，{task.n_train} 行" + (f"，{noise:.0%} 的标签是错的" if noise else "")
    start = ("", "")
    if isinstance(model, Linear):
        random = model.init_std > 0 or model.init_mean != 0
        bias = (", bias drawn, too", "，偏置也随机") if model.bias_init_std else ("", "")
        start = (", weights start at 0", "，权重从 0 开始")
        if random:
            law = f"N({model.init_mean:g}, {model.init_std:g}²)"
            start = (f", weights start at {law}{bias[0]}", f"，权重初值 {law}{bias[1]}")
    optimizer = "" if training.optimizer == "sgd" else f", {training.optimizer}"
    return {
        "en": f"{rows}{start[0]}{optimizer}" + (f"; {en}" if en else ""),
        "zh": f"{rows_zh}{start[1]}{optimizer.replace(', ', '，')}" + (f"；{zh}" if zh else ""),
    }


def forgets_start(results: VariantResults) -> bool:
    """Whether the error may lie in directions that the data never touch: random weights, more of them than rows."""
    return starts_random(results) and results.task.n_train <= results.task.n_features


def starts_random(results: VariantResults) -> bool:
    """Whether a linear model starts from weights other than zero, so that there is something to forget."""
    model = results.model
    return isinstance(model, Linear) and (model.init_std > 0 or model.init_mean != 0)


def on_common_seeds(
    first: VariantResults, others: Sequence[VariantResults]
) -> tuple[list[VariantResults], list[int]]:
    """Which of the others can be compared with the first and with each other, and on which seeds."""
    return contrasts.with_common_seeds(first.seeds, {other: other.seeds for other in others})


def log_ratio(above: pd.Series[float], below: pd.Series[float], resolution: float) -> FloatArray:
    """Logarithm of the ratio within each seed that both have; NaN where one of both is at most `resolution`."""
    joined = pd.concat([above, below], axis=1, join="inner").dropna().to_numpy(np.float64)
    known = np.asarray((joined > resolution).all(axis=1))
    logs = np.log(np.where(known[:, None], joined, 1.0))
    return np.where(known, logs[:, 0] - logs[:, 1], np.nan)


def logarithm(above: FloatArray, below: FloatArray, resolution: float) -> FloatArray:
    """Logarithms of ratios, elementwise; NaN where one of both is 0 to the precision of the arithmetic."""
    known = (above > resolution) & (below > resolution)
    return np.where(known, np.log(np.divide(above, below, out=np.ones_like(above), where=known)), np.nan)


def at_least(resolution: float) -> float:
    """The smallest loss that does not count as 0: put in place of smaller ones, it bounds a ratio from below."""
    return float(np.nextafter(resolution, np.inf))


def weaker_first(values: FloatArray) -> float:
    """A key that sorts effects by their means, those that cannot be computed first."""
    centre = float(np.mean(values))
    return -np.inf if np.isnan(centre) else centre


def ratio(above: float | None, below: float | None) -> float | None:
    """A ratio of predictions, where there are both."""
    return None if above is None or not below else above / below


def row_pairs(experiment: Experiment) -> list[tuple[VariantResults, VariantResults]]:
    """Fewest rows against most, and against about as many rows as weights, where trainings differ in rows."""
    pairs: list[tuple[VariantResults, VariantResults]] = []
    for few, *more_rows in experiment.families(contrasts.ROWS, also=contrasts.WITH_ROWS):
        others = [more for more in more_rows if not set(few.seeds).isdisjoint(more.seeds)]
        near = [more for more in others if more.scarcity == "near"]
        nearest = sorted(near, key=lambda more: abs(more.task.n_train - more.task.n_features))
        pairs += [(few, more) for more in dict.fromkeys([*nearest[:1], *others[-1:]])]
    return pairs


SOURCE = (
    "ratio of expected test losses (the estimate is a geometric mean): closed form, or the exact law where that is "
    "known to be off"
)


def source(prediction_value: float | None) -> str | None:
    """Where a ratio of predictions comes from."""
    return None if prediction_value is None else SOURCE
