"""The one training loop: every lane of a batch at once, from the first step to the last record.

A lane is one seed's data with the cells that train on it side by side as columns: linear models put
24 cells in a lane, networks one. Tensors are [lanes, …, columns]; a column never touches another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from decaybench.learning.optimizers import Gradient, Optimizer, Settings

# A cell has diverged when its train loss exceeds this multiple of its value before the first step, or of the loss of
# the best constant prediction where that is larger: a start at the truth has no loss that others could be held to.
DIVERGENCE = 1_000.0


class Rows(NamedTuple):
    """The training rows of an epoch, in order, or of one step."""

    inputs: Tensor  # [lanes, rows, features]
    targets: Tensor  # [lanes, rows, outputs]
    dropout: Tensor | None  # uniform draws [lanes, rows, units]
    numbers: Tensor | None  # [lanes, rows]: which training rows they are; None: all, as they stand

    def part(self, rows: slice) -> Rows:
        """Some of these rows."""
        dropout = None if self.dropout is None else self.dropout[:, rows]
        numbers = None if self.numbers is None else self.numbers[:, rows]
        return Rows(self.inputs[:, rows], self.targets[:, rows], dropout, numbers)


class Model(Protocol):
    """What the loop needs of a model. Parameters are a list of tensors whose first axis is the lane."""

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        """Gradients of the mean training loss of the rows, one a parameter."""

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        """Each metric of each cell, [lanes, columns]: train_loss, …, weight_norm."""

    def finite(self, parameters: list[Tensor]) -> Tensor:
        """Whether all parameters of a cell are finite, [lanes, columns]."""

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        """A parameter that is `new` for the cells [lanes, columns] that are true, else `old`."""


@dataclass(frozen=True)
class Schedule:
    """How long and in what portions to train."""

    n_train: int
    batch_size: int
    epochs: int
    record_every: int
    optimizer: Optimizer

    @property
    def steps_per_epoch(self) -> int:
        return len(self.batches())

    def batches(self) -> list[slice]:
        """The rows of each step of an epoch; all there are when one batch holds them."""
        if self.batch_size >= self.n_train:
            return [slice(None)]
        return [slice(first, first + self.batch_size) for first in range(0, self.n_train, self.batch_size)]

    def records(self, epoch: int) -> bool:
        """Whether an epoch is recorded; the first and the last always are."""
        return epoch % self.record_every == 0 or epoch == self.epochs


@dataclass(frozen=True)
class Recording:
    """What training leaves behind, for every cell [lanes, columns]."""

    epochs: list[int]  # the recorded epochs, from 0
    metrics: dict[str, Tensor]  # [records, lanes, columns]
    kept: Tensor  # [lanes, columns]: index of the last record before divergence
    diverged: Tensor  # [lanes, columns], bool
    parameters: list[Tensor]  # as they were at the kept record


def train(
    model: Model,
    parameters: list[Tensor],
    inputs: Tensor,  # [lanes, n_train, features]
    targets: Tensor,  # [lanes, n_train, outputs]
    constant_loss: Tensor,  # [lanes, 1]: train loss of the best constant prediction
    schedule: Schedule,
    settings: Settings,
    orders: Iterator[Tensor | None],  # an epoch's row order [lanes, n_train]; None: as they stand
    dropouts: Iterator[Tensor | None],  # an epoch's uniform draws [lanes, n_train, units]; None: no dropout
    on_epoch: Callable[[], None] = lambda: None,
) -> Recording:
    """Train all lanes in place and record their metrics."""
    optimizer = schedule.optimizer
    state = optimizer.start(parameters, settings)
    history = [model.metrics(parameters)]
    epochs = [0]
    start_loss = history[0]["train_loss"]
    bound = DIVERGENCE * torch.maximum(start_loss, constant_loss)
    alive = torch.isfinite(start_loss) & model.finite(parameters)
    kept = torch.zeros_like(start_loss, dtype=torch.int64)
    snapshot = [parameter.clone() for parameter in parameters]
    step = 0
    for epoch in range(1, schedule.epochs + 1):
        order = next(orders)
        shuffled = Rows(*_reordered(inputs, targets, order), next(dropouts), order)
        for batch in schedule.batches():
            step += 1
            gradients = model.gradients(parameters, shuffled.part(batch))
            optimizer.update(parameters, gradients, state, settings, step)
        if schedule.records(epoch):
            metrics = model.metrics(parameters)
            alive = alive & _healthy(metrics, bound) & model.finite(parameters)
            kept = torch.where(alive, len(history), kept)
            snapshot = [model.where(alive, new, old) for new, old in zip(parameters, snapshot, strict=True)]
            history.append(metrics)
            epochs.append(epoch)
        on_epoch()
    stacked = {name: torch.stack([record[name] for record in history]) for name in history[0]}
    return Recording(epochs, stacked, kept, ~alive, snapshot)


def _reordered(inputs: Tensor, targets: Tensor, order: Tensor | None) -> tuple[Tensor, Tensor]:
    if order is None:
        return inputs, targets
    lanes, rows = order.shape
    flat = (order + torch.arange(lanes, device=order.device)[:, None] * rows).reshape(-1)
    return _gather(inputs, flat), _gather(targets, flat)


def _gather(values: Tensor, flat: Tensor) -> Tensor:
    lanes, rows, *rest = values.shape
    return values.reshape(lanes * rows, *rest).index_select(0, flat).view(values.shape)


def _healthy(metrics: dict[str, Tensor], bound: Tensor) -> Tensor:
    finite = torch.stack([torch.isfinite(metric) for metric in metrics.values()]).all(0)
    return finite & (metrics["train_loss"] <= bound)
