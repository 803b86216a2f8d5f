"""Linear models with one output: all cells of a seed as the columns of one matrix product, in float64.

The bias is the weight of a column of ones that is not decayed. Lanes have a fixed 24 columns, because the
last bits of a batched matrix product depend on the number of columns, but neither on their position nor on
the number of lanes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from decaybench.cells.recipe import LINEAR_COLUMNS
from decaybench.config import Linear, Recipe
from decaybench.learning import span
from decaybench.learning.batch import LOSS_FACTOR, Batch, Problem
from decaybench.learning.coordinates import path_of, seed_data
from decaybench.learning.full_batch import residual_gradient
from decaybench.learning.loop import Rows
from decaybench.learning.optimizers import Gradient, RowGradient, Settings
from decaybench.tasks import Data

COLUMNS = LINEAR_COLUMNS
SEEDS_AT_ONCE = 64  # whose unrotated rows are in memory, ten times as much as the rotated ones


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
    scales: dict[int, Tensor] = field(default_factory=dict, init=False)  # see `_scale`

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        inputs = rows.inputs
        if rows.dropout is not None and self.keep is not None:
            mask = (rows.dropout < self.keep) / self.keep
            inputs = torch.cat([inputs[:, :, :-1] * mask, inputs[:, :, -1:]], dim=2)
        residual = self._scaled_residual(parameters[0], inputs, rows.targets)
        return [torch.bmm(inputs.transpose(1, 2), residual)]

    def _scaled_residual(self, theta: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """g/B · (ŷ − y), [lanes, rows, columns]."""
        return torch.baddbmm(targets, inputs, theta, beta=-1).mul_(self._scale(inputs.shape[1]))

    def _scale(self, rows: int) -> Tensor:
        """g/B, [lanes, rows, columns]: written out once, since a step is faster without broadcasting it."""
        if rows not in self.scales:
            self.scales[rows] = (self.factor / rows).expand(-1, rows, -1).contiguous()
        return self.scales[rows]

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        squares = torch.baddbmm(self.targets, self.inputs, parameters[0], beta=-1).square_()
        losses = {
            f"{name}_loss": span.column_sums(squares[:, rows]) / count for name, (rows, count) in self.splits.items()
        }
        return {**losses, "weight_norm": span.norm(self.weights(parameters[0]))}

    def weights(self, theta: Tensor) -> Tensor:
        """The weights in orthonormal coordinates, [lanes, coordinates, columns]."""
        return theta[:, :-1]

    def norms(self, weights: Tensor) -> dict[str, Tensor]:
        """The norms of the parts of `weights` inside and outside of the row space, if the coordinates tell them."""
        return {}

    def finite(self, parameters: list[Tensor]) -> Tensor:
        return torch.isfinite(parameters[0]).all(1)

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return torch.where(cells[:, None, :], new, old)


@dataclass
class FullBatchModel(LinearModel):
    """The same model with its training rows in singular coordinates, see `full_batch`."""

    in_row_space: Tensor  # [lanes, features, 1], bool

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        n_train = self.splits["train"][1]
        return [residual_gradient(parameters[0], rows.inputs, rows.targets, self.factor / n_train)]

    def norms(self, weights: Tensor) -> dict[str, Tensor]:
        return {
            "row_space_norm": span.norm(weights * self.in_row_space),
            "null_space_norm": span.norm(weights * ~self.in_row_space),
        }


@dataclass
class SpanModel(LinearModel):
    """The same model with θ = [α, c₁, c₂, b], see `span`."""

    triangle: Tensor  # [lanes, n + 2, n + 2]: R of `span.dual_basis`

    def __post_init__(self) -> None:
        lanes, size = len(self.triangle), self.triangle.shape[1] + 1
        self.first = torch.arange(0, lanes * size, size, device=self.triangle.device)[:, None]  # a lane's row 0

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        residual = self._scaled_residual(parameters[0], rows.inputs, rows.targets)
        assert rows.numbers is not None
        # Summed row after row: `sum` takes the rows of some columns in another order than those of others.
        of_bias = residual.cumsum(1)[:, -1:]
        return [RowGradient((rows.numbers + self.first).view(-1), residual, of_bias)]

    def weights(self, theta: Tensor) -> Tensor:
        return torch.bmm(self.triangle, theta[:, :-1])

    def norms(self, weights: Tensor) -> dict[str, Tensor]:
        return {
            "row_space_norm": span.norm(weights[:, : -span.OUTSIDE]),
            "null_space_norm": span.norm(weights[:, -span.OUTSIDE :]),
        }


def build(batch: Batch) -> Problem:
    """Draw the data of the lanes and set the cells to their start.

    All that is done before the first step is done on the CPU, where a seed's bits do not depend on the others.
    """
    index: dict[tuple[str, int], int] = {}
    lane_of = [index.setdefault((lane.recipe.task.model_dump_json(), lane.seed), len(index)) for lane in batch.lanes]
    first = {position: lane for lane, position in reversed(list(zip(batch.lanes, lane_of, strict=True)))}
    sources = [first[position] for position in range(len(index))]
    seeds = [seed_data(sources[i : i + SEEDS_AT_ONCE]) for i in range(0, len(sources), SEEDS_AT_ONCE)]

    def of_lanes(tensors: Iterable[Tensor]) -> Tensor:
        return torch.cat(list(tensors))[lane_of].to(batch.device)

    path = seeds[0].path
    frame = of_lanes(seed.frame for seed in seeds)
    common = (
        batch.per_cell(lambda recipe: LOSS_FACTOR[recipe.loss]),
        _keep(batch),
        of_lanes(seed.evaluated[0] for seed in seeds),
        of_lanes(seed.evaluated[1] for seed in seeds),
        seeds[0].splits,
    )
    model: LinearModel
    if path == "full_batch":
        model = FullBatchModel(*common, frame)
    elif path == "span":
        model = SpanModel(*common, frame)
    else:
        model = LinearModel(*common)
    theta = _initial(batch, of_lanes(seed.start for seed in seeds), of_lanes(seed.bias for seed in seeds))

    def describe(parameters: list[Tensor]) -> dict[str, Tensor]:
        weights = model.weights(parameters[0])
        parts = model.norms(weights)
        if path == "general":
            row, null = span.row_and_null_norm(frame, weights)
            parts = {"row_space_norm": row, "null_space_norm": null}
        return {"weight_norm": span.norm(weights), **parts, "bias": parameters[0][:, -1]}

    return Problem(
        model=model,
        parameters=[theta],
        inputs=of_lanes(seed.training[0] for seed in seeds),
        targets=of_lanes(seed.training[1] for seed in seeds),
        constant_loss=of_lanes(seed.constant_loss for seed in seeds),
        settings=_settings(batch, theta),
        dropout_units=theta.shape[1] - 1 if model.keep is not None else 0,
        describe=describe,
    )


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
