"""What there is of a study and of its variants: facts, tables and series.

The one view that claims, figures and the page build on, and all of the analysis that a figure may import. Nothing is
computed here but what a table or a recipe says at once; whatever takes a formula or a bootstrap has its own module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from decaybench.analysis import contrasts
from decaybench.analysis.lines import SERIES_SCHEMA
from decaybench.analysis.lines import FloatArray as FloatArray
from decaybench.analysis.lines import Line as Line
from decaybench.analysis.lines import along as along
from decaybench.analysis.lines import rows as rows
from decaybench.analysis.lines import table_of as table_of
from decaybench.analysis.lines import telling as telling
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.cells.tables import ACCURACIES, LOSSES
from decaybench.config import BASE, GaussianLinear, Grid, Linear, Study, Training, Variant

Fact = Mapping[str, Any]
Facts = Mapping[str, Fact]

DRAWN_COLUMNS = ["variant", "weight_decay", "seed", "diverged", *LOSSES, *ACCURACIES, "weight_norm"]
NEAR_THRESHOLD = (0.7, 1.3)  # rows per weight between which a fit nearly interpolates

View = TypeVar("View", bound="VariantResults")


def paired(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric as a table seeds × λ, of the λ and seeds at which no cell diverged."""
    table = cells[~cells["diverged"]].pivot(index="seed", columns="weight_decay", values=metric)
    complete = table.dropna(axis="columns")
    return complete if complete.shape[1] else table.dropna(axis="index")


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
    def starts_random(self) -> bool:
        return isinstance(self.model, Linear) and self.model.init_std > 0

    @property
    def training(self) -> Training:
        return self.variant.training

    @property
    def grid(self) -> Grid:
        return self.variant.grid

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
    def near_threshold(self) -> bool:
        """See `contrasts.near_threshold`."""
        return contrasts.near_threshold([self.variant])

    @property
    def setting(self) -> tuple[object, ...]:
        """Data, noise, rows per weight, start, optimizer: variants alike in it are one setting."""
        task, model, training = self.task, self.model, self.training
        noise = getattr(task, "noise_std", getattr(task, "label_noise", None))
        start = (model.init_std, model.init_mean, model.bias_init_std) if isinstance(model, Linear) else None
        return task.kind, noise, self.scarcity, model.kind, start, training.optimizer, training.decay_bias

    @property
    def loss(self) -> str:
        """The loss that is trained."""
        return self.variant.loss

    @property
    def n_classes(self) -> int | None:
        """Number of classes, None when the target is a number."""
        return self.variant.n_classes

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

    @property
    def measured_weight_decay(self) -> list[float]:
        """The λ that have a mean, ascending."""
        return [w for w in sorted(self.grid.weight_decay) if self.has(weight_decay_label(w), "test_loss")]

    @property
    def telling_weight_decay(self) -> list[float]:
        """Up to four λ of the grid that tell its story, see `telling`."""
        return telling(sorted(self.grid.weight_decay), self.chosen_weight_decay)

    @property
    def first_seed(self) -> int:
        """The seed whose own weights and rows are shown."""
        return self.grid.seed_list()[0]

    def along_weight_decay(self, metric: str) -> Line:
        """Means of a metric at each λ that has one, ascending."""
        return along([(w, self, w) for w in sorted(self.grid.weight_decay)], metric)

    def counts(self, metric: str = "train_loss") -> list[int]:
        """How many seeds stand behind the mean at each λ that has one."""
        labels = [weight_decay_label(w) for w in sorted(self.grid.weight_decay)]
        return [self.facts[self.id(label, metric)]["n"] for label in labels if self.has(label, metric)]

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
        """The λ of lowest geometric mean validation loss among some; test rows have no say."""
        losses = self.tables["validation_loss"][list(among)]
        average = np.log(losses.clip(lower=np.finfo(np.float64).tiny)).mean()
        return float(average.index[int(average.to_numpy().argmin())])


@dataclass(frozen=True, eq=False)
class StudyResults:
    """One study: its variants, the base first."""

    study: Study
    facts: Facts = field(default_factory=dict)
    cells: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    history: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    series: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SERIES_SCHEMA.names), repr=False)

    @classmethod
    def read(cls, study: Study, facts: Path, cells: Path, series: Path) -> StudyResults:
        """What figures need; of the cells only the columns that are drawn."""
        # Categories: a million cells share a handful of names.
        own = pq.read_table(cells, columns=DRAWN_COLUMNS, read_dictionary=["variant"]).to_pandas()
        known = json.loads(facts.read_text(encoding="utf-8"))
        return cls(study, known, own, series=pq.read_table(series).to_pandas())

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

    @property
    def from_zero(self) -> VariantResults | None:
        """The base's training from zero weights, where the base starts from random ones and this was tried, too."""
        base = self.base
        alike = (v for v in self.variants if contrasts.differs_only_in(v.variant, base.variant, contrasts.START))
        return next((own for own in alike if base.starts_random and not own.starts_random), None)

    def series_of(self, figure: str, name: str | None = None) -> pd.DataFrame:
        """The series of a figure, or one of them."""
        own = self.series[self.series["figure"] == figure]
        return own if name is None else own[own["series"] == name]

    def families(self, key: str) -> list[list[VariantResults]]:
        """Variants on the base's seeds that differ in one key alone, sorted by it, see `contrasts.families`."""
        own = {variant.name: variant for variant in self.variants}
        paired = [v.variant for v in self.variants if contrasts.same_seeds(v.variant, self.base.variant)]
        return [[own[member.name] for member in family] for family in contrasts.families(paired, key)]

    def by_optimizer(self) -> dict[str, VariantResults]:
        """The base and what is like it but for the optimizer, on the same seeds and some of its λ."""
        base = self.base
        found: dict[str, VariantResults] = {base.training.optimizer: base}
        for other in self.variants:
            alike = contrasts.differs_only_in(other.variant, base.variant, "training.optimizer")
            paired = alike and contrasts.same_seeds(other.variant, base.variant)
            if paired and common_weight_decay([*found.values(), other]):
                found.setdefault(other.training.optimizer, other)
        return found

    def _views(self, view: type[View]) -> tuple[View, ...]:
        return tuple(
            view(self.name, variant, self.facts, _of(self.cells, variant), _of(self.history, variant))
            for variant in self.study.resolved()
        )


def _of(table: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    return table[table["variant"] == variant.name] if len(table) else table


def common_weight_decay(variants: Sequence[VariantResults]) -> list[float]:
    """The λ that all of some variants have, ascending."""
    return contrasts.common_weight_decay([variant.variant for variant in variants])


def same_loss(variants: Sequence[VariantResults]) -> bool:
    """Whether losses may stand on one axis, see `contrasts.same_loss`."""
    return contrasts.same_loss(*(variant.variant for variant in variants))


def differ_only_in(variants: Sequence[VariantResults], key: str) -> bool:
    """Whether there are two or more, and any two of them differ in a key and in nothing else."""
    pairs = list(combinations([variant.variant for variant in variants], 2))
    return bool(pairs) and all(contrasts.differs_only_in(one, other, key) for one, other in pairs)
