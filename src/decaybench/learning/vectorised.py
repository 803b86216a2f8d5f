"""Whether a module of the user's can be vectorised over cells: torch.func must give it the bits that a loop gives."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite

import torch
from torch import Tensor, nn

from decaybench.config import Recipe
from decaybench.learning import names
from decaybench.learning.batch import LOSS_FACTOR
from decaybench.learning.loop import Rows
from decaybench.learning.one_by_one import optimizer_of
from decaybench.learning.together import MOST_TOGETHER, Together, mean_loss
from decaybench.learning.trial import Trial, same, tensors_of

COMPANIES = (2, 3, 5, 8, 13, MOST_TOGETHER)  # numbers of cells among which a module is tried
OTHER_BITS, OTHER_MEANING = "would be rounded otherwise among others", "means something else to torch.func"
CLOSE = 1e-5  # single precision, of the largest number of a gradient
TRIED_STEPS, MOST_DRIFT = 30, 3e-7  # an ordinary layer stays within 2e-7; what is unstable soon exceeds 1e-6
NUDGE = 0.01  # by how much parameters are moved, to see whether a module reads them where torch.func puts them


def why_not_together(
    recipe: Recipe, module: nn.Module, twin: nn.Module | None, trial: Trial, without_gradient: Sequence[str]
) -> str:
    """Why a module that is a function cannot be vectorised over cells, or "".

    twin: another module of the same start, whose parameters are moved here; None where it shares tensors.
    """
    trained = [name for name, p in module.named_parameters() if p.requires_grad and name not in without_gradient]
    if twin is None:
        return "shares tensors between its calls"
    if any(module.get_parameter(name).dtype != torch.float32 for name in trained):
        return "trains parameters that are not float32"
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in twin.parameters():
            if parameter.is_floating_point():
                parameter.add_(NUDGE * torch.randn(parameter.shape, generator=source))
    tensors = {name: tensor.detach().clone() for name, tensor in tensors_of(twin).items()}
    # What the twin moved must be what torch.func moves: nothing may be read through another name.
    moved = {**dict(module.named_buffers()), **{n: tensors[n] for n, _ in module.named_parameters()}}
    try:
        return _compare(recipe, module, twin, trial, trained, moved)
    except Exception:  # torch.func's own words would help nobody: these cells train one by one
        return "cannot be vectorised by torch.func"


def _compare(
    recipe: Recipe, module: nn.Module, twin: nn.Module, trial: Trial, trained: list[str], tensors: dict[str, Tensor]
) -> str:
    """Hold gradients and predictions against the twin's, at every place among any number of cells.

    Between companies no bit may differ (layer norm's do). From the twin rounding may, if training keeps it small.
    """
    looks, exact = names.signature(module), True
    for _, inputs, targets in trial.batches:
        plain = torch.autograd.grad(
            _loss(recipe, twin, inputs, targets), [twin.get_parameter(name) for name in trained]
        )
        found = [_gradients(recipe, module, trained, tensors, count, inputs, targets) for count in COMPANIES]
        for of_one, *in_company in zip(plain, *found, strict=True):
            if not _company_free(in_company):
                return OTHER_BITS
            if not _close(in_company[0][0], of_one):
                return OTHER_MEANING
            exact = exact and same(in_company[0][0], of_one)
    twin.eval()
    for _, inputs in trial.splits:
        with torch.no_grad():
            predicted = twin(inputs.clone())
        shown = [
            _together(recipe, module, trained, tensors, count).forward(
                _stacked(tensors, trained, count), _spread(inputs, count)
            )
            for count in COMPANIES
        ]
        if not _company_free(shown):
            return OTHER_BITS
        if not _close(shown[0][0], predicted):
            return OTHER_MEANING
    twin.train()
    if not exact and _drift(recipe, module, twin, trial, trained, tensors) > MOST_DRIFT:
        return "carries rounding on as it trains"
    nan = {
        name: torch.full_like(tensor, torch.nan) if name in trained else tensor for name, tensor in tensors.items()
    }
    _gradients(recipe, module, trained, nan, 2, *trial.batches[0][1:])  # a cell that diverges must not stop others
    return "" if names.signature(module) == looks else "changes its own attributes"


def _drift(
    recipe: Recipe, module: nn.Module, twin: nn.Module, trial: Trial, trained: list[str], tensors: dict[str, Tensor]
) -> float:
    """How far both ways are apart after some steps on one batch, as a share of a parameter's largest number."""
    _, inputs, targets = trial.batches[0]
    plain = [twin.get_parameter(name) for name in trained]
    beside = [tensors[name].clone().requires_grad_() for name in trained]
    by_loop, by_func = (optimizer_of(recipe.training, [{"params": own}]) for own in (plain, beside))
    for _ in range(min(TRIED_STEPS, recipe.training.epochs * -(-recipe.task.n_train // len(inputs)))):
        gradients = torch.autograd.grad(_loss(recipe, twin, inputs, targets), plain)
        present = {**tensors, **{name: tensor.detach() for name, tensor in zip(trained, beside, strict=True)}}
        together = _gradients(recipe, module, trained, present, 2, inputs, targets)
        for one, other, gradient, found in zip(plain, beside, gradients, together, strict=True):
            one.grad, other.grad = gradient, found[0]
        by_loop.step()
        by_func.step()
    apart = 0.0
    for one, other in zip(plain, beside, strict=True):
        largest, difference = float(one.detach().abs().max()), float((one - other).detach().abs().max())
        if not isfinite(difference):
            return inf
        apart = max(apart, difference / largest if largest else 0.0)
    return apart


def _loss(recipe: Recipe, module: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    return mean_loss(module(inputs.clone()), targets, recipe.loss, torch.tensor(LOSS_FACTOR[recipe.loss]))


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


def _company_free(in_company: list[Tensor]) -> bool:
    """Whether equal cells have equal bits everywhere; [cells, ...] each."""
    return all(same(each, in_company[0][:1].expand_as(each)) for each in in_company)


def _close(found: Tensor, wanted: Tensor) -> bool:
    largest = float(wanted.abs().max())
    return torch.allclose(found, wanted, CLOSE, CLOSE * largest)
