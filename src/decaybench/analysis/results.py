"""What there is of an experiment: variants, studies and all of them, each with its facts and tables.

The one view that claims, figures and the page build on. Nothing is computed here but what a table or a recipe says
at once; whatever takes a formula or a bootstrap has a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from decaybench.analysis import contrasts
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import BASE, Config, GaussianLinear, Grid, Linear, Study, Training, Variant

Fact = Mapping[str, Any]
Facts = Mapping[str, Fact]

NEAR_THRESHOLD = (0.7, 1.3)  # rows per weight between which a fit nearly interpolates

View = TypeVar("View", bound="VariantResults")


def paired(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric as a table seeds × λ, of the λ and seeds at which no cell diverged."""
    table = cells[~cells["diverged"]].pivot(index="seed", columns="weight_decay", values=metric)
    complete = table.dropna(axis="columns")
    return complete if complete.shape[1] else table.dropna(axis="index")


def overlap_of(variant: Variant) -> float | None:
    """n_test / n_train where seeds are random splits of one data set, see `statistics.means`."""
    task = variant.task
    return task.n_test / task.n_train if task.collected else None


@dataclass(frozen=True, eq=False)
class VariantResults:
    """One variant of one study; facts of the whole experiment, tables of the variant alone."""

    study: str
    variant: Variant
    facts: Facts = field(default_factory=dict)
    cells: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    history: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    # --- what its recipe says

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.variant.name

    @property
    def task(self) -> Any:
        return self.variant.task

    @property
    def model(self) -> Any:
        return self.variant.model

    @property
    def training(self) -> Training:
        return self.variant.training

    @property
    def grid(self) -> Grid:
        return self.variant.grid

    @property
    def overlap(self) -> float | None:
        """See `overlap_of`."""
        return overlap_of(self.variant)

    @property
    def steps(self) -> int:
        """Training steps of a cell."""
        return steps_of(self.variant)

    @property
    def gradient_factor(self) -> float:
        """g, what differentiating the loss leaves behind."""
        return gradient_factor_of(self.variant)

    @property
    def scarcity(self) -> str:
        """Rows per weight, in four classes; other data than Gaussian ones are one class."""
        if not isinstance(self.task, GaussianLinear):
            return "as given"
        share = self.task.n_train / self.task.n_features
        low, high = NEAR_THRESHOLD
        return "few" if share < 0.25 else "fewer" if share < low else "near" if share <= high else "many"

    @property
    def setting(self) -> tuple[object, ...]:
        """Data, noise, rows per weight, start, optimizer: variants alike in it are one setting."""
        task, model, training = self.task, self.model, self.training
        noise = getattr(task, "noise_std", getattr(task, "label_noise", None))
        start = (model.init_std, model.init_mean, model.bias_init_std) if isinstance(model, Linear) else None
        return task.kind, noise, self.scarcity, model.kind, start, training.optimizer, training.decay_bias

    # --- its facts

    @property
    def prefix(self) -> str:
        """The start of every fact id of this variant."""
        return f"{self.study}/{self.variant.name}"

    def id(self, label: str, metric: str) -> str:
        """The fact id of a metric at a λ."""
        return f"{self.prefix}/{label}/{metric}"

    def has(self, label: str, metric: str) -> bool:
        """Whether a metric was measured at a λ."""
        return self.facts.get(self.id(label, metric), {}).get("value") is not None

    def value(self, key: str) -> Any:
        """The value of a fact of the variant, None when it is absent."""
        return self.facts.get(f"{self.prefix}/{key}", {}).get("value")

    @property
    def chosen_weight_decay(self) -> float | None:
        """The λ with the lowest mean validation loss; None when no cell survived."""
        found: float | None = self.value("chosen/weight_decay")
        return found

    # --- its tables

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The cells that did not diverge."""
        return self.cells[~self.cells["diverged"]]

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

    def column(self, metric: str, decay: float) -> pd.Series[float]:
        """A metric at a λ, by seed."""
        return self.tables[metric][decay]

    def choose(self, among: Sequence[float]) -> float:
        """The λ of lowest mean validation loss among some; test rows have no say."""
        average = self.tables["validation_loss"][list(among)].mean()
        return float(average.index[int(average.to_numpy().argmin())])


@dataclass(frozen=True, eq=False)
class StudyResults:
    """One study: its variants, the base first."""

    study: Study
    facts: Facts = field(default_factory=dict)
    cells: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    history: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.name

    @cached_property
    def variants(self) -> tuple[VariantResults, ...]:
        """In the order of the config."""
        return self._views(VariantResults)

    @property
    def base(self) -> VariantResults:
        """The study without overrides."""
        return next(variant for variant in self.variants if variant.name == BASE)

    def _views(self, view: type[View]) -> tuple[View, ...]:
        return tuple(
            view(self.name, variant, self.facts, _of(self.cells, variant), _of(self.history, variant))
            for variant in self.study.resolved()
        )


def _of(table: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    return table[table["variant"] == variant.name] if len(table) else table


class Experiment:
    """All variants of a config that have a cell to show."""

    def __init__(self, variants: Sequence[VariantResults]) -> None:
        self.variants = [variant for variant in variants if variant.decays and variant.seeds]

    @classmethod
    def of(cls, config: Config, cells: dict[str, pd.DataFrame], histories: dict[str, pd.DataFrame]) -> Experiment:
        """From the tables of every study, by name."""
        studies = [StudyResults(s, cells=cells[s.name], history=histories[s.name]) for s in config.studies]
        return cls([variant for study in studies for variant in study.variants])

    def settings(self, wanted: Callable[[VariantResults], bool]) -> list[VariantResults]:
        """One variant a setting among the wanted ones, that with most λ and seeds; in the config's order."""
        best: dict[tuple[object, ...], VariantResults] = {}
        for variant in filter(wanted, self.variants):
            old = best.get(variant.setting)
            if old is None or len(variant.decays) * len(variant.seeds) > len(old.decays) * len(old.seeds):
                best[variant.setting] = variant
        return [variant for variant in self.variants if best.get(variant.setting) is variant]

    def families(self, key: str, also: contrasts.Keys = ()) -> list[list[VariantResults]]:
        """Variants of one study that differ in one key, see `contrasts.families`; each family is there once."""
        families: list[list[VariantResults]] = []
        for study in dict.fromkeys(variant.study for variant in self.variants):
            own = {variant.name: variant for variant in self.variants if variant.study == study}
            for members in contrasts.families([variant.variant for variant in own.values()], key, also):
                family = [own[variant.name] for variant in members]
                if not any(_repeats(family, earlier) for earlier in families):
                    families.append(family)
        return families


def _repeats(family: Sequence[VariantResults], other: Sequence[VariantResults]) -> bool:
    pairs = zip(family, other, strict=False)
    return len(family) == len(other) and all(contrasts.same_training(a.variant, b.variant) for a, b in pairs)
