"""Cells of one's own modules that train one after the other: torch's autograd and torch.optim, as anyone would.

The reference is an ordinary loop over the cells. A cell's module is made afresh. Before the forward pass of step t
(counted from 1 through all epochs) torch, numpy and random are seeded with number t of `factory.step_numbers`, and
before each forward pass of an evaluation with number 0. The module trains in training mode and predicts in
evaluation mode. So dropout, batch norm and whatever else a module does mean what they mean in that loop, and the
loop equals them to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import torch
from torch import Tensor, nn

from decaybench.cells.grid import Cell
from decaybench.config import Recipe, Training
from decaybench.learning import networks
from decaybench.learning.batch import LOSS_FACTOR
from decaybench.learning.factory import generators_kept, reason, seed_generators, step_numbers, wrong
from decaybench.learning.loop import Rows
from decaybench.learning.networks import Evaluation
from decaybench.learning.optimizers import Gradient, Optimizer, Settings, State
from decaybench.learning.together import mean_loss

KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@dataclass
class OwnLoop:
    """One cell: its module, its optimizer, and what its steps are seeded with."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    weights: list[nn.Parameter]  # all that are no bias, frozen ones too
    numbers: Iterator[int]
    evaluation_number: int
    factor: Tensor
    got_gradient: set[str] = field(default_factory=set)
    broken: bool = False  # its numbers are no longer finite, and its module raises on them

    @classmethod
    def of(cls, cell: Cell, module: nn.Module, biases: Sequence[str]) -> OwnLoop:
        """A cell at its start; biases are names of parameters."""
        training = cell.recipe.training
        decay_bias = cell.weight_decay if training.decay_bias else 0.0
        named = list(module.named_parameters())
        weights = [parameter for name, parameter in named if name not in biases]
        groups = [
            {"params": [p for p in weights if p.requires_grad], "weight_decay": cell.weight_decay},
            {"params": [p for n, p in named if n in biases and p.requires_grad], "weight_decay": decay_bias},
        ]
        optimizer = optimizer_of(training, groups)
        numbers = step_numbers(cell.recipe.task.kind, cell.seed)
        factor = torch.tensor(LOSS_FACTOR[cell.recipe.loss], device=named[0][1].device)
        return cls(module, optimizer, weights, numbers, next(numbers), factor)

    def backward(self, inputs: Tensor, targets: Tensor, loss: str) -> None:
        """Leave the gradient of a step's rows in the parameters."""
        seed_generators(next(self.numbers))
        self.module.train()
        self.optimizer.zero_grad()
        mean_loss(self.module(inputs), targets, loss, self.factor).backward()
        self.got_gradient.update(n for n, p in self.module.named_parameters() if p.grad is not None)

    def predict(self, inputs: Tensor) -> Tensor:
        """Predictions [rows, outputs] in evaluation mode."""
        seed_generators(self.evaluation_number)
        self.module.eval()
        with torch.no_grad():
            return self.module(inputs).detach()

    def finite(self) -> bool:
        """Whether all parameters are finite and no buffer holds a nan (a mask may hold infinity)."""
        parameters, buffers = self.module.parameters(), self.module.buffers()
        return all(bool(torch.isfinite(p).all()) for p in parameters) and not any(
            bool(b.isnan().any()) for b in buffers
        )

    def norms(self) -> list[float]:
        """The norm of the weights, and of all parameters."""
        return [float(torch.stack([_square(p) for p in kind]).sum().sqrt()) if kind else 0.0
                for kind in (self.weights, list(self.module.parameters()))]  # fmt: skip


def optimizer_of(training: Training, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The optimizer of torch that a recipe names; groups: as torch.optim takes them, with their weight decay.

    A rate beyond what parameters can hold is infinite for them: torch would raise, and the cell diverges as well.
    """
    sgd = {"momentum": training.momentum, "nesterov": training.nesterov} if training.optimizer == "sgd" else {}
    held = []
    for group in groups:
        largest = min((torch.finfo(parameter.dtype).max for parameter in group["params"]), default=inf)
        rates = {"lr": training.learning_rate, "weight_decay": group.get("weight_decay", 0.0)}
        held.append({**group, **{name: rate if rate <= largest else inf for name, rate in rates.items()}})
    return KINDS[training.optimizer](held, **sgd)


def _square(parameter: Tensor) -> Tensor:
    values = parameter.detach()
    return (torch.view_as_real(values) if values.is_complex() else values).double().square().sum()


@dataclass
class OneByOne:
    """Of its modules the loop sees only norms, [lanes] each: of the weights and of all parameters."""

    recipe: Recipe
    loops: list[OwnLoop]
    place: list[int]  # of every lane among the loops: a lane that was doubled trains once
    evaluation: Evaluation
    outputs: int

    def start(self) -> list[Tensor]:
        """The norms before the first step."""
        return list(torch.zeros(2, len(self.place), dtype=torch.float64))

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        """The gradients stay in the modules, where `optimizer` finds them."""
        with generators_kept():
            for lane, loop in self._first_lanes():
                try:
                    loop.backward(rows.inputs[lane].clone(), rows.targets[lane], self.recipe.loss)
                except Exception as error:  # the user's own code may raise anything
                    self._give_up(loop, error)
        return []

    def forward(self, parameters: list[Tensor], inputs: Tensor) -> Tensor:
        """Predictions [cells, rows, outputs]."""
        found: list[Tensor | None] = [None] * len(self.loops)
        with generators_kept():
            for lane, loop in self._first_lanes():
                try:
                    found[self.place[lane]] = loop.predict(inputs[lane].clone())
                except Exception as error:  # likewise
                    self._give_up(loop, error)
        nothing = inputs.new_full((inputs.shape[1], self.outputs), torch.nan)
        dtype = next((each.dtype for each in found if each is not None), inputs.dtype)
        whole = [(nothing if each is None else each).to(dtype) for each in found]
        return torch.stack([whole[place] for place in self.place])

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        metrics = self.evaluation.metrics(self.forward, parameters, parameters[0][:, None])
        self.refresh(parameters)  # afterwards: a forward pass may clamp its weights
        return {**metrics, **self.describe(parameters)}

    def refresh(self, parameters: list[Tensor]) -> None:
        """Write the present norms into what the loop holds."""
        norms = torch.tensor([loop.norms() for loop in self.loops], dtype=torch.float64)[self.place]
        for parameter, values in zip(parameters, norms.T, strict=True):
            parameter.copy_(values)

    def finite(self, parameters: list[Tensor]) -> Tensor:
        return torch.isfinite(torch.stack(parameters)).all(0)[:, None]

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return networks.where(cells, new, old)

    def describe(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        """The norm of all parameters but biases."""
        return {"weight_norm": parameters[0][:, None].clone()}

    def optimizer(self) -> Optimizer:
        """The optimizers of the cells as one of the loop's."""

        def start(parameters: list[Tensor], settings: Settings) -> State:
            return {}

        def update(
            parameters: list[Tensor], gradients: list[Gradient], state: State, settings: Settings, step: int
        ) -> None:
            for loop in self.loops:
                if not loop.broken:
                    loop.optimizer.step()

        return Optimizer(start, update)

    def _first_lanes(self) -> Iterator[tuple[int, OwnLoop]]:
        for place, loop in enumerate(self.loops):
            if not loop.broken:
                yield self.place.index(place), loop

    def _give_up(self, loop: OwnLoop, error: Exception) -> None:
        """A module may raise on numbers that are not finite: then its cell has diverged. Else it is at fault."""
        if loop.finite():
            raise wrong(self.recipe, f"training failed: {reason(error)}") from error
        loop.broken = True
