"""Cells of one's own modules that train together: the gradient through torch.func, vectorised over all of them.

Only modules come here that `inspection` has found to be functions of their parameters, buffers and inputs, with bits
that company does not change. A loop over the cells takes about eight times as long for a small network.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from decaybench.learning import networks
from decaybench.learning.loop import Rows
from decaybench.learning.networks import Evaluation
from decaybench.learning.optimizers import Gradient

MOST_TOGETHER = 16  # cells of one call on a CPU: `inspection` tries up to so many


def mean_loss(predictions: Tensor, wanted: Tensor, loss: str, factor: Tensor) -> Tensor:
    """The training loss of one cell's rows; factor is g of THEORY, 2 for mse and 1 for half_mse."""
    if loss == "cross_entropy":
        return -(torch.log_softmax(predictions, dim=1) * wanted).sum(1).mean()
    return (predictions - wanted).square().mean() * (factor.squeeze() / 2)


@dataclass
class Together:
    """Parameters are those of the modules that train, stacked: [cells, …]; so is all else that is `fixed`."""

    skeleton: nn.Module  # in training mode; its own tensors are never used
    names: list[str]
    is_bias: list[bool]
    fixed: dict[str, Tensor]  # buffers, frozen parameters, those that get no gradient
    fixed_weights: list[str]
    loss: str
    factor: Tensor  # [cells, 1, 1]
    evaluation: Evaluation | None

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        def loss(
            own: dict[str, Tensor], fixed: dict[str, Tensor], inputs: Tensor, wanted: Tensor, factor: Tensor
        ) -> Tensor:
            return mean_loss(self._call(own, fixed, inputs), wanted, self.loss, factor)

        found = [
            vmap(grad(loss))(own, fixed, rows.inputs[part].clone(), rows.targets[part], self.factor[part])
            for part, own, fixed in self._parts(parameters)
        ]  # clone: a module may write into its inputs
        return [torch.cat([each[name] for each in found]).contiguous() for name in self.names]

    def forward(self, parameters: list[Tensor], inputs: Tensor) -> Tensor:
        """Predictions [cells, rows, outputs] in evaluation mode."""
        self.skeleton.eval()
        with torch.no_grad():
            found = [
                vmap(self._call)(own, fixed, inputs[part].clone()) for part, own, fixed in self._parts(parameters)
            ]
        self.skeleton.train()
        return torch.cat(found)

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        assert self.evaluation is not None
        return self.evaluation.metrics(self.forward, parameters, self._norm(parameters))

    def finite(self, parameters: list[Tensor]) -> Tensor:
        return networks.finite(parameters)

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return networks.where(cells, new, old)

    def describe(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        """The norm of all parameters but biases."""
        return {"weight_norm": self._norm(parameters)}

    def _call(self, own: dict[str, Tensor], fixed: dict[str, Tensor], inputs: Tensor) -> Tensor:
        return functional_call(self.skeleton, {**own, **fixed}, (inputs,))

    def _parts(self, parameters: list[Tensor]) -> Iterator[tuple[slice, dict[str, Tensor], dict[str, Tensor]]]:
        """The cells in equal parts: their place, and their parameters and fixed tensors by name."""
        cells = len(self.factor)
        count = -(-cells // MOST_TOGETHER) if self.factor.device.type == "cpu" else 1
        ends = [cells * index // count for index in range(count + 1)]
        for first, last in itertools.pairwise(ends):
            part = slice(first, last)
            own = {name: parameter[part] for name, parameter in zip(self.names, parameters, strict=True)}
            yield part, own, {name: tensor[part] for name, tensor in self.fixed.items()}

    def _norm(self, parameters: list[Tensor]) -> Tensor:
        weights = [parameter for parameter, bias in zip(parameters, self.is_bias, strict=True) if not bias]
        return networks.joint_norm([*weights, *(self.fixed[name] for name in self.fixed_weights)])
