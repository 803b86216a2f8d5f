"""The rows on which a module of the user's is tried, and when tensors are the same."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from decaybench.config import Recipe
from decaybench.learning.networks import as_targets, n_outputs
from decaybench.tasks import generate


@dataclass(frozen=True)
class Trial:
    """The rows on which a module is tried."""

    batches: list[tuple[str, Tensor, Tensor]]  # what it is called, inputs [rows, features], targets [rows, outputs]
    splits: list[tuple[str, Tensor]]  # likewise
    outputs: int


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


def same(one: Tensor, two: Tensor) -> bool:
    """Equal to the bit, but for the sign of zero; two nan are equal."""
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    nan = one.isnan() & two.isnan() if one.is_floating_point() or one.is_complex() else False
    return bool(((one == two) | nan).all())


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}
