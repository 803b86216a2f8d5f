"""Training on data in memory by the same engine: losses of many splits, and the parameters of one fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from decaybench.cells.grid import Cell
from decaybench.config import Linear, Model, Recipe, Training
from decaybench.learning import device, networks
from decaybench.learning.batch import LOSS_FACTOR, Lane
from decaybench.learning.block import train_cells, train_lanes
from decaybench.learning.exact import solve
from decaybench.tasks import Data, Split
from decaybench.tasks.arrays import Arrays, held

Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]  # weight [in, out] and bias [out] of each layer


class FittedRecipe(Recipe):
    """A recipe on data in memory."""

    task: Arrays  # type: ignore[assignment]


def validation_losses(
    data: Sequence[Data], units: Sequence[float], n_classes: int | None, model: Model, training: Training,
    weight_decay: Sequence[float],
) -> NDArray[np.float64]:  # fmt: skip
    """Validation loss [splits, λ] of every split, all trained as batches; NaN where a training diverged.

    Splits of one shape train together. units: of the targets, see `tasks.target_unit`.
    """
    losses = np.full((len(data), len(weight_decay)), np.nan)
    shapes: dict[tuple[int, int], list[int]] = {}
    for position, own in enumerate(data):
        shapes.setdefault((len(own.train.targets), len(own.validation.targets)), []).append(position)
    for members in shapes.values():
        with held([data[i] for i in members], [units[i] for i in members], n_classes) as task:
            recipe = FittedRecipe(task=task, model=model, training=training)
            cells = [
                Cell(recipe, "", "", decay, seed, f"{seed}:{column}")
                for column, decay in enumerate(weight_decay)
                for seed in range(len(members))
            ]
            rows = train_cells(cells)[0]
            for key, loss, diverged in zip(
                *(rows[name].to_pylist() for name in ("cell_key", "validation_loss", "diverged")), strict=True
            ):
                seed, column = map(int, key.split(":"))
                losses[members[seed], column] = np.nan if diverged else loss
    return losses


def fit(
    inputs: NDArray[np.float64], targets: NDArray[np.float64] | NDArray[np.int64], n_classes: int | None,
    model: Model, training: Training, weight_decay: float, n_fits: int = 1,
) -> list[Layers]:  # fmt: skip
    """The layers of models that train on all rows [n, p]; n_fits: from how many starts."""
    if training.optimizer == "exact":
        return [_solved(inputs, targets, n_classes, training, weight_decay)]
    few = Split(inputs[:1], targets[:1])  # validation and test: measured, and of no consequence
    data = Data(Split(inputs, targets), few, few)
    with held([data] * n_fits, [1.0] * n_fits, n_classes) as task, device.settled():
        plain = training.model_copy(update={"in_span": False, "record_every": training.epochs})
        recipe = FittedRecipe(task=task, model=model, training=plain)
        lanes = [Lane([Cell(recipe, "", "", weight_decay, seed, str(seed))]) for seed in range(n_fits)]
        _, recording, _, _ = train_lanes(lanes, torch.device("cpu"))
    parameters = [parameter.double().numpy() for parameter in recording.parameters]
    if isinstance(model, Linear) and n_classes is None:  # [weights, bias] are the rows of one matrix
        return [[(theta[:-1, :1], theta[-1, :1])] for theta in parameters[0][:n_fits]]
    return [
        [
            (weight[fitted].T, bias[fitted][:, 0])
            for weight, bias in zip(parameters[::2], parameters[1::2], strict=True)
        ]
        for fitted in range(n_fits)
    ]


def _solved(
    inputs: NDArray[np.float64], targets: NDArray[np.float64] | NDArray[np.int64], n_classes: int | None,
    training: Training, weight_decay: float,
) -> Layers:  # fmt: skip
    loss = training.loss or ("mse" if n_classes is None else "cross_entropy")
    wanted = torch.as_tensor(networks.as_targets(targets, n_classes), dtype=torch.float64)
    found = solve(
        torch.as_tensor(inputs), wanted, [weight_decay], [LOSS_FACTOR[loss]], loss, training.decay_bias
    )  # fmt: skip
    return [(found.weights[0].numpy(), found.biases[0].numpy())]
