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

from decaybench.config import Recipe
from decaybench.grid import Cell
from decaybench.learning import factory, names
from decaybench.learning.batch import LOSS_FACTOR
from decaybench.learning.factory import generators_kept, make, reason, seed_generators, wrong
from decaybench.learning.loop import Rows
from decaybench.learning.networks import as_targets, n_outputs
from decaybench.learning.together import MOST_TOGETHER, Together, mean_loss
from decaybench.tasks import generate

COMPANIES = (2, 3, 5, 8, 13, MOST_TOGETHER)  # numbers of cells between which no bit may differ
NUDGE = 0.01  # by how much parameters are moved, to see whether a module reads them where torch.func puts them
RELATIVE, ABSOLUTE = 1e-4, 1e-6  # how well both ways must agree, of single precision


@dataclass(frozen=True)
class Traits:
    """How the module of a seed trains."""

    alone: str  # why its cells train one by one; empty if they train together
    signature: str  # cells of equal signature may train together
    biases: tuple[str, ...]
    frozen: tuple[str, ...]  # requires_grad=False
    without_gradient: tuple[str, ...]  # got none on any batch that was tried; torch.optim leaves them alone
    starts_alike: bool  # another seed would give the same parameters


@dataclass(frozen=True)
class Trial:
    """The rows on which a module is tried."""

    batches: list[tuple[str, Tensor, Tensor]]  # what it is called, inputs [rows, features], targets [rows, outputs]
    splits: list[tuple[str, Tensor]]  # likewise
    outputs: int


def traits_of(cell: Cell) -> Traits:
    """What `inspect` finds, once for all cells that share it."""
    recipe = cell.recipe
    key = recipe.task.model_dump_json(), recipe.loss, recipe.training.batch_size
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
    before = {name: tensor.detach().clone() for name, tensor in _tensors(second).items()}
    with generators_kept():
        changes, without = _try_plainly(recipe, second, trial)
    changed = _changed(before, _tensors(second))
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
        why = _why_not_together(recipe, first, second if not shared else None, trial, traits)
    return replace(traits, alone=why, signature="" if why else names.signature(first) or "")


def trial_of(recipe: Recipe, seed: int) -> Trial:
    """A batch of each size that training has, and the splits."""
    data, size = generate(recipe.task, seed), recipe.training.batch_size
    rows = len(data.train.inputs)
    inputs = {name: torch.as_tensor(split.inputs, dtype=torch.float32) for name, split in data._asdict().items()}
    targets = torch.as_tensor(as_targets(data.train.targets, recipe.n_classes), dtype=torch.float32)
    batches = [(f"on inputs of shape [rows, {inputs['train'].shape[1]}]", min(size, rows))]
    if rows > size and rows % size:
        last = rows % size
        batches.append(
            (f"on the last batch, of {last} row{'s' * (last > 1)} ({rows} = {rows // size} × {size} + {last})", last)
        )
    return Trial(
        [(name, inputs["train"][:count], targets[:count]) for name, count in batches],
        [(f"on the {len(each)} {name} row{'s' * (len(each) > 1)}", each) for name, each in inputs.items()],
        n_outputs(recipe),
    )


# --- the module itself -----------------------------------------------------------------------------


def _check_start(recipe: Recipe, first: nn.Module, second: nn.Module) -> list[str]:
    """Refuse a start that the seed does not decide. Returns the names of tensors that both calls share."""
    if first is second:
        raise wrong(recipe, "it returns the same module in each call; make a new one")
    one, two = _tensors(first), _tensors(second)
    if one.keys() != two.keys() or not all(_same(one[name], two[name]) for name in one):
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
        if not _same(*runs):
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
        raise wrong(recipe, f"it returns [{', '.join(shape)}] {where}; the task needs [rows, {outputs}]")
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


# --- the same through torch.func -------------------------------------------------------------------


def _why_not_together(recipe: Recipe, module: nn.Module, twin: nn.Module | None, trial: Trial, traits: Traits) -> str:
    """Why a module that is a function cannot be vectorised over cells, or ""."""
    trained = [
        name for name, p in module.named_parameters() if p.requires_grad and name not in traits.without_gradient
    ]
    if twin is None:
        return "shares tensors between its calls"
    if any(module.get_parameter(name).dtype != torch.float32 for name in trained):
        return "trains parameters that are not float32"
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in twin.parameters():
            if parameter.is_floating_point():
                parameter += NUDGE * torch.randn(parameter.shape, generator=source)
    tensors = {name: tensor.detach().clone() for name, tensor in _tensors(twin).items()}
    # What the twin moved must be what torch.func moves: nothing may be read through another name.
    moved = {**dict(module.named_buffers()), **{n: tensors[n] for n, _ in module.named_parameters()}}
    try:
        return _compare(recipe, module, twin, trial, trained, moved)
    except Exception:  # torch.func's own words would help nobody: these cells train one by one
        return "cannot be vectorised by torch.func"


