"""Any torch.nn.Module: its gradient through torch.func, vectorised over the stacked parameters of all cells."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from decaybench.config.models import ConfigError, Module, Recipe
from decaybench.learning import networks
from decaybench.learning.batch import LOSS_FACTOR, Batch, Lane, Problem
from decaybench.learning.loop import Rows
from decaybench.learning.networks import Evaluation
from decaybench.learning.optimizers import Gradient
from decaybench.tasks import Data
from decaybench.tasks.streams import stream

Functional = Callable[[dict[str, Tensor], Tensor], Tensor]  # one cell's parameters, [rows, …] → [rows, outputs]


COLUMNS = networks.COLUMNS
shares = networks.shares


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of one cell while it trains, roughly: activations are unknown, so parameters count tenfold."""
    with torch.random.fork_rng(devices=[]):
        made = _make(recipe, data.train.inputs.shape[1])
    size = sum(parameter.numel() for parameter in made.parameters())
    rows = max(len(split.inputs) for split in data)
    return 4 * (10 * size + 40 * rows * data.train.inputs.shape[1])


@dataclass
class ModuleModel:
    """Parameters are the module's own, stacked: [cells, …]."""

    call: Functional
    names: list[str]
    is_bias: list[bool]
    loss: str
    factor: Tensor  # [cells, 1, 1]
    evaluation: Evaluation

    def gradients(self, parameters: list[Tensor], rows: Rows) -> list[Gradient]:
        def loss(own: dict[str, Tensor], inputs: Tensor, wanted: Tensor, factor: Tensor) -> Tensor:
            predictions = self.call(own, inputs)
            if self.loss == "cross_entropy":
                return -(torch.log_softmax(predictions, dim=1) * wanted).sum(1).mean()
            return (predictions - wanted).square().mean() * (factor.squeeze() / 2)

        own = dict(zip(self.names, parameters, strict=True))
        found = vmap(grad(loss))(own, rows.inputs, rows.targets, self.factor)
        return [found[name].contiguous() for name in self.names]

    def forward(self, parameters: list[Tensor], inputs: Tensor) -> Tensor:
        """Predictions [cells, rows, outputs]."""
        with torch.no_grad():
            return vmap(self.call)(dict(zip(self.names, parameters, strict=True)), inputs)

    def metrics(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        return self.evaluation.metrics(self.forward, parameters, self._norm(parameters))

    def where(self, cells: Tensor, new: Tensor, old: Tensor) -> Tensor:
        return networks.where(cells, new, old)

    def describe(self, parameters: list[Tensor]) -> dict[str, Tensor]:
        """The norm of all parameters but biases."""
        return {"weight_norm": self._norm(parameters)}

    def _norm(self, parameters: list[Tensor]) -> Tensor:
        return networks.joint_norm([p for p, bias in zip(parameters, self.is_bias, strict=True) if not bias])


def build(batch: Batch) -> Problem:
    """Make a module for every seed, stack their parameters and load the data."""
    lanes, recipe, device = batch.lanes, batch.recipe, batch.device
    splits = networks.load(batch)
    inputs, targets = splits["train"]
    modules = {(lane.kind, lane.seed): _seeded(lane, inputs.shape[2]) for lane in lanes}
    skeleton = next(iter(modules.values())).to(device)
    buffers = dict(skeleton.named_buffers())
    names = [name for name, _ in skeleton.named_parameters()]
    stacked = [
        torch.stack([modules[lane.kind, lane.seed].get_parameter(name).detach() for lane in lanes]).to(device)
        for name in names
    ]
    is_bias = [name.rpartition(".")[2] == "bias" for name in names]
    model = ModuleModel(
        call=lambda own, rows: functional_call(skeleton, (own, buffers), (rows,)),
        names=names,
        is_bias=is_bias,
        loss=recipe.loss,
        factor=batch.per_cell(lambda recipe: LOSS_FACTOR[recipe.loss]),
        evaluation=Evaluation(splits, recipe.loss, recipe.n_classes is not None),
    )
    _check_output(model, stacked, inputs, networks.n_outputs(recipe), recipe)
    settings = networks.settings(batch, stacked, is_bias)
    return Problem(model, stacked, inputs, targets, settings, 0, model.describe)


def _check_output(model: ModuleModel, parameters: list[Tensor], inputs: Tensor, wanted: int, recipe: Recipe) -> None:
    try:
        shape = tuple(model.forward(parameters, inputs[:, :2]).shape[2:])
    except Exception as error:  # the user's own forward may raise anything
        raise _wrong(
            recipe, f"its forward pass failed on inputs of shape [rows, {inputs.shape[2]}]: {_reason(error)}"
        ) from error
    if shape != (wanted,):
        raise _wrong(recipe, f"it returns [rows, {', '.join(map(str, shape))}]; the task needs [rows, {wanted}]")


def _seeded(lane: Lane, n_features: int) -> nn.Module:
    seed = int(stream(lane.kind, lane.seed, "weights").integers(2**63))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _make(lane.recipe, n_features)


def _make(recipe: Recipe, n_features: int) -> nn.Module:
    """Call the user's factory; everything that cannot be trained here is refused with one line."""
    assert isinstance(recipe.model, Module)
    module_name, _, name = recipe.model.factory.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        factory = getattr(importlib.import_module(module_name), name)
    except ModuleNotFoundError as error:
        raise _wrong(recipe, f"no module named {error.name!r} here or among the installed packages") from None
    except AttributeError:
        raise _wrong(recipe, f"{module_name} has no {name!r}") from None
    except Exception as error:  # the user's file may raise anything while it is imported
        raise _wrong(recipe, f"importing it failed: {_reason(error)}") from error
    if not callable(factory):
        raise _wrong(recipe, "it is not callable")
    try:
        inspect.signature(factory).bind(n_features, networks.n_outputs(recipe))
        arguments: tuple[int, ...] = (n_features, networks.n_outputs(recipe))
    except (TypeError, ValueError):
        arguments = ()
    try:
        made = factory(*arguments)
    except Exception as error:  # likewise
        raise _wrong(recipe, f"calling it failed: {_reason(error)}") from error
    if not isinstance(made, nn.Module):
        raise _wrong(recipe, f"it returned a {type(made).__name__}, not a torch.nn.Module")
    for child_name, child in made.named_modules():
        kind, child_name = type(child).__name__, child_name or "it"
        if isinstance(child, nn.modules.lazy.LazyModuleMixin):
            raise _wrong(recipe, f"{child_name} is a {kind}; give its size, lazy layers lose their start")
        if isinstance(child, nn.modules.batchnorm._NormBase) and child.track_running_stats:
            raise _wrong(recipe, f"{child_name} is a {kind}, which changes buffers in training; use GroupNorm")
        if isinstance(child, nn.modules.dropout._DropoutNd) and child.p > 0:
            raise _wrong(recipe, f"{child_name} is a {kind}; modules train without dropout, kind mlp has it")
    if not any(True for _ in made.parameters()):
        raise _wrong(recipe, "its module has no parameters")
    return made


def _reason(error: Exception) -> str:
    """The kind and the first line of someone else's error."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _wrong(recipe: Recipe, why: str) -> ConfigError:
    assert isinstance(recipe.model, Module)
    return ConfigError(f"model.factory: {recipe.model.factory}: {why}")
