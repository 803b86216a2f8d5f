"""Linear models at their optimum, without steps: what training with weight decay converges to.

Squared loss: the minimum of the mean loss + (λ/2)‖w‖² is ridge with α = nKλ/g (K outputs), of which one thin singular
value decomposition of a split gives every λ; at λ = 0 it is the shortest solution. Cross-entropy, one logit a class:
Newton's method, its steps by conjugate gradients in the singular coordinates of the rows. The bias is free unless
`decay_bias`. Cells start from zero and never meet, so a cell's bits do not depend on the others of its lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from decaybench.config import Recipe
from decaybench.learning import linear, networks, span
from decaybench.learning.batch import LOSS_FACTOR, Batch, Problem, constant_loss
from decaybench.learning.loop import Rows
from decaybench.learning.newton import minimise_cross_entropy
from decaybench.learning.optimizers import Gradient, Optimizer, Settings, State
from decaybench.tasks import Data, generate

COLUMNS = linear.COLUMNS


def _no_state(parameters: list[Tensor], settings: Settings) -> State:
    return {}


def _no_step(
    parameters: list[Tensor], gradients: list[Gradient], state: State, settings: Settings, step: int
) -> None:
    """Nothing is left to do."""


NO_STEPS = Optimizer(_no_state, _no_step)


def shares(recipe: Recipe) -> str:
    """Cells of one seed share a lane: they see the same rows."""
    return recipe.task.model_dump_json()


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of what is kept of a lane once it is solved; the rows of one lane at a time come on top."""
    return 8 * COLUMNS * (data.train.inputs.shape[1] + 20) * networks.n_outputs(recipe)


@dataclass(frozen=True)
class Solution:
    """Weights [cells, features, outputs] and biases [cells, outputs]."""

    weights: Tensor
    biases: Tensor


def solve(
    inputs: Tensor, targets: Tensor, weight_decay: Sequence[float], factor: Sequence[float], loss: str,
    decay_bias: bool = False,
) -> Solution:  # fmt: skip
    """The optimum at each λ on inputs [n, p] and targets [n, outputs], both float64; classes are one-hot.

    factor: g of every cell's loss, see `LOSS_FACTOR`.
    """
    n, outputs = targets.shape
    mean = torch.zeros_like(inputs[0]) if decay_bias else inputs.mean(0)
    rows = torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1) if decay_bias else inputs - mean
    u, singular, vh = torch.linalg.svd(rows, full_matrices=False)
    reached = singular > span.RANK_TOLERANCE * singular.max() if len(singular) else singular.bool()
    if loss == "cross_entropy":
        left, vh = u[:, reached] * singular[reached], vh[reached]
        inner = minimise_cross_entropy(left, targets, weight_decay, free_bias=not decay_bias)
        coordinates, free = inner[:, : len(vh)], inner[:, len(vh) :]
    else:
        centre = torch.zeros_like(targets[:1]) if decay_bias else targets.mean(0, keepdim=True)
        projections = u.T @ (targets - centre)
        alpha = [n * outputs * decay / g for decay, g in zip(weight_decay, factor, strict=True)]
        filters = [torch.where(reached, singular / (singular.square() + a), 0.0) for a in alpha]
        coordinates = torch.stack([f[:, None] * projections for f in filters])
        free = centre.expand(len(weight_decay), 1, outputs)
    weights = torch.stack([vh.T @ own for own in coordinates])
    if decay_bias:
        return Solution(weights[:, :-1], weights[:, -1])
    return Solution(weights, free[:, 0] - torch.stack([mean @ own for own in weights]))


@dataclass
class SolvedModel:
    """Cells that are at their optimum: what the loop records of them is known."""

    recorded: dict[str, Tensor]  # [lanes, columns]

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        raise NotImplementedError("nothing is trained")

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        return self.recorded

    def finite(self, parameters: list[Tensor]) -> Tensor:
        return torch.isfinite(parameters[0]).all(1)

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return torch.where(cells[:, None, :], new, old)


def build(batch: Batch) -> Problem:
    """Solve the lanes one after the other, so that the rows of one split at a time are in memory."""
    found = [
        _solved(
            lane.recipe, lane.seed, [cell.weight_decay for cell in lane.cells],
            [LOSS_FACTOR[cell.recipe.loss] for cell in lane.cells],
        )
        for lane in batch.lanes
    ]  # fmt: skip
    stacked = {name: torch.stack([own[name] for own in found]) for name in found[0]}
    constant = stacked.pop("constant_loss")
    described: dict[str, Tensor] = {"weight_norm": stacked["weight_norm"]}
    for name in ("row_space_norm", "null_space_norm", "bias"):
        if name in stacked:
            described[name] = stacked.pop(name)
    return Problem(
        model=SolvedModel(stacked),
        parameters=[stacked["weight_norm"][:, None, :]],
        inputs=constant[:, None],
        targets=constant[:, None],
        constant_loss=constant,
        settings=Settings([], [], None, False),
        dropout_units=0,
        describe=lambda parameters: described,
        optimizer=NO_STEPS,
        solved=True,
    )


def _solved(recipe: Recipe, seed: int, decays: list[float], factors: list[float]) -> dict[str, Tensor]:
    """Metrics of the cells of a seed, each [columns]; where there is no cell, zeros."""
    data = generate(recipe.task, seed)
    splits = {
        name: (
            torch.as_tensor(getattr(data, name).inputs),
            torch.as_tensor(networks.as_targets(getattr(data, name).targets, recipe.n_classes), dtype=torch.float64),
        )
        for name in Data._fields
    }
    loss = recipe.loss
    solution = solve(*splits["train"], decays, factors, loss, recipe.training.decay_bias)
    found: dict[str, Tensor] = {}
    for name, (inputs, targets) in splits.items():
        measured = [_measured(solution, cell, inputs, targets, loss) for cell in range(len(decays))]
        losses, hits = zip(*measured, strict=True)
        found[f"{name}_loss"] = torch.stack(losses)
        if recipe.n_classes is not None:
            found[f"{name}_accuracy"] = torch.stack(hits)
    norm = torch.stack([own.square().sum().sqrt() for own in solution.weights])
    found |= {"weight_norm": norm, "row_space_norm": norm, "null_space_norm": torch.zeros_like(norm)}
    if networks.n_outputs(recipe) == 1:
        found["bias"] = solution.biases[:, 0]
    surplus = COLUMNS - len(decays)
    columns = {name: torch.nn.functional.pad(values, (0, surplus)) for name, values in found.items()}
    return {**columns, "constant_loss": constant_loss(splits["train"][1].numpy()[None], loss)[0]}


def _measured(solution: Solution, cell: int, inputs: Tensor, targets: Tensor, loss: str) -> tuple[Tensor, Tensor]:
    """Mean loss, without penalty or ½, and share of rows whose largest output is the right one."""
    predictions = inputs @ solution.weights[cell] + solution.biases[cell]
    hits = (predictions.argmax(1) == targets.argmax(1)).double().mean()
    if loss == "cross_entropy":
        return -(torch.log_softmax(predictions, dim=1) * targets).sum(1).mean(), hits
    return (predictions - targets).square().mean(), hits
