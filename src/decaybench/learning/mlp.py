"""Fully connected networks, one cell a lane, with the gradient written out as batched matrix products.

A linear model with several outputs is a network without a hidden layer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from decaybench.config import Linear, Mlp, Recipe
from decaybench.learning import networks
from decaybench.learning.batch import LOSS_FACTOR, Batch, Lane, Problem
from decaybench.learning.loop import Rows
from decaybench.learning.networks import Evaluation
from decaybench.learning.optimizers import Gradient
from decaybench.learning.span import row_and_null_norm, row_space_basis
from decaybench.tasks import Data
from decaybench.tasks.streams import stream

COLUMNS = networks.COLUMNS
shares = networks.shares


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of one cell while it trains, roughly."""
    widths = _widths(recipe, data.train.inputs.shape[1])
    parameters = sum((size + 1) * units for size, units in itertools.pairwise(widths))
    rows = sum(len(split.inputs) for split in data) + len(data.train.inputs)
    largest = max(len(split.inputs) for split in data)
    return 4 * (5 * parameters + rows * (widths[0] + widths[-1]) + 2 * largest * sum(widths[1:]))


@dataclass
class MlpModel:
    """Parameters are weight [cells, out, in] and bias [cells, out, 1] of each layer in turn.

    Activations are [cells, units, rows]: with the rows last, every product here is several times faster
    than with the units last, and softmax over the units is, too.
    """

    activation: str
    loss: str
    factor: Tensor  # [cells, 1, 1]: g of mse and half_mse
    keep: Tensor | None  # [cells, 1, 1]: 1 − dropout rate
    drops_inputs: bool
    evaluation: Evaluation

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        weights, biases = parameters[::2], parameters[1::2]
        masks = self._masks(rows.dropout, [weight.shape[1] for weight in weights[:-1]])
        activations = [rows.inputs.transpose(1, 2)]
        if self.drops_inputs and masks is not None:
            activations = [activations[0] * masks[0]]
        linear_parts = []
        for depth, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            linear_parts.append(torch.baddbmm(bias, weight, activations[-1]))
            hidden = self._activated(linear_parts[-1])
            activations.append(hidden if masks is None else hidden * masks[depth])
        predictions = torch.baddbmm(biases[-1], weights[-1], activations[-1])
        delta = self._loss_gradient(predictions, rows.targets.transpose(1, 2))
        gradients: list[Gradient] = []
        for depth in reversed(range(len(weights))):
            gradients[:0] = [torch.bmm(delta, activations[depth].transpose(1, 2)), delta.sum(2, keepdim=True)]
            if depth:
                delta = torch.bmm(weights[depth].transpose(1, 2), delta)
                if masks is not None:
                    delta.mul_(masks[depth - 1])
                delta = self._back_through(delta, linear_parts[depth - 1])
        return gradients

    def forward(self, parameters: list[Tensor], inputs: Tensor) -> Tensor:
        """Predictions [cells, rows, outputs] without dropout."""
        hidden = inputs.transpose(1, 2)
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            hidden = self._activated(torch.baddbmm(bias, weight, hidden))
        return torch.baddbmm(parameters[-1], parameters[-2], hidden).transpose(1, 2)

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        return self.evaluation.metrics(self.forward, parameters, networks.joint_norm(parameters[::2]))

    def finite(self, parameters: list[Tensor]) -> Tensor:
        return networks.finite(parameters)

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return networks.where(cells, new, old)

    def _activated(self, linear_part: Tensor) -> Tensor:
        return linear_part.relu() if self.activation == "relu" else linear_part.square()

    def _back_through(self, delta: Tensor, linear_part: Tensor) -> Tensor:
        if self.activation == "relu":
            return torch.ops.aten.threshold_backward(delta, linear_part, 0)
        return delta.mul_(linear_part).mul_(2)

    def _loss_gradient(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """∂ loss / ∂ predictions, both [cells, outputs, rows]; mse and half_mse differ by the factor."""
        outputs, rows = predictions.shape[1:]
        if self.loss == "cross_entropy":
            return (torch.softmax(predictions, dim=1) - targets).div_(rows)
        return (predictions - targets).mul_(self.factor / (rows * outputs))

    def _masks(self, draws: Tensor | None, widths: list[int]) -> list[Tensor] | None:
        """What dropout multiplies the inputs or each hidden layer with, [cells, units, rows]."""
        if draws is None or self.keep is None:
            return None
        mask = ((draws < self.keep).to(self.keep.dtype) / self.keep).transpose(1, 2)
        return [mask] if self.drops_inputs else list(mask.split(widths, dim=1))


def build(batch: Batch) -> Problem:
    """Load the data of every cell and set the parameters to their start."""
    recipe = batch.recipe
    linear = isinstance(recipe.model, Linear)
    splits, constant = networks.load(batch)
    inputs, targets = splits["train"]
    widths = _widths(recipe, inputs.shape[2])
    parameters = [
        torch.as_tensor(np.stack(values), dtype=batch.dtype, device=batch.device).transpose(1, 2).contiguous()
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
        row, null = row_and_null_norm(basis, parameters[0].transpose(1, 2))
        return {
            "weight_norm": norm,
            "row_space_norm": row.norm(dim=1, keepdim=True),
            "null_space_norm": null.norm(dim=1, keepdim=True),
        }

    units = (widths[0] if linear else sum(widths[1:-1])) if drops else 0
    is_bias = [False, True] * (len(widths) - 1)
    settings = networks.settings(batch, parameters, is_bias)
    return Problem(model, parameters, inputs, targets, constant, settings, units, describe)


def _widths(recipe: Recipe, n_features: int) -> list[int]:
    hidden = recipe.model.hidden if isinstance(recipe.model, Mlp) else []
    return [n_features, *hidden, networks.n_outputs(recipe)]


def _initial(lane: Lane, widths: list[int]) -> list[np.ndarray]:
    """Weight [in, out] and bias [1, out] of each layer.

    Uniform within ±1/√in as torch.nn.Linear, or the normal start of kind linear.
    """
    weights, biases = stream(lane.kind, lane.seed, "weights"), stream(lane.kind, lane.seed, "bias")
    model = lane.recipe.model
    if isinstance(model, Linear):
        weight = model.init_mean + model.init_std * weights.standard_normal((widths[0], widths[1]))
        return [weight, model.bias_init + model.bias_init_std * biases.standard_normal((1, widths[1]))]
    assert isinstance(model, Mlp)
    parameters = []
    for rows, columns in itertools.pairwise(widths):
        bound = model.init_scale / np.sqrt(rows)
        parameters += [
            weights.uniform(-bound, bound, (rows, columns)),
            biases.uniform(-bound, bound, (1, columns)),
        ]
    return parameters
