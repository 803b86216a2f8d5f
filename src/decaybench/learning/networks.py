"""What all networks share: a lane a cell, data, losses and settings. The model's own file has the forward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from decaybench.config import Recipe, Training
from decaybench.learning.batch import Batch, constant_loss
from decaybench.learning.optimizers import Settings
from decaybench.tasks import Data, generate

COLUMNS = 1  # a lane holds one cell
Forward = Callable[[list[Tensor], Tensor], Tensor]  # parameters, inputs [cells, rows, …] → [cells, rows, outputs]


def shares(recipe: Recipe) -> None:
    """Networks do not share lanes."""


@dataclass(frozen=True)
class Evaluation:
    """The splits of every cell: inputs [cells, rows, features], targets [cells, rows, outputs]."""

    splits: dict[str, tuple[Tensor, Tensor]]
    loss: str
    classes: bool

    def metrics(self, forward: Forward, parameters: list[Tensor], weight_norm: Tensor) -> dict[str, Tensor]:
        """Losses without penalty or ½, accuracies of classes, and the norm of the weights; each [cells, 1]."""
        metrics = {}
        for name, (inputs, targets) in self.splits.items():
            predictions = forward(parameters, inputs)
            if self.loss == "cross_entropy":
                loss = -(torch.log_softmax(predictions, dim=2) * targets).sum(2).mean(1)
            else:
                loss = (predictions - targets).square_().mean((1, 2))
            metrics[f"{name}_loss"] = loss.double()[:, None]
            if self.classes:
                hits = predictions.argmax(2) == targets.argmax(2)
                metrics[f"{name}_accuracy"] = hits.double().mean(1)[:, None]
        return {**metrics, "weight_norm": weight_norm}


def load(batch: Batch) -> tuple[dict[str, tuple[Tensor, Tensor]], Tensor]:
    """The splits of every lane's seed, classes as one-hot targets; and the train loss of a constant, [lanes, 1]."""
    made: dict[tuple[str, int], Data] = {}
    for lane in batch.lanes:
        key = lane.recipe.task.model_dump_json(), lane.seed
        if key not in made:
            made[key] = generate(lane.recipe.task, lane.seed)
    data = [made[lane.recipe.task.model_dump_json(), lane.seed] for lane in batch.lanes]
    classes = batch.recipe.n_classes
    splits, targets = {}, {}
    for name in Data._fields:
        inputs = np.stack([getattr(item, name).inputs for item in data])
        targets[name] = as_targets(np.stack([getattr(item, name).targets for item in data]), classes)
        splits[name] = (
            torch.as_tensor(inputs, dtype=batch.dtype, device=batch.device),
            torch.as_tensor(targets[name], dtype=batch.dtype, device=batch.device),
        )
    return splits, constant_loss(targets["train"], batch.recipe.loss).to(batch.device)


def as_targets(targets: NDArray[Any], classes: int | None) -> NDArray[Any]:
    """Targets [..., rows] with an axis of outputs: one for numbers, one-hot for classes."""
    return targets[..., None] if classes is None else np.eye(classes)[targets]


def n_outputs(recipe: Recipe) -> int:
    """Width of the last layer."""
    return recipe.n_classes or 1


def settings(batch: Batch, parameters: list[Tensor], is_bias: list[bool]) -> Settings:
    """Each cell's learning rate, weight decay and momentum, shaped [cells, 1, …] like each parameter."""

    def spread(table: Tensor) -> list[Tensor]:
        return [table.reshape(-1, *(1,) * (parameter.ndim - 1)) for parameter in parameters]

    def number(value: Callable[[Training], float]) -> Tensor:
        return batch.per_cell(lambda recipe: value(recipe.training))

    decay = batch.weight_decay()
    on_weights, on_biases = spread(decay), spread(decay * number(lambda training: training.decay_bias))
    training = batch.recipe.training
    return Settings(
        learning_rate=spread(number(lambda training: training.learning_rate)),
        weight_decay=[b if bias else w for w, b, bias in zip(on_weights, on_biases, is_bias, strict=True)],
        momentum=spread(number(lambda training: training.momentum)) if training.momentum else None,
        nesterov=training.nesterov,
    )


def joint_norm(weights: list[Tensor]) -> Tensor:
    """‖w‖₂ over all weights of a cell, [cells, 1]."""
    squares = [weight.double().flatten(1).square().sum(1) for weight in weights]
    return torch.stack(squares).sum(0).sqrt()[:, None]


def finite(parameters: list[Tensor]) -> Tensor:
    """Whether all parameters of a cell are finite, [cells, 1]."""
    return torch.stack([torch.isfinite(parameter).flatten(1).all(1) for parameter in parameters]).all(0)[:, None]


def where(cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """A parameter that is new for the cells [cells, 1] that are true."""
    return torch.where(cells.reshape(-1, *(1,) * (new.ndim - 1)), new, old)
