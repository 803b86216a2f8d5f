"""What a module of the user's is, found by trying it on the batches that will occur: how it has to train, or why not.

It depends on the recipe and the seed alone, never on which cells train beside it; so do a cell's bits.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from decaybench.cells.grid import Cell
from decaybench.config import Recipe
from decaybench.learning import factory, names
from decaybench.learning.batch import LOSS_FACTOR
from decaybench.learning.factory import generators_kept, make, reason, seed_generators, wrong
from decaybench.learning.together import mean_loss
from decaybench.learning.trial import Trial, same, tensors_of, trial_of
from decaybench.learning.vectorised import why_not_together


@dataclass(frozen=True)
class Traits:
    """How the module of a seed trains."""

    alone: str  # why its cells train one by one; empty if they train together
    signature: str  # cells of equal signature may train together
    biases: tuple[str, ...]
    frozen: tuple[str, ...]  # requires_grad=False
    without_gradient: tuple[str, ...]  # got none on any batch that was tried; torch.optim leaves them alone
    starts_alike: bool  # another seed would give the same parameters


def traits_of(cell: Cell) -> Traits:
    """What `inspect` finds, once for all cells that share it."""
    recipe = cell.recipe
    key = recipe.task.model_dump_json(), recipe.training.model_dump_json()
    return _kept(factory.factory_of(recipe), key, cell.seed, _ByKey(recipe))


class _ByKey:
    """A recipe as an argument that a cache does not look at: its other arguments say what matters."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey)

    def __hash__(self) -> int:
        return 0


@cache
def _kept(of: Callable[..., Any], key: tuple[object, ...], seed: int, by: _ByKey) -> Traits:
    return inspect(by.recipe, seed)


def inspect(recipe: Recipe, seed: int) -> Traits:
    """Try the module of a seed, forward and backward. Raises ConfigError where it cannot be trained."""
    number = factory.start_number(recipe.task.kind, seed)
    trial = trial_of(recipe, seed)
    n_features = trial.batches[0][1].shape[1]
    first, second, other = (make(recipe, n_features, each) for each in (number, number, number ^ 1))
    shared = _check_start(recipe, first, second)
    before = {name: tensor.detach().clone() for name, tensor in tensors_of(second).items()}
    with generators_kept():
        changes, without = _try_plainly(recipe, second, trial)
    changed = _changed(before, tensors_of(second))
    for name in changed:
        if name in shared:
            raise wrong(
                recipe, f"its calls share the tensor {name}, which training changes; make a new one in each call"
            )
    changes = changes or ("changes its own tensors" if changed else "")
    parameters = dict(first.named_parameters())
    traits = Traits(
        alone=changes,
        signature="",
        biases=tuple(names.biases(first)),
        frozen=tuple(name for name, parameter in parameters.items() if not parameter.requires_grad),
        without_gradient=without,
        starts_alike=all(torch.equal(p, q) for p, q in zip(first.parameters(), other.parameters(), strict=False)),
    )
    if changes:
        return traits
    with generators_kept():
        why = why_not_together(recipe, first, second if not shared else None, trial, traits.without_gradient)
    return replace(traits, alone=why, signature="" if why else names.signature(first) or "")


# --- the module itself -----------------------------------------------------------------------------


def _check_start(recipe: Recipe, first: nn.Module, second: nn.Module) -> list[str]:
    """Refuse a start that the seed does not decide. Returns the names of tensors that both calls share."""
    if first is second:
        raise wrong(recipe, "it returns the same module in each call; make a new one")
    one, two = tensors_of(first), tensors_of(second)
    if one.keys() != two.keys() or not all(same(one[name], two[name]) for name in one):
        raise wrong(
            recipe,
            "two calls with one seed start differently; draw with torch's, numpy's or random's global generator",
        )
    shared = [name for name in one if one[name].numel() and _place(one[name]) == _place(two[name])]
    for name in shared:
        if one[name].requires_grad:
            raise wrong(recipe, f"its calls share the parameter {name}; make a new one in each call")
    return shared


