"""Linear models with one output: all cells of a seed as the columns of one matrix product, in float64.

The bias is the weight of a column of ones that is not decayed. Lanes have a fixed 24 columns, because the
last bits of a batched matrix product depend on the number of columns, but neither on their position nor on
the number of lanes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from decaybench.config.models import Linear, Recipe
from decaybench.learning import span
from decaybench.learning.batch import LOSS_FACTOR, Batch, Lane, Problem
from decaybench.learning.full_batch import residual_gradient, singular_coordinates
from decaybench.learning.loop import Rows
from decaybench.learning.optimizers import Gradient, RowGradient, Settings
from decaybench.tasks import Data, generate
from decaybench.tasks.streams import stream

COLUMNS = 24
FULL_RANK = ("gaussian_linear",)  # tasks whose rows are almost surely independent, as `span` wants them


def path_of(recipe: Recipe, n_features: int) -> Literal["general", "span", "full_batch"]:
    """Which coordinates train a recipe: the fewest in which its steps are exactly the same."""
    training, model, n_train = recipe.training, recipe.model, recipe.task.n_train
    rotates = training.in_span and training.optimizer == "sgd" and model.dropout == 0  # type: ignore[union-attr]
    if rotates and training.batch_size >= n_train:
        return "full_batch"
    if rotates and recipe.task.kind in FULL_RANK and n_train + span.OUTSIDE < n_features:
        return "span"
    return "general"


def shares(recipe: Recipe) -> Hashable:
    """Cells of one seed share a lane where this agrees: they see the same inputs."""
    return recipe.task.model_dump_json(), recipe.model.dropout  # type: ignore[union-attr]


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of one lane while it trains, roughly."""
    n_train, features = data.train.inputs.shape
    if path_of(recipe, features) != "general":
        features = min(n_train, features) + span.OUTSIDE
    rows = n_train * 2 + sum(min(len(split.inputs), features + 2) for split in data[1:])
    parameters = COLUMNS * (5 + 2 * (recipe.training.optimizer != "sgd"))
    return 8 * (features + 1) * (rows + parameters)


