"""Any torch.nn.Module: what an ordinary loop with torch.optim gives, cell by cell.

`inspection` tries the module of every seed. One that is a function of its parameters, buffers and inputs trains
`together` with others of its kind; one that draws numbers (dropout), changes buffers (batch norm), cannot be
vectorised, or whose last bits would depend on company or grow as it trains, trains `one_by_one`; what cannot be
trained is refused with one line.
"""

from __future__ import annotations

import json
import sys

import torch
from torch import Tensor, nn

from decaybench.cells.grid import Cell
from decaybench.config import Module, Recipe
from decaybench.learning import factory, networks
from decaybench.learning.batch import LOSS_FACTOR, Batch, Lane, Problem
from decaybench.learning.inspection import Traits, traits_of
from decaybench.learning.networks import Evaluation
from decaybench.learning.one_by_one import OneByOne, OwnLoop
from decaybench.learning.together import Together
from decaybench.tasks import Data

COLUMNS = networks.COLUMNS
shares = networks.shares
said: set[str] = set()  # what this process has told about modules already


def lane_bytes(recipe: Recipe, data: Data) -> int:
    """Memory of one cell while it trains, roughly: activations are unknown, so parameters count tenfold."""
    made = factory.make(recipe, data.train.inputs.shape[1], 0)
    size = sum(parameter.numel() for parameter in made.parameters())
    rows = max(len(split.inputs) for split in data)
    return 4 * (10 * size + 40 * rows * data.train.inputs.shape[1])


def kin(cell: Cell) -> str:
    """Cells whose modules differ in their numbers alone; all that train one by one share a batch, too."""
    return traits_of(cell).signature


def build(batch: Batch) -> Problem:
    """Make the modules of all lanes and load the data."""
    traits = [traits_of(lane.cells[0]) for lane in batch.lanes]
    _say(batch.recipe, traits)
    return _one_by_one(batch, traits) if traits[0].alone else _together(batch, traits[0])


def _together(batch: Batch, traits: Traits) -> Problem:
    recipe, device = batch.recipe, batch.device
    splits, constant = networks.load(batch)
    inputs, targets = splits["train"]
    modules = {(lane.kind, lane.seed): _at_its_start(lane, inputs.shape[2]) for lane in batch.lanes}

    def stacked(name: str) -> Tensor:
        own = [_tensor(modules[lane.kind, lane.seed], name) for lane in batch.lanes]
        return torch.stack(own).to(device)

    skeleton = next(iter(modules.values()))
    every = [name for name, _ in skeleton.named_parameters()]
    trained = [name for name in every if name not in {*traits.frozen, *traits.without_gradient}]
    fixed = [name for name in every if name not in trained] + [name for name, _ in skeleton.named_buffers()]
    fixed_tensors = {name: stacked(name) for name in fixed}  # before the skeleton, which is one of them, moves
    parameters = [stacked(name) for name in trained]
    model = Together(
        skeleton=factory.placed(skeleton, device),
        names=trained,
        is_bias=[name in traits.biases for name in trained],
        fixed=fixed_tensors,
        fixed_weights=[name for name in fixed if name in every and name not in traits.biases],
        loss=recipe.loss,
        factor=batch.per_cell(lambda recipe: LOSS_FACTOR[recipe.loss]),
        evaluation=Evaluation(splits, recipe.loss, recipe.n_classes is not None),
    )
    settings = networks.settings(batch, parameters, model.is_bias)
    notes = [_note(traits)] * len(batch.lanes)
    return Problem(model, parameters, inputs, targets, constant, settings, 0, model.describe, notes=lambda: notes)


def _one_by_one(batch: Batch, traits: list[Traits]) -> Problem:
    splits, constant = networks.load(batch)
    inputs, targets = splits["train"]
    first = {id(lane): index for index, lane in reversed(list(enumerate(batch.lanes)))}
    own = sorted(first.values())  # a lone lane has come with a copy, which need not train
    loops = [
        OwnLoop.of(
            batch.lanes[index].cells[0],
            factory.placed(_at_its_start(batch.lanes[index], inputs.shape[2]), batch.device),
            traits[index].biases,
        )
        for index in own
    ]
    recipe = batch.recipe
    evaluation = Evaluation(splits, recipe.loss, recipe.n_classes is not None)
    place = [own.index(first[id(lane)]) for lane in batch.lanes]
    model = OneByOne(recipe, loops, place, evaluation, networks.n_outputs(recipe))
    parameters = model.start()
    model.refresh(parameters)

    def notes() -> list[str]:
        return [_note(each, loops[index]) for each, index in zip(traits, place, strict=True)]

    settings = networks.settings(batch, [], [])
    return Problem(
        model, parameters, inputs, targets, constant, settings, 0, model.describe, model.optimizer(), notes
    )  # fmt: skip


def _at_its_start(lane: Lane, n_features: int) -> nn.Module:
    return factory.make(lane.recipe, n_features, factory.start_number(lane.kind, lane.seed))


def _tensor(module: nn.Module, name: str) -> Tensor:
    owner, _, own = name.rpartition(".")
    tensor: Tensor = getattr(module.get_submodule(owner), own)
    return tensor.detach()


def _note(traits: Traits, loop: OwnLoop | None = None) -> str:
    """What a page says of a cell's parameters, as JSON."""
    without = traits.without_gradient
    if loop is not None:
        trained = [name for name, parameter in loop.module.named_parameters() if parameter.requires_grad]
        without = tuple(name for name in trained if name not in loop.got_gradient)
    content = {
        "biases": traits.biases,
        "frozen": traits.frozen,
        "without_gradient": without,
        "starts_alike": traits.starts_alike,
    }
    return json.dumps(content, sort_keys=True)


def _say(recipe: Recipe, traits: list[Traits]) -> None:
    """Tell once what a user may not expect."""
    assert isinstance(recipe.model, Module)
    lines = [
        f"trains cell by cell, which is slower: it {why}" for why in sorted({each.alone for each in traits} - {""})
    ]
    if any(each.starts_alike for each in traits):
        lines.append("starts alike for every seed; a factory that seeds a generator itself undoes the seed's")
    for line in lines:
        text = f"model.factory: {recipe.model.factory}: {line}"
        if text not in said:
            said.add(text)
            print(text, file=sys.stderr)