def _try_plainly(recipe: Recipe, module: nn.Module, trial: Trial) -> tuple[str, tuple[str, ...]]:
    """Run it as an ordinary loop does. Returns what of it is no function, or "", and who got no gradient."""
    number = factory.start_number(recipe.task.kind, 0)
    looks = names.signature(module)
    changes = "" if looks else "has attributes that cannot be compared"
    if any(parameter._backward_hooks or parameter._post_accumulate_grad_hooks for parameter in module.parameters()):
        changes = "has hooks on its parameters"
    without: tuple[str, ...] | None = None
    for where, inputs, targets in trial.batches:
        runs = []
        for _ in range(2):
            seed_generators(number)
            drawn = _generators()
            predictions = _forward(recipe, module, inputs, where, trial.outputs)
            runs.append(predictions.detach())
            unused = _backward(recipe, module, predictions, targets, where)
            if _generators() != drawn:
                changes = changes or "draws random numbers"
        if not same(*runs):
            changes = changes or "gives another answer when it is asked again"
        if without is not None and without != unused:
            changes = changes or "trains other parameters on other batches"
        without = unused if without is None else tuple(name for name in without if name in unused)
    module.eval()
    for where, inputs in trial.splits:
        seed_generators(number)
        drawn = _generators()
        with torch.no_grad():
            found = _forward(recipe, module, inputs, where, trial.outputs)
        if not changes and not torch.isfinite(found).all():
            raise wrong(recipe, f"it predicts numbers that are not finite before the first step {where}")
        if _generators() != drawn:
            changes = changes or "draws random numbers"
    module.train()
    if names.signature(module) != looks:
        changes = changes or "changes its own attributes"
    return changes, without or ()


def _forward(recipe: Recipe, module: nn.Module, inputs: Tensor, where: str, outputs: int) -> Tensor:
    try:
        found = module(inputs.clone())
    except Exception as error:  # the user's own forward may raise anything
        types = {p.dtype for p in module.parameters()} - {torch.float32}
        about = f" (inputs are float32, parameters {str(types.pop()).removeprefix('torch.')})" if types else ""
        raise wrong(recipe, f"its forward pass failed {where}{about}: {reason(error)}") from error
    if not isinstance(found, Tensor):
        raise wrong(recipe, f"it returns a {type(found).__name__}; the task needs a tensor [rows, {outputs}]")
    if found.shape != (len(inputs), outputs):
        shape = ["rows" if not axis and size == len(inputs) else str(size) for axis, size in enumerate(found.shape)]
        there = "" if where.startswith("on inputs") else f" {where}"
        raise wrong(recipe, f"it returns [{', '.join(shape)}]{there}; the task needs [rows, {outputs}]")
    if not found.is_floating_point():
        kind = str(found.dtype).removeprefix("torch.")
        raise wrong(recipe, f"it returns {kind} numbers; the task needs real ones, as float32")
    return found


def _backward(recipe: Recipe, module: nn.Module, predictions: Tensor, targets: Tensor, where: str) -> tuple[str, ...]:
    """The names of parameters that should train and get no gradient."""
    trained = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    if not predictions.requires_grad:
        raise wrong(recipe, "its output depends on none of the parameters that train (detached, or under no_grad?)")
    loss = mean_loss(predictions, targets, recipe.loss, torch.tensor(LOSS_FACTOR[recipe.loss]))
    try:
        found = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
    except Exception as error:  # likewise
        raise wrong(recipe, f"its backward pass failed {where}: {reason(error)}") from error
    return tuple(name for name, gradient in zip(trained, found, strict=True) if gradient is None)


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    """Names of tensors that came, went or have other numbers."""
    both = [name for name in before if name in after]
    return [*(before.keys() ^ after.keys()), *(name for name in both if not same(before[name], after[name]))]


def _generators() -> tuple[bytes, object, object]:
    kind, keys, *rest = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), (kind, np.asarray(keys).tobytes(), *rest), random.getstate()
