"""Optimizers as functions of tensors: `start(parameters) → state`, `update(parameters, gradients, state, …)`.

Each equals its namesake in torch.optim cell by cell; learning rates, momenta and weight decays are tensors
that broadcast against the parameters, so that every cell of a batch has its own. Parameters and state are
updated in place: at these sizes a fresh tensor a step would cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # the defaults of torch.optim.Adam

State = dict[str, list[Tensor]]


class RowGradient(NamedTuple):
    """A gradient of a parameter [lanes, rows, columns] that is zero outside of some rows and the last one."""

    positions: Tensor  # [k]: numbers of these rows when those of all lanes are counted through; each once
    values: Tensor  # [lanes, k / lanes, columns]
    last: Tensor  # [lanes, 1, columns]: of the last row of every lane

    def dense(self, parameter: Tensor) -> Tensor:
        """The same gradient with its zeros."""
        gradient = torch.zeros_like(parameter)
        self._add_to(gradient)
        return gradient

    def descend(self, parameter: Tensor, rate: Tensor) -> None:
        """parameter ← parameter − rate·gradient, touching only these rows."""
        descent = -rate
        RowGradient(self.positions, self.values.mul_(descent), self.last.mul_(descent))._add_to(parameter)

    def _add_to(self, parameter: Tensor) -> None:
        columns = parameter.shape[-1]
        # `scatter_add_` with one number a row is four times faster here than `index_add_`.
        positions = self.positions[:, None].expand(-1, columns)
        parameter.view(-1, columns).scatter_add_(0, positions, self.values.view(-1, columns))
        parameter[:, -1:].add_(self.last)


Gradient = Tensor | RowGradient


@dataclass(frozen=True)
class Settings:
    """What an update needs beside gradients; one entry a parameter, each broadcasting against it."""

    learning_rate: list[Tensor]
    weight_decay: list[Tensor]  # zero where a bias is not decayed
    momentum: list[Tensor] | None  # None: every cell has momentum 0
    nesterov: bool


def _zeros(parameters: list[Tensor]) -> list[Tensor]:
    return [torch.zeros_like(parameter) for parameter in parameters]


def _start_sgd(parameters: list[Tensor], settings: Settings) -> State:
    rates, decays = settings.learning_rate, settings.weight_decay
    state = {"shrink": [1 - rate * decay for rate, decay in zip(rates, decays, strict=True)]}
    return state if settings.momentum is None else {**state, "velocity": _zeros(parameters)}


def _sgd(parameters: list[Tensor], gradients: list[Gradient], state: State, settings: Settings, step: int) -> None:
    """w ← (1−ηλ)w − ηg; with momentum μ: v ← μv + g + λw, w ← w − ηv (Nesterov: − η(g + λw + μv))."""
    for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        if settings.momentum is None:
            parameter.mul_(state["shrink"][i])
            if isinstance(gradient, RowGradient):
                gradient.descend(parameter, settings.learning_rate[i])
            else:
                parameter.addcmul_(gradient, settings.learning_rate[i], value=-1)
            continue
        if isinstance(gradient, RowGradient):
            gradient = gradient.dense(parameter)
        velocity = state["velocity"][i]
        gradient.addcmul_(parameter, settings.weight_decay[i])
        velocity.mul_(settings.momentum[i]).add_(gradient)
        if settings.nesterov:
            gradient.addcmul_(velocity, settings.momentum[i])
            parameter.addcmul_(gradient, settings.learning_rate[i], value=-1)
        else:
            parameter.addcmul_(velocity, settings.learning_rate[i], value=-1)


def _start_adam(parameters: list[Tensor], settings: Settings) -> State:
    return {"mean": _zeros(parameters), "square": _zeros(parameters)}


def _adam(parameters: list[Tensor], gradients: list[Tensor], state: State, settings: Settings, step: int) -> None:
    """Adam (Kingma & Ba 2015) with L2: λw joins the gradient, and is divided by the adaptive scale with it."""
    for parameter, gradient, decay in zip(parameters, gradients, settings.weight_decay, strict=True):
        gradient.addcmul_(parameter, decay)
    _adaptive_step(parameters, gradients, state, settings, step)


def _adamw(parameters: list[Tensor], gradients: list[Tensor], state: State, settings: Settings, step: int) -> None:
    """AdamW (Loshchilov & Hutter 2019): w ← (1−ηλ)w apart from the gradient, then Adam."""
    for i, parameter in enumerate(parameters):
        parameter.mul_(1 - settings.learning_rate[i] * settings.weight_decay[i])
    _adaptive_step(parameters, gradients, state, settings, step)


def _adaptive_step(
    parameters: list[Tensor], gradients: list[Tensor], state: State, settings: Settings, step: int
) -> None:
    correction1, correction2 = 1 - BETA1**step, 1 - BETA2**step
    for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        mean, square = state["mean"][i], state["square"][i]
        mean.lerp_(gradient, 1 - BETA1)
        square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        scale = square.sqrt().div_(correction2**0.5).add_(EPSILON)
        parameter.sub_((mean / scale).mul_(settings.learning_rate[i] / correction1))


@dataclass(frozen=True)
class Optimizer:
    """`update` changes parameters and state in place and may use the gradients as its own scratch space."""

    start: Callable[[list[Tensor], Settings], State]
    update: Callable[[list[Tensor], list[Any], State, Settings, int], None]  # the last: steps from 1


OPTIMIZERS = {
    "sgd": Optimizer(_start_sgd, _sgd),
    "adam": Optimizer(_start_adam, _adam),
    "adamw": Optimizer(_start_adam, _adamw),
}
