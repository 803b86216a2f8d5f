"""What a batch of lanes is, and what a model's file hands to the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from decaybench import tasks
from decaybench.cells.grid import Cell
from decaybench.cells.recipe import GRADIENT_FACTORS
from decaybench.config import Recipe
from decaybench.learning.loop import Model
from decaybench.learning.optimizers import Optimizer, Settings
from decaybench.tasks.streams import Purpose, shuffled_rows, stream

LOSS_FACTOR = GRADIENT_FACTORS  # g of THEORY
ORDER_BUFFER = 2_000_000  # row numbers of future epochs that are held at once


@dataclass(frozen=True)
class Lane:
    """One seed's data and the cells that train on it side by side."""

    cells: list[Cell]

    @property
    def recipe(self) -> Recipe:
        """The recipe of the first cell; data and shapes are those of all."""
        return self.cells[0].recipe

    @property
    def seed(self) -> int:
        return self.cells[0].seed

    @property
    def kind(self) -> str:
        return self.recipe.task.kind


@dataclass(frozen=True)
class Batch:
    """Lanes that train together; each has `columns` columns, and those without a cell hold zeros."""

    lanes: list[Lane]
    columns: int
    device: torch.device
    dtype: torch.dtype

    @property
    def recipe(self) -> Recipe:
        """The recipe of the first cell: its structure is that of all."""
        return self.lanes[0].recipe

    def weight_decay(self) -> Tensor:
        """λ of every cell, [lanes, 1, columns]."""
        table = np.zeros((len(self.lanes), 1, self.columns))
        for row, lane in enumerate(self.lanes):
            table[row, 0, : len(lane.cells)] = [cell.weight_decay for cell in lane.cells]
        return self._tensor(table)

    def per_cell(self, value: Callable[[Recipe], float]) -> Tensor:
        """A number of each cell's recipe, [lanes, 1, columns]."""
        recipes, index = self._recipes
        return self._tensor(np.array([*(float(value(recipe)) for recipe in recipes), 0.0])[index])

    @cached_property
    def _recipes(self) -> tuple[list[Recipe], NDArray[np.int64]]:
        """The distinct recipes, and which of them each cell [lanes, 1, columns] has; −1 is none."""
        distinct: dict[int, tuple[int, Recipe]] = {}  # by identity: thousands of cells share a few recipes
        index = np.full((len(self.lanes), 1, self.columns), -1)
        for row, lane in enumerate(self.lanes):
            index[row, 0, : len(lane.cells)] = [
                distinct.setdefault(id(cell.recipe), (len(distinct), cell.recipe))[0] for cell in lane.cells
            ]
        return [recipe for _, recipe in distinct.values()], index

    def _tensor(self, table: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(table, dtype=self.dtype, device=self.device)


@dataclass(frozen=True)
class Problem:
    """A batch of lanes, ready for the loop."""

    model: Model
    parameters: list[Tensor]
    inputs: Tensor  # [lanes, n_train, features]
    targets: Tensor  # [lanes, n_train, outputs]
    constant_loss: Tensor  # [lanes, 1]: train loss, without ½, of the best constant prediction
    settings: Settings
    dropout_units: int  # uniform draws a row and step; 0 without dropout
    describe: Callable[[list[Tensor]], dict[str, Tensor]]  # norms and bias of every cell, [lanes, columns]
    optimizer: Optimizer | None = None  # of a model that brings its own; else the loop's
    notes: Callable[[], list[str]] | None = None  # of one's own modules: what each lane says of its parameters
    solved: bool = False  # whether the parameters are at their optimum already: no step is taken


def constant_loss(targets: NDArray[np.float64], loss: str) -> Tensor:
    """Train loss [lanes, 1] of the best constant prediction of targets [lanes, n_train, outputs]."""
    return torch.as_tensor(tasks.constant_loss(targets, loss))[:, None]


def row_orders(batch: Batch) -> Iterator[Tensor | None]:
    """The order of the training rows [lanes, n_train], epoch after epoch; None for full batches."""
    lanes, task, training = batch.lanes, batch.recipe.task, batch.recipe.training
    if training.batch_size >= task.n_train:
        while True:
            yield None
    sources = _sources(lanes, "batches")
    done = 0
    while done < training.epochs:
        ahead = min(training.epochs - done, max(1, ORDER_BUFFER // (task.n_train * len(lanes))))
        drawn = {key: shuffled_rows(source, ahead, task.n_train) for key, source in sources.items()}
        block = torch.as_tensor(np.stack([drawn[lane.kind, lane.seed] for lane in lanes]), device=batch.device)
        for epoch in range(ahead):
            yield block[:, epoch]
        done += ahead


def dropout_draws(batch: Batch, units: int) -> Iterator[Tensor | None]:
    """Uniform draws [lanes, n_train, units], epoch after epoch: a unit is dropped where they are below the rate."""
    if not units:
        while True:
            yield None
    shape = (batch.recipe.task.n_train, units)
    sources = _sources(batch.lanes, "dropout")
    while True:
        drawn = {key: source.random(shape, dtype=np.float32) for key, source in sources.items()}
        block = np.stack([drawn[lane.kind, lane.seed] for lane in batch.lanes])
        yield torch.as_tensor(block, dtype=batch.dtype, device=batch.device)


def _sources(lanes: list[Lane], purpose: Purpose) -> dict[tuple[str, int], np.random.Generator]:
    keys = {(lane.kind, lane.seed) for lane in lanes}
    return {key: stream(*key, purpose) for key in keys}
