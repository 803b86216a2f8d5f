"""What a figure may draw: facts for means and intervals, cells for dots, history for curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from decaybench.analysis.fact import Fact
from decaybench.analysis.splits import correction, evaluated_rows
from decaybench.analysis.statistics import FloatArray, means
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.tables import ACCURACIES, KEYS, LOSSES
from decaybench.config import BASE, Study, Variant

CELL_COLUMNS = [
    "variant", "weight_decay", "seed", "steps", "diverged", *LOSSES, *ACCURACIES,
    "weight_norm", "row_space_norm", "null_space_norm", "initial_null_space_norm",
]  # fmt: skip


DRAWN = ("series", "variant", "weight_decay", "seed", "setting", "axis", "x", "value", "low", "high", "n")


@dataclass(frozen=True)
class Line:
    """Means along an axis, each array [points]; low and high are NaN where there is no interval."""

    x: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def has_band(self) -> bool:
        return bool(np.isfinite(self.low).any())

    def within(self, floor: float, ceiling: float) -> Line:
        """The interval cut to what an axis can show: a symmetric one may leave a log axis, or a share's range."""
        return Line(self.x, self.value, np.clip(self.low, floor, ceiling), np.clip(self.high, floor, ceiling))


@dataclass(frozen=True)
class StudyData:
    """The results of one study."""

    study: Study
    cells_path: Path
    history_path: Path
    facts: dict[str, Fact]
    notes: list[pd.DataFrame] = field(default_factory=list)  # what figures have asked for so far

    @classmethod
    def read(cls, study: Study, cells: Path, history: Path, facts: Path) -> StudyData:
        """Open a study's files; tables are read when a figure asks for them."""
        return cls(study, cells, history, json.loads(facts.read_text(encoding="utf-8")))

    def note(self, series: str, axis: str, x: Any, value: Any, **columns: Any) -> None:
        """Remember numbers that a figure draws, for the table beside it; arrays [points] and what all points share.

        What comes from facts, history and cells through this class is remembered without being told.
        """
        self.notes.append(pd.DataFrame({"series": series, "axis": axis, "x": x, "value": value, **columns}))

    def drawn(self) -> pd.DataFrame:
        """All that was noted since the last call, one row a number, in the order of drawing."""
        table = pd.concat([note.reindex(columns=DRAWN).astype(object) for note in self.notes] or [pd.DataFrame()])
        self.notes.clear()
        return table.reindex(columns=DRAWN).drop_duplicates(ignore_index=True)

    @cached_property
    def variants(self) -> list[Variant]:
        """The base first, then the variants in the order of the config."""
        return self.study.resolved()

    @cached_property
    def base(self) -> Variant:
        return next(variant for variant in self.variants if variant.name == BASE)

    @cached_property
    def cells(self) -> pd.DataFrame:
        # Categories: a million cells share a handful of names.
        return pq.read_table(self.cells_path, columns=CELL_COLUMNS, read_dictionary=["variant"]).to_pandas()

    def runs(self, variant: Variant) -> pd.DataFrame:
        """The cells of a variant that did not diverge."""
        return self.cells[(self.cells["variant"] == variant.name) & ~self.cells["diverged"]]

    def fact(self, variant: Variant, rest: str) -> Any:
        """The value of a fact, None when there is none."""
        return self.facts.get(f"{self.study.name}/{variant.name}/{rest}", {}).get("value")

    def chosen(self, variant: Variant) -> float | None:
        """The λ with the lowest mean validation loss."""
        return self.fact(variant, "chosen/weight_decay")

    def seeds(self, variant: Variant, metric: str = "train_loss") -> list[int]:
        """How many seeds stand behind the mean at each λ that has one."""
        grid = sorted(variant.grid.weight_decay)
        own = [self.facts.get(f"{self.study.name}/{variant.name}/{weight_decay_label(w)}/{metric}") for w in grid]
        return [fact["n"] for fact in own if fact is not None and fact["value"] is not None]

    def along_weight_decay(self, variant: Variant, metric: str, noted: bool = True) -> Line:
        """Means of a metric at each λ of a variant that has one, ascending. noted: whether they are drawn."""
        return self.along([(w, variant, w) for w in sorted(variant.grid.weight_decay)], metric, noted=noted)

    def along(
        self,
        cells: Sequence[tuple[float, Variant, float]],
        metric: str,
        axis: str = "weight_decay",
        noted: bool = True,
    ) -> Line:
        """Means of a metric along any axis.

        cells: place on the axis, variant, λ; those without a mean are left out.
        """
        rows, names = [], []
        for place, variant, weight_decay in cells:
            key = f"{self.study.name}/{variant.name}/{weight_decay_label(weight_decay)}/{metric}"
            fact = self.facts.get(key)
            if fact is not None and fact["value"] is not None:
                rows.append([place, fact["value"], fact["low"], fact["high"], weight_decay, fact["n"] or np.nan])
                names.append(variant.name)
        x, value, low, high, decays, n = np.array(rows, dtype=np.float64).reshape(-1, 6).T
        if noted:
            self.note(metric, axis, x, value, variant=names, weight_decay=decays, low=low, high=high, n=n)
        return Line(x, value, low, high)

    def along_epochs(
        self, variant: Variant, weight_decay: Sequence[float], metrics: Sequence[str], points: int = 44
    ) -> dict[tuple[float, str], Line]:
        """Means over seeds at recorded epochs, by λ and metric; of cells that did not diverge.

        points: about how many epochs are kept of a longer history, denser at the start, where losses fall.
        """
        table = pq.read_table(
            self.history_path,
            columns=[*list(KEYS)[1:], "epoch", *metrics],
            filters=[("variant", "==", variant.name), ("weight_decay", "in", list(weight_decay))],
        ).to_pandas()
        healthy = self.runs(variant)
        lines = {}
        for value in weight_decay:
            seeds = healthy.loc[healthy["weight_decay"] == value, "seed"]
            own = table[(table["weight_decay"] == value) & table["seed"].isin(seeds)]
            if own.empty:
                continue
            epochs = _thinned(np.sort(own["epoch"].unique()), points)
            own = own[own["epoch"].isin(epochs)]
            for metric in metrics:
                wide = own.pivot(index="seed", columns="epoch", values=metric).dropna()
                lines[value, metric] = line = _line(wide, correction(variant, *evaluated_rows(metric)))
                self.note(
                    metric, "epoch", line.x, line.value, variant=variant.name, weight_decay=value, low=line.low,
                    high=line.high, n=len(wide),
                )  # fmt: skip
        return lines


def _line(wide: pd.DataFrame, shared: float | None) -> Line:
    """Means and intervals by Student's t of wide [seeds, epochs]; bootstrapping every epoch would cost seconds."""
    if wide.empty:
        return Line(*np.empty((4, 0)))
    estimates = means(wide.to_numpy(np.float64), correction=shared or 0.0)
    columns = [[e.value for e in estimates], [e.low for e in estimates], [e.high for e in estimates]]
    return Line(wide.columns.to_numpy(np.float64), *np.array(columns, dtype=np.float64))


def _thinned(epochs: Any, points: int) -> Any:
    """At most `points` of ascending epochs, the first and the last among them."""
    last = len(epochs) - 1
    if last < points:
        return epochs
    even = np.linspace(0, last, points * 2 // 3)
    early = np.geomspace(1, last, points - len(even))
    return epochs[np.unique(np.concatenate([even, early]).round().astype(int))]
