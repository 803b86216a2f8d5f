"""Where a claim is judged: trainings chosen by what they contain, never by the names of studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts, prediction
from decaybench.analysis.early_stopping import Curves, curves
from decaybench.analysis.fact import paired, resolution_of
from decaybench.analysis.statistics import FloatArray
from decaybench.config import Config, GaussianLinear, Linear, Polynomial, Variant

HEAVY_TAILS = 1.25  # the factor around n = p within which medians are shown
NEAR_THRESHOLD = (0.7, 1.3)  # rows per weight between which a fit nearly interpolates


@dataclass(frozen=True, eq=False)
class Arm:
    """One variant of one study with its tables."""

    study: str
    variant: Variant
    cells: pd.DataFrame
    history: pd.DataFrame

    @property
    def resolution(self) -> float:
        """The loss up to which a loss counts as 0."""
        return resolution_of(self.variant)

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Seeds × λ of each metric, where no cell diverged."""
        names = ("train_loss", "validation_loss", "test_loss", "weight_norm", "init_norm", "bias")
        return {name: paired(self.cells, name) for name in names}

    @property
    def decays(self) -> list[float]:
        """The λ at which all is measured."""
        return [float(decay) for decay in self.tables["test_loss"].columns]

    @property
    def seeds(self) -> list[int]:
        """The seeds at which all is measured."""
        return [int(seed) for seed in self.tables["test_loss"].index]

    def chosen(self, among: Sequence[float]) -> float:
        """The λ of lowest mean validation loss; test rows have no say."""
        average = self.tables["validation_loss"][list(among)].mean()
        return float(average.index[int(average.to_numpy().argmin())])

    def column(self, metric: str, decay: float) -> pd.Series[float]:
        """A metric at a λ, by seed."""
        return self.tables[metric][decay]

    def curves(self, decay: float) -> Curves | None:
        """The history of a λ."""
        return curves(self.history, self.cells, decay)

    def predicted(self, decay: float, epochs: int | None = None) -> float | None:
        """Theory's expected test loss."""
        found = prediction.predict(self.variant, [decay], self.seeds, epochs)
        return None if found is None else float(found.test_loss[0])

    @property
    def setting(self) -> tuple[object, ...]:
        """What distinguishes regimes: data, noise, rows per weight, start, optimizer. Arms alike in it are one."""
        task, model, training = self.variant.task, self.variant.model, self.variant.training
        noise = getattr(task, "noise_std", getattr(task, "label_noise", None))
        start = (model.init_std, model.init_mean, model.bias_init_std) if isinstance(model, Linear) else None
        return task.kind, noise, self.scarcity, model.kind, start, training.optimizer, training.decay_bias

    @property
    def scarcity(self) -> str:
        """Rows per weight, in four classes; other data than Gaussian ones are one class."""
        task = self.variant.task
        if not isinstance(task, GaussianLinear):
            return "as given"
        share = task.n_train / task.n_features
        low, high = NEAR_THRESHOLD
        return "few" if share < 0.25 else "fewer" if share < low else "near" if share <= high else "many"

    def label(self, en: str = "", zh: str = "") -> dict[str, str]:
        """Words for a reader: data, rows, noise, start; then what else is told apart."""
        task, model, training = self.variant.task, self.variant.model, self.variant.training
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


def forgets_start(arm: Arm) -> bool:
    """Whether the error may lie in directions that the data never touch: random weights, more of them than rows."""
    return starts_random(arm) and arm.variant.task.n_train <= arm.variant.task.n_features


def starts_random(arm: Arm) -> bool:
    """Whether a linear model starts from weights other than zero, so that there is something to forget."""
    model = arm.variant.model
    return isinstance(model, Linear) and (model.init_std > 0 or model.init_mean != 0)


def near_threshold(variants: Sequence[Variant]) -> bool:
    """Whether some have about as many rows as weights: losses have heavy tails, and a few seeds decide the mean."""
    ratios = [v.task.n_train / v.task.n_features for v in variants if isinstance(v.task, GaussianLinear)]
    return any(1 / HEAVY_TAILS < ratio < HEAVY_TAILS for ratio in ratios)


class Case:
    """All trainings of a config."""

    def __init__(self, arms: Sequence[Arm]) -> None:
        self.arms = [arm for arm in arms if arm.decays and arm.seeds]

    @classmethod
    def of(cls, config: Config, cells: dict[str, pd.DataFrame], histories: dict[str, pd.DataFrame]) -> Case:
        """From the tables of every study, by name."""
        return cls(
            [
                Arm(study.name, variant, own[own["variant"] == variant.name], past[past["variant"] == variant.name])
                for study in config.studies
                for own, past in [(cells[study.name], histories[study.name])]
                for variant in study.resolved()
            ]
        )

    def settings(self, wanted: Callable[[Arm], bool]) -> list[Arm]:
        """One arm a setting among the wanted ones, that with most λ and seeds; in the config's order."""
        best: dict[tuple[object, ...], Arm] = {}
        for arm in filter(wanted, self.arms):
            old = best.get(arm.setting)
            if old is None or len(arm.decays) * len(arm.seeds) > len(old.decays) * len(old.seeds):
                best[arm.setting] = arm
        return [arm for arm in self.arms if best.get(arm.setting) is arm]

    def families(self, key: str, also: contrasts.Keys = ()) -> list[list[Arm]]:
        """Arms of one study that differ in one key, see `contrasts.families`; each family is there once."""
        families: list[list[Arm]] = []
        for study in dict.fromkeys(arm.study for arm in self.arms):
            arms = {arm.variant.name: arm for arm in self.arms if arm.study == study}
            for members in contrasts.families([arm.variant for arm in arms.values()], key, also):
                family = [arms[variant.name] for variant in members]
                if not any(_repeats(family, earlier) for earlier in families):
                    families.append(family)
        return families


def _repeats(family: Sequence[Arm], other: Sequence[Arm]) -> bool:
    pairs = zip(family, other, strict=False)
    return len(family) == len(other) and all(contrasts.same_training(a.variant, b.variant) for a, b in pairs)


def on_common_seeds(first: Arm, others: Sequence[Arm]) -> tuple[list[Arm], list[int]]:
    """Which of the others can be compared with the first and with each other, and on which seeds."""
    return contrasts.with_common_seeds(first.seeds, {arm: arm.seeds for arm in others})


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


def row_pairs(case: Case) -> list[tuple[Arm, Arm]]:
    """Fewest rows against most, and against about as many rows as weights, where trainings differ in rows."""
    pairs: list[tuple[Arm, Arm]] = []
    for few, *more_rows in case.families(contrasts.ROWS, also=contrasts.WITH_ROWS):
        others = [arm for arm in more_rows if not set(few.seeds).isdisjoint(arm.seeds)]
        near = [arm for arm in others if arm.scarcity == "near" and isinstance(arm.variant.task, GaussianLinear)]
        nearest = sorted(near, key=lambda arm: abs(arm.variant.task.n_train - arm.variant.task.n_features))
        pairs += [(few, more) for more in dict.fromkeys([*nearest[:1], *others[-1:]])]
    return pairs


SOURCE = (
    "ratio of expected test losses (the estimate is a geometric mean): closed form, or the exact law where that is "
    "known to be off"
)


def source(prediction_value: float | None) -> str | None:
    """Where a ratio of predictions comes from."""
    return None if prediction_value is None else SOURCE