@dataclass
class LinearModel:
    """ŷ = [x, 1]·θ with θ [lanes, features + 1, columns]."""

    factor: Tensor  # [lanes, 1, columns]: g
    keep: Tensor | None  # [lanes, 1, 1]: 1 − dropout rate
    inputs: Tensor  # [lanes, all evaluated rows, features + 1]
    targets: Tensor  # [lanes, all evaluated rows, 1]
    splits: dict[str, tuple[slice, int]]  # where a split stands in them, and its true number of rows

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        inputs = rows.inputs
        if rows.dropout is not None and self.keep is not None:
            mask = (rows.dropout < self.keep) / self.keep
            inputs = torch.cat([inputs[:, :, :-1] * mask, inputs[:, :, -1:]], dim=2)
        residual = self._scaled_residual(parameters[0], inputs, rows.targets)
        return [torch.bmm(inputs.transpose(1, 2), residual)]

    def _scaled_residual(self, theta: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """g/B · (ŷ − y), [lanes, rows, columns]."""
        residual = torch.baddbmm(targets, inputs, theta, beta=-1)
        return residual.mul_(self.factor / inputs.shape[1])

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        squares = torch.baddbmm(self.targets, self.inputs, parameters[0], beta=-1).square_()
        losses = {
            f"{name}_loss": span.column_sums(squares[:, rows]) / count for name, (rows, count) in self.splits.items()
        }
        return {**losses, "weight_norm": self.norms(parameters)["weight_norm"]}

    def norms(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        """‖w‖₂ and its parts inside and outside of the row space, as far as the coordinates tell them."""
        return {"weight_norm": span.norm(parameters[0][:, :-1])}

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return torch.where(cells[:, None, :], new, old)


@dataclass
class FullBatchModel(LinearModel):
    """The same model with its training rows in singular coordinates, see `full_batch`."""

    in_row_space: Tensor  # [lanes, features, 1], bool
    n_train: int

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        return [residual_gradient(parameters[0], rows.inputs, rows.targets, self.factor / self.n_train)]

    def norms(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        weights = parameters[0][:, :-1]
        return {
            "weight_norm": span.norm(weights),
            "row_space_norm": span.norm(weights * self.in_row_space),
            "null_space_norm": span.norm(weights * ~self.in_row_space),
        }


@dataclass
class SpanModel(LinearModel):
    """The same model with θ = [α, c₁, c₂, b], see `span`."""

    triangle: Tensor  # [lanes, n + 2, n + 2]: R of `span.dual_basis`

    def __post_init__(self) -> None:
        lanes, size = len(self.triangle), self.triangle.shape[1] + 1
        self.ones = self.triangle.new_ones(lanes, 1, size)
        self.first = torch.arange(0, lanes * size, size, device=self.triangle.device)[:, None]  # a lane's row 0

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        residual = self._scaled_residual(parameters[0], rows.inputs, rows.targets)
        assert rows.numbers is not None
        positions = torch.cat([rows.numbers + self.first, self.first + self.triangle.shape[1]], dim=1)
        of_bias = torch.bmm(self.ones[:, :, : residual.shape[1]], residual)
        return [RowGradient(positions.view(-1), torch.cat([residual, of_bias], dim=1))]

    def norms(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        weights = torch.bmm(self.triangle, parameters[0][:, :-1])
        inside, outside = weights[:, : -span.OUTSIDE], weights[:, -span.OUTSIDE :]
        return {
            "weight_norm": span.norm(weights),
            "row_space_norm": span.norm(inside),
            "null_space_norm": span.norm(outside),
        }


def build(batch: Batch) -> Problem:
    """Draw the data of the lanes, choose coordinates and set the cells to their start."""
    index: dict[tuple[str, int], int] = {}
    owner = [index.setdefault((lane.recipe.task.model_dump_json(), lane.seed), len(index)) for lane in batch.lanes]
    first = {position: lane for lane, position in reversed(list(zip(batch.lanes, owner, strict=True)))}
    sources = [first[position] for position in range(len(index))]
    lane_of = torch.tensor(owner, device=batch.device)

    data = [generate(lane.recipe.task, lane.seed) for lane in sources]
    train_inputs, train_targets = _stacked(data, "train", batch.device)
    n_train, n_features = train_inputs.shape[1:]
    draw = _standard_normal(sources, n_features, batch.device)
    # A start is std·draw + mean·1: its coordinates for the draw and for the ones, [problems, 2, features].
    path = path_of(batch.recipe, n_features)
    if path == "full_batch":
        singular = singular_coordinates(train_inputs, train_targets, draw)
        basis = singular.basis
        start = torch.stack([draw, torch.ones_like(draw)], dim=1) @ basis
    elif path == "span":
        basis, triangle = span.dual_basis(train_inputs, draw)
        start = torch.eye(n_train + 2, dtype=batch.dtype, device=batch.device)[-2:].expand(len(draw), -1, -1)
    else:
        basis, start = None, torch.stack([draw, torch.ones_like(draw)], dim=1)
    splits = {name: _stacked(data, name, batch.device, basis) for name in Data._fields}
    with_ones = {name: (_with_ones(inputs), targets) for name, (inputs, targets) in splits.items()}
    training = with_ones["train"]
    common = batch.per_cell(lambda recipe: LOSS_FACTOR[recipe.loss]), _keep(batch), *_evaluation(with_ones, lane_of)
    if path == "full_batch":
        training = singular.rows, singular.targets
        model: LinearModel = FullBatchModel(*common, singular.in_row_space[lane_of][:, :, None], n_train)
    elif path == "span":
        model = SpanModel(*common, triangle[lane_of])
    else:
        model = LinearModel(*common)
        row_space = span.row_space_basis(train_inputs)
    theta = _initial(batch, start[lane_of], _standard_normal(sources, 1, batch.device, "bias")[lane_of])

    def describe(parameters: list[Tensor]) -> dict[str, Tensor]:
        norms = model.norms(parameters)
        if path == "general":
            row, null = span.row_and_null_norm(row_space[lane_of], parameters[0][:, :-1])
            norms = {**norms, "row_space_norm": row, "null_space_norm": null}
        return {**norms, "bias": parameters[0][:, -1]}

    return Problem(
        model=model,
        parameters=[theta],
        inputs=training[0][lane_of].contiguous(),
        targets=training[1][lane_of].contiguous(),
        settings=_settings(batch, theta),
        dropout_units=n_features if model.keep is not None else 0,
        describe=describe,
    )


def _evaluation(
    splits: dict[str, tuple[Tensor, Tensor]], lane_of: Tensor
) -> tuple[Tensor, Tensor, dict[str, tuple[slice, int]]]:
    """Rows, targets and places of all splits on which losses are measured."""
    compressed = [span.compress(*split) for split in splits.values()]
    ends = np.cumsum([0, *(inputs.shape[1] for inputs, _ in compressed)]).tolist()
    return (
        torch.cat([inputs for inputs, _ in compressed], dim=1)[lane_of],
        torch.cat([targets for _, targets in compressed], dim=1)[lane_of],
        {name: (slice(ends[i], ends[i + 1]), splits[name][0].shape[1]) for i, name in enumerate(splits)},
    )


def _stacked(data: list[Data], name: str, device: torch.device, basis: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Inputs [problems, rows, features] and targets [problems, rows, 1] of a split, in a basis if one is given.

    Each problem is rotated by itself: the unrotated rows of all would be ten times as much to copy.
    """
    rows = [torch.as_tensor(getattr(item, name).inputs, device=device) for item in data]
    if basis is not None:
        rows = [own @ directions for own, directions in zip(rows, basis, strict=True)]
    targets = np.stack([getattr(item, name).targets for item in data])[:, :, None]
    return torch.stack(rows), torch.as_tensor(targets, dtype=torch.float64, device=device)


def _standard_normal(lanes: list[Lane], size: int, device: torch.device, purpose: str = "weights") -> Tensor:
    draws = [stream(lane.kind, lane.seed, purpose).standard_normal(size) for lane in lanes]  # type: ignore[arg-type]
    return torch.as_tensor(np.stack(draws), device=device)


def _with_ones(inputs: Tensor) -> Tensor:
    return torch.cat([inputs, torch.ones_like(inputs[:, :, :1])], dim=2)


def _linear(lane_cell_model: object) -> Linear:
    assert isinstance(lane_cell_model, Linear)
    return lane_cell_model


def _initial(batch: Batch, start: Tensor, bias_draw: Tensor) -> Tensor:
    """θ at step 0: mean·1 + std·draw in the coordinates of `start` [lanes, 2, features], then the bias."""
    std = batch.per_cell(lambda recipe: _linear(recipe.model).init_std)
    mean = batch.per_cell(lambda recipe: _linear(recipe.model).init_mean)
    bias_std = batch.per_cell(lambda recipe: _linear(recipe.model).bias_init_std)
    bias = batch.per_cell(lambda recipe: _linear(recipe.model).bias_init)
    weights = start[:, 0, :, None] * std + start[:, 1, :, None] * mean
    return torch.cat([weights, bias + bias_std * bias_draw[:, :, None]], dim=1)


def _keep(batch: Batch) -> Tensor | None:
    rates = [_linear(lane.recipe.model).dropout for lane in batch.lanes]
    if not any(rates):
        return None
    return 1 - torch.tensor(rates, dtype=batch.dtype, device=batch.device)[:, None, None]


def _settings(batch: Batch, theta: Tensor) -> Settings:
    training = batch.recipe.training
    decay = batch.weight_decay()
    on_bias = decay * batch.per_cell(lambda recipe: recipe.training.decay_bias)
    momentum = batch.per_cell(lambda recipe: recipe.training.momentum)
    return Settings(
        learning_rate=[batch.per_cell(lambda recipe: recipe.training.learning_rate)],
        weight_decay=[torch.cat([decay.expand_as(theta[:, :-1]), on_bias], dim=1)],
        momentum=[momentum] if training.momentum else None,
        nesterov=training.nesterov,
    )