def _compare(
    recipe: Recipe, module: nn.Module, twin: nn.Module, trial: Trial, trained: list[str], tensors: dict[str, Tensor]
) -> str:
    looks = names.signature(module)
    for _, inputs, targets in trial.batches:
        loss = mean_loss(twin(inputs.clone()), targets, recipe.loss, torch.tensor(LOSS_FACTOR[recipe.loss]))
        wanted = torch.autograd.grad(loss, [twin.get_parameter(name) for name in trained])
        found = [_gradients(recipe, module, trained, tensors, count, inputs, targets) for count in COMPANIES]
        if not all(_close(each[0], plain) for each, plain in zip(found[0], wanted, strict=True)):
            return "means something else to torch.func"
        if not _company_free(found):
            return "would get other last bits in other company"
    twin.eval()
    for _, inputs in trial.splits:
        with torch.no_grad():
            plain = twin(inputs.clone())
        shown = [_together(recipe, module, trained, tensors, n).forward(_stacked(tensors, trained, n), _spread(inputs, n))
                 for n in COMPANIES]  # fmt: skip
        if not _close(shown[0][0], plain):
            return "means something else to torch.func"
        if not _company_free([[each] for each in shown]):
            return "would get other last bits in other company"
    nan = {
        name: torch.full_like(tensor, torch.nan) if name in trained else tensor for name, tensor in tensors.items()
    }
    _gradients(recipe, module, trained, nan, 2, *trial.batches[0][1:])  # a cell that diverges must not stop others
    return "" if names.signature(module) == looks else "changes its own attributes"


def _together(
    recipe: Recipe, module: nn.Module, trained: list[str], tensors: dict[str, Tensor], count: int
) -> Together:
    fixed = {name: _spread(tensor, count) for name, tensor in tensors.items() if name not in trained}
    factor = torch.full((count, 1, 1), LOSS_FACTOR[recipe.loss])
    return Together(module, trained, [False] * len(trained), fixed, [], recipe.loss, factor, None)


def _gradients(
    recipe: Recipe, module: nn.Module, trained: list[str], tensors: dict[str, Tensor], count: int,
    inputs: Tensor, targets: Tensor,
) -> list[Tensor]:  # fmt: skip
    rows = Rows(_spread(inputs, count), _spread(targets, count), None, None)
    model = _together(recipe, module, trained, tensors, count)
    return model.gradients(_stacked(tensors, trained, count), rows)  # type: ignore[return-value]


def _stacked(tensors: dict[str, Tensor], trained: list[str], count: int) -> list[Tensor]:
    return [_spread(tensors[name], count) for name in trained]


def _spread(tensor: Tensor, count: int) -> Tensor:
    """`count` copies, stacked."""
    return torch.stack([tensor.detach()] * count)


def _company_free(found: list[list[Tensor]]) -> bool:
    """Whether equal cells get equal bits, at every place among any number of them."""
    return all(
        _same(each, one[:1].expand_as(each)) for tensors in found for one, each in zip(found[0], tensors, strict=True)
    )


def _close(found: Tensor, wanted: Tensor) -> bool:
    scale = float(wanted.abs().max()) if wanted.numel() else 0.0
    return found.shape == wanted.shape and torch.allclose(found, wanted, RELATIVE, ABSOLUTE + RELATIVE * scale)


def _same(one: Tensor, two: Tensor) -> bool:
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    nan = one.isnan() & two.isnan() if one.is_floating_point() or one.is_complex() else False
    return bool(((one == two) | nan).all())


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    """Names of tensors that came, went or have other numbers."""
    both = [name for name in before if name in after]
    return [*(before.keys() ^ after.keys()), *(name for name in both if not _same(before[name], after[name]))]


def _generators() -> tuple[bytes, object, object]:
    kind, keys, *rest = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), (kind, np.asarray(keys).tobytes(), *rest), random.getstate()
