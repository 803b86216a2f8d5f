"""The data and the start of seeds in the coordinates in which a linear model trains fastest, with the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from decaybench.config import Recipe
from decaybench.learning import span
from decaybench.learning.batch import Lane, constant_loss
from decaybench.learning.full_batch import singular_coordinates
from decaybench.tasks import Data, generate
from decaybench.tasks.streams import Purpose, stream

Path = Literal["general", "span", "full_batch"]
FULL_RANK = ("gaussian_linear",)  # tasks whose rows are almost surely independent, as `span` wants them


def path_of(recipe: Recipe, n_features: int) -> Path:
    """Which coordinates train a recipe: the fewest in which its steps are exactly the same."""
    training, model, n_train = recipe.training, recipe.model, recipe.task.n_train
    rotates = training.in_span and training.optimizer == "sgd" and model.dropout == 0  # type: ignore[union-attr]
    if rotates and training.batch_size >= n_train:
        return "full_batch"
    if rotates and recipe.task.kind in FULL_RANK and n_train + span.OUTSIDE < n_features:
        return "span"
    return "general"


@dataclass(frozen=True)
class SeedData:
    """Problems, each the data and the start of one seed, in the coordinates of a path."""

    path: Path
    training: tuple[Tensor, Tensor]  # what trains: [problems, n_train, features + 1] and [problems, n_train, 1]
    constant_loss: Tensor  # [problems, 1]: train loss of the best constant prediction
    evaluated: tuple[Tensor, Tensor]  # all rows on which losses are measured, and their targets
    splits: dict[str, tuple[slice, int]]  # where a split stands in them, and its true number of rows
    start: Tensor  # [problems, 2, features]: the standard normal draw of the weights, and the ones
    bias: Tensor  # [problems, 1]: the draw of the bias
    frame: Tensor  # what tells the parts of a norm: `span.row_space_basis`, R, or which coordinates are inside


def seed_data(lanes: Sequence[Lane]) -> SeedData:
    """The problem of every lane's seed."""
    data = [generate(lane.recipe.task, lane.seed) for lane in lanes]
    train_inputs, train_targets = _stacked(data, "train")
    n_features = train_inputs.shape[2]
    draw = _standard_normal(lanes, n_features, "weights")
    # A start is std·draw + mean·1: its coordinates for the draw and for the ones, [problems, 2, features].
    start = torch.stack([draw, torch.ones_like(draw)], dim=1)
    path, basis = path_of(lanes[0].recipe, n_features), None
    if path == "full_batch":
        singular = singular_coordinates(train_inputs, train_targets, draw)
        basis, frame = singular.basis, singular.in_row_space[:, :, None]
        start = start @ basis
    elif path == "span":
        basis, frame = span.dual_basis(train_inputs, draw)
        start = torch.eye(basis.shape[2], dtype=torch.float64)[-span.OUTSIDE :].expand(len(lanes), -1, -1)
    else:
        frame = span.row_space_basis(train_inputs)
    splits = {name: _stacked(data, name, basis) for name in Data._fields}
    with_ones = {name: (_with_ones(inputs), targets) for name, (inputs, targets) in splits.items()}
    evaluated, places = _evaluation(with_ones)
    return SeedData(
        path=path,
        training=(singular.rows, singular.targets) if path == "full_batch" else with_ones["train"],
        constant_loss=constant_loss(train_targets.numpy(), lanes[0].recipe.loss),
        evaluated=evaluated,
        splits=places,
        start=start,
        bias=_standard_normal(lanes, 1, "bias"),
        frame=frame,
    )


def _evaluation(
    splits: dict[str, tuple[Tensor, Tensor]],
) -> tuple[tuple[Tensor, Tensor], dict[str, tuple[slice, int]]]:
    """Rows, targets and places of all splits on which losses are measured."""
    compressed = [span.compress(*split) for split in splits.values()]
    ends = np.cumsum([0, *(inputs.shape[1] for inputs, _ in compressed)]).tolist()
    return (
        (torch.cat([inputs for inputs, _ in compressed], 1), torch.cat([targets for _, targets in compressed], 1)),
        {name: (slice(ends[i], ends[i + 1]), splits[name][0].shape[1]) for i, name in enumerate(splits)},
    )


def _stacked(data: list[Data], name: str, basis: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Inputs [problems, rows, features] and targets [problems, rows, 1] of a split, in a basis if one is given.

    Each problem is rotated by itself: the unrotated rows of all would be ten times as much to copy.
    """
    rows = [torch.as_tensor(getattr(item, name).inputs) for item in data]
    if basis is not None:
        rows = [own @ directions for own, directions in zip(rows, basis, strict=True)]
    targets = np.stack([getattr(item, name).targets for item in data])[:, :, None]
    return torch.stack(rows), torch.as_tensor(targets, dtype=torch.float64)


def _standard_normal(lanes: Sequence[Lane], size: int, purpose: Purpose) -> Tensor:
    return torch.as_tensor(np.stack([stream(lane.kind, lane.seed, purpose).standard_normal(size) for lane in lanes]))


def _with_ones(inputs: Tensor) -> Tensor:
    return torch.cat([inputs, torch.ones_like(inputs[:, :, :1])], dim=2)
