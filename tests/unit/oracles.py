"""Ordinary PyTorch loops, one model at a time, fed from the same streams: what the engine is held against."""

import random
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from decaybench.cells import grid
from decaybench.cells.blocks import block_names
from decaybench.config import Linear
from decaybench.config.parsing import parse_config
from decaybench.learning.block import train_cells
from decaybench.tasks import generate
from decaybench.tasks.streams import stream

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def study_of(**keys):
    """A study with these keys, called `a`."""
    return parse_config({"studies": [{"name": "a", **keys}]}).studies[0]


def cells_of(study, code=lambda recipe: "code"):
    return grid.cells_of(study, code)


def blocks_of(study, code=lambda recipe: "code"):
    """The cells of each block of the study's own layout."""
    return [grid.cells_of(study, code, seeds) for seeds in block_names(study).values()]


def trained(cells):
    """One dict a cell, in the order of the cells."""
    rows = {row["cell_key"]: row for row in train_cells(cells)[0].to_pylist()}
    return [rows[cell.key] for cell in cells]


class Network(nn.Module):
    """Linear layers with an activation between them; masks multiply the hidden units (or a lone layer's inputs)."""

    def __init__(self, widths, activation, dtype):
        super().__init__()
        pairs = pairwise(widths)
        self.layers = nn.ModuleList(nn.Linear(before, after, dtype=dtype) for before, after in pairs)
        self.activation = activation

    def forward(self, inputs, masks=None):
        if len(self.layers) == 1 and masks is not None:
            inputs = inputs * masks[0]
        for depth, layer in enumerate(self.layers[:-1]):
            hidden = layer(inputs)
            inputs = hidden.relu() if self.activation == "relu" else hidden.square()
            if masks is not None:
                inputs = inputs * masks[depth]
        return self.layers[-1](inputs)


def network(cell):
    """The network of a `linear` or `mlp` cell at its start."""
    recipe, seed = cell.recipe, cell.seed
    model, kind = recipe.model, recipe.task.kind
    linear = isinstance(model, Linear)
    n_features, n_outputs = generate(recipe.task, seed).train.inputs.shape[1], recipe.n_classes or 1
    widths = [n_features, *([] if linear else model.hidden), n_outputs]
    weights, biases = stream(kind, seed, "weights"), stream(kind, seed, "bias")
    made = Network(widths, "relu" if linear else model.activation, torch.float64 if linear else torch.float32)
    for layer in made.layers:
        shape = (layer.in_features, layer.out_features)
        if linear:
            weight = model.init_mean + model.init_std * weights.standard_normal(shape)
            bias = model.bias_init + model.bias_init_std * biases.standard_normal(n_outputs)
        else:
            bound = model.init_scale / np.sqrt(layer.in_features)
            weight = weights.uniform(-bound, bound, shape)
            bias = biases.uniform(-bound, bound, layer.out_features)
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(weight.T))
            layer.bias.copy_(torch.as_tensor(bias))
    return made


def seed_all(number):
    torch.manual_seed(number)
    np.random.seed(number % 2**32)
    random.seed(number)


def ordinary_loop(cell, net, biases=None, reseed=False):
    """Train `net` as anyone would; returns the metrics of the cell and its history of train losses.

    biases: names of parameters; else those that end so. reseed: draw as one's own modules do, whose generators are
    seeded from the stream "dropout": with its first number in an evaluation, with number t + 1 in step t.
    """
    recipe, seed = cell.recipe, cell.seed
    task, training = recipe.task, recipe.training
    dtype = torch.float64 if isinstance(recipe.model, Linear) else torch.float32
    named = list(net.named_parameters())
    biases = [name for name, _ in named if name.endswith("bias")] if biases is None else biases
    weights = [parameter for name, parameter in named if name not in biases]
    groups = [
        {"params": weights, "weight_decay": cell.weight_decay},
        {
            "params": [parameter for name, parameter in named if name in biases],
            "weight_decay": cell.weight_decay if training.decay_bias else 0.0,
        },
    ]
    sgd = {"momentum": training.momentum, "nesterov": training.nesterov} if training.optimizer == "sgd" else {}
    optimizer = OPTIMIZERS[training.optimizer](groups, lr=training.learning_rate, **sgd)

    def tensors(split):
        inputs, targets = (torch.as_tensor(values) for values in split)
        if recipe.n_classes is None:
            targets = targets[:, None]
        elif recipe.loss != "cross_entropy":
            targets = nn.functional.one_hot(targets, recipe.n_classes)
        return inputs.to(dtype), targets if recipe.loss == "cross_entropy" else targets.to(dtype)

    reported = nn.CrossEntropyLoss() if recipe.loss == "cross_entropy" else nn.MSELoss()
    factor = 0.5 if recipe.loss == "half_mse" else 1.0
    splits = {name: tensors(split) for name, split in generate(task, seed)._asdict().items()}
    inputs, targets = splits["train"]
    orders, draws = stream(task.kind, seed, "batches"), stream(task.kind, seed, "dropout")
    rate = getattr(recipe.model, "dropout", 0.0)
    widths = [] if not rate else [layer.out_features for layer in net.layers[:-1]] or [inputs.shape[1]]
    numbers = [int(number) for number in stream(task.kind, seed, "dropout").integers(2**63, size=10_000)]
    step = 0

    def predicted(rows):
        net.eval()
        if reseed:
            seed_all(numbers[0])
        with torch.no_grad():
            return net(rows.clone())

    history = [reported(predicted(inputs), targets).item()]
    for epoch in range(1, training.epochs + 1):
        full = training.batch_size >= task.n_train
        order = np.arange(task.n_train) if full else orders.permuted(np.arange(task.n_train)[None], axis=1)[0]
        uniform = torch.as_tensor(draws.random((task.n_train, sum(widths)), dtype=np.float32))
        for first in range(0, task.n_train, training.batch_size):
            rows = slice(first, first + training.batch_size)
            masks = ((uniform[rows] < 1 - rate).to(dtype) / (1 - rate)).split(widths, dim=1) if rate else None
            forward = partial(net, masks=masks) if rate else net
            step += 1
            net.train()
            if reseed:
                seed_all(numbers[step])
            optimizer.zero_grad()
            (factor * reported(forward(inputs[order[rows]]), targets[order[rows]])).backward()
            optimizer.step()
        if epoch % training.record_every == 0 or epoch == training.epochs:
            history.append(reported(predicted(inputs), targets).item())
    with torch.no_grad():
        result = {
            "history": history,
            "weight_norm": sum(w.abs().double().square().sum() for w in weights).sqrt().item(),
        }
        if isinstance(recipe.model, Linear) and recipe.n_classes is None:
            result["bias"] = net.layers[0].bias.item()
        for name, (rows, wanted) in splits.items():
            predictions = predicted(rows)
            result[f"{name}_loss"] = reported(predictions, wanted).item()
            if recipe.n_classes is not None:
                classes = wanted if wanted.ndim == 1 else wanted.argmax(1)
                result[f"{name}_accuracy"] = (predictions.argmax(1) == classes).double().mean().item()
    return result
