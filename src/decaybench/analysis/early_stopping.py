"""Early stopping, read off the history: each seed keeps the epoch at which its own validation loss was lowest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from decaybench.analysis.effects import compare_losses, decision_facts, ratio_fact
from decaybench.analysis.fact import Fact, fact, plain_fact, resolution_of, unit_of
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import FloatArray, mean, median
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.tables import LOSSES
from decaybench.config import Variant


@dataclass(frozen=True)
class Curves:
    """The history of one λ, of the seeds that did not diverge."""

    epochs: FloatArray  # [epochs]
    seeds: list[int]
    train: FloatArray  # [seeds, epochs]
    validation: FloatArray
    test: FloatArray

    @property
    def stop(self) -> np.ndarray:
        """Each seed's own stop [seeds], a position among the epochs."""
        return np.asarray(self.validation.argmin(axis=1))

    @property
    def stopped_test(self) -> FloatArray:
        """Test loss of each seed at its own stop [seeds]."""
        return np.asarray(self.test[np.arange(len(self.test)), self.stop])

    @property
    def turn(self) -> int:
        """The position at which the mean validation loss is lowest."""
        return int(self.validation.mean(axis=0).argmin())


def curves(history: pd.DataFrame, cells: pd.DataFrame, weight_decay: float) -> Curves | None:
    """The curves of one variant's λ; None where nothing is left. Both tables are of one variant."""
    healthy = cells[(cells["weight_decay"] == weight_decay) & ~cells["diverged"]]["seed"]
    own = history[(history["weight_decay"] == weight_decay) & history["seed"].isin(healthy)]
    if own.empty:
        return None
    tables = [own.pivot(index="seed", columns="epoch", values=metric) for metric in LOSSES]
    if any(table.isna().to_numpy().any() for table in tables):
        return None
    train, validation, test = (table.to_numpy(np.float64) for table in tables)
    epochs = tables[0].columns.to_numpy(np.float64)
    return Curves(epochs, [int(seed) for seed in tables[0].index], train, validation, test)


def early_stopping_facts(variant: Variant, cells: pd.DataFrame, history: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """Where training without decay (else with the least) would have been stopped, and what that gives."""
    smallest = min(variant.grid.weight_decay)
    found = curves(history, cells, smallest)
    if found is None or len(found.epochs) < 3:
        return
    n, c = len(found.seeds), correction(variant, "validation", "test")
    method = f"lowest validation loss of each seed's history, λ = {weight_decay_label(smallest)}"
    yield "early_stopping/weight_decay", plain_fact(smallest, "λ", "smallest of the grid", n)
    yield "early_stopping/epoch", fact(median(found.epochs[found.stop]), "epochs")
    yield "early_stopping/test_loss", fact(mean(found.stopped_test, correction=c), unit_of(variant))
    pair = found.stopped_test, found.test[:, -1]
    gain = compare_losses(variant, *pair, resolution_of(variant), ("validation", "test"))
    yield "early_stopping/test_loss_ratio", ratio_fact(gain)
    yield from decision_facts("early_stopping/test_loss", gain)
    at_end = float(np.mean(found.stop == len(found.epochs) - 1))
    yield "early_stopping/share_never_stopped", plain_fact(at_end, "share", method, n)
