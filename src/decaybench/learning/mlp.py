"""Fully connected networks, one cell a lane, with the gradient written out as batched matrix products.

A linear model with several outputs is a network without a hidden layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from decaybench.config import Linear, Mlp, Recipe
from decaybench.learning import networks
from decaybench.learning.batch import LOSS_FACTOR, Batch, Lane, Problem
from decaybench.learning.networks import Evaluation
from decaybench.learning.span import row_and_null_norm, row_space_basis
from decaybench.streams import stream
from decaybench.tasks import Data

COLUMNS = networks.COLUMNS
lane_key = networks.lane_key


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of one cell while it trains, roughly."""
    widths = _widths(recipe, data.train.inputs.shape[1])
    parameters = sum((rows + 1) * columns for rows, columns in zip(widths, widths[1:], strict=False))
    rows = sum(len(split.inputs) for split in data) + len(data.train.inputs)
    return 4 * (
        5 * parameters + rows * (widths[0] + widths[-1]) + max(map(len, (s.inputs for s in data))) * sum(widths[1:])
    )


@dataclass
class MlpModel:
    """Parameters are weight [cells, in, out] and bias [cells, 1, out] of each layer in turn."""

    activation: str
    loss: str
    factor: Tensor  # [cells, 1, 1]: g of mse and half_mse
    keep: Tensor | None  # [cells, 1, 1]: 1 − dropout rate
    drops_inputs: bool
    evaluation: Evaluation

    def gradients(
        self, parameters: list[Tensor], inputs: Tensor, targets: Tensor, dropout: Tensor | None
    ) -> list[Tensor]:
        layers = list(zip(parameters[::2], parameters[1::2], strict=True))
        masks = self._masks(dropout, [weight.shape[2] for weight, _ in layers[:-1]])
        if self.drops_inputs and masks is not None:
            inputs = inputs * masks[0]
        activations, slopes = [inputs], []
        for depth, (weight, bias) in enumerate(layers[:-1]):
            hidden = torch.baddbmm(bias, activations[-1], weight)
            slope = (hidden > 0).to(hidden.dtype) if self.activation == "relu" else 2 * hidden
            hidden = hidden.relu_() if self.activation == "relu" else hidden.square_()
            if masks is not None:
                hidden, slope = hidden * masks[depth], slope * masks[depth]
            activations.append(hidden)
            slopes.append(slope)
        predictions = torch.baddbmm(layers[-1][1], activations[-1], layers[-1][0])
        delta = networks.loss_gradient(predictions, targets, self.loss, self.factor)
        gradients: list[Tensor] = []
        for depth in reversed(range(len(layers))):
            gradients[:0] = [torch.bmm(activations[depth].transpose(1, 2), delta), delta.sum(1, keepdim=True)]
            if depth:
                delta = torch.bmm(delta, layers[depth][0].transpose(1, 2)).mul_(slopes[depth - 1])
        return gradients

    def forward(self, parameters: list[Tensor], inputs: Tensor) -> Tensor:
        """Predictions [cells, rows, outputs] without dropout."""
        hidden = inputs
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            hidden = torch.baddbmm(bias, hidden, weight)
            hidden = hidden.relu_() if self.activation == "relu" else hidden.square_()
        return torch.baddbmm(parameters[-1], hidden, parameters[-2])

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        return self.evaluation.metrics(self.forward, parameters, networks.joint_norm(parameters[::2]))

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return networks.where(cells, new, old)

    def _masks(self, draws: Tensor | None, widths: list[int]) -> list[Tensor] | None:
        if draws is None or self.keep is None:
            return None
        mask = (draws < self.keep).to(self.keep.dtype) / self.keep
        return [mask] if self.drops_inputs else list(mask.split(widths, dim=2))


def build(batch: Batch) -> Problem:
    """Load the data of every cell and set the parameters to their start."""
    recipe = batch.recipe
    linear = isinstance(recipe.model, Linear)
    splits = networks.load(batch)
    inputs, targets = splits["train"]
    widths = _widths(recipe, inputs.shape[2])
    parameters = [
        torch.as_tensor(np.stack(values), dtype=batch.dtype, device=batch.device)
        for values in zip(*(_initial(lane, widths) for lane in batch.lanes), strict=True)
    ]
    rates = batch.per_cell(lambda recipe: recipe.model.dropout)  # type: ignore[union-attr]
    drops = bool(recipe.model.dropout)  # type: ignore[union-attr]
    model = MlpModel(
        activation=recipe.model.activation if isinstance(recipe.model, Mlp) else "relu",
        loss=recipe.loss,
        factor=batch.per_cell(lambda recipe: LOSS_FACTOR[recipe.loss]),
        keep=1 - rates if drops else None,
        drops_inputs=linear,
        evaluation=Evaluation(splits, recipe.loss, recipe.n_classes is not None),
    )
    basis = row_space_basis(inputs) if linear else None

    def describe(parameters: list[Tensor]) -> dict[str, Tensor]:
        norm = networks.joint_norm(parameters[::2])
        if basis is None:
            return {"weight_norm": norm}
        row, null = row_and_null_norm(basis, parameters[0])
        return {
            "weight_norm": norm,
            "row_space_norm": row.norm(dim=1, keepdim=True),
            "null_space_norm": null.norm(dim=1, keepdim=True),
        }

    units = (widths[0] if linear else sum(widths[1:-1])) if drops else 0
    is_bias = [False, True] * (len(widths) - 1)
    return Problem(model, parameters, inputs, targets, networks.settings(batch, parameters, is_bias), units, describe)


def _widths(recipe: Recipe, n_features: int) -> list[int]:
    hidden = recipe.model.hidden if isinstance(recipe.model, Mlp) else []
    return [n_features, *hidden, networks.n_outputs(recipe)]


def _initial(lane: Lane, widths: list[int]) -> list[np.ndarray]:
    """Weight and bias of each layer; uniform within ±1/√in as torch.nn.Linear, or the normal start of `linear`."""
    weights, biases = stream(lane.kind, lane.seed, "weights"), stream(lane.kind, lane.seed, "bias")
    model = lane.recipe.model
    if isinstance(model, Linear):
        weight = model.init_mean + model.init_std * weights.standard_normal((widths[0], widths[1]))
        return [weight, model.bias_init + model.bias_init_std * biases.standard_normal((1, widths[1]))]
    assert isinstance(model, Mlp)
    parameters = []
    for rows, columns in zip(widths, widths[1:], strict=False):
        bound = model.init_scale / np.sqrt(rows)
        parameters += [
            weights.uniform(-bound, bound, (rows, columns)),
            biases.uniform(-bound, bound, (1, columns)),
        ]
    return parameters
