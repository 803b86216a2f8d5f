"""The batched engine trains what the article's own loop trains, cell by cell, in float64.

Both sides round differently, so they agree to rounding: weight norm, bias and held-out losses to 1e-12 of
themselves (measured: 2e-14). A converged train loss is rounding itself (down to 1e-20 and less), so its root,
the root mean square residual, is compared against its start: to 1e-13 of it (measured: 7e-16).
"""

from functools import cache
from math import sqrt

import numpy as np
import pytest
import torch
from oracles import cells_of, network, ordinary_loop, study_of, trained
from torch import nn

from decaybench.learning.coordinates import path_of
from decaybench.tasks import generate
from decaybench.tasks.streams import stream

WEIGHT_DECAYS, SEEDS = [0, 0.3, 3, 30], [0, 1, 7]
VALUES = ("weight_norm", "bias", "validation_loss", "test_loss")


def assert_same_training(row, expected):
    assert not row["diverged"]
    for name in VALUES:
        if name in expected:
            assert row[name] == pytest.approx(expected[name], rel=1e-12), name
    start = sqrt(expected["history"][0])
    assert sqrt(row["train_loss"]) == pytest.approx(sqrt(expected["train_loss"]), abs=1e-13 * start)
    roots = np.sqrt(row["history_train_loss"])
    assert roots == pytest.approx(np.sqrt(expected["history"]), abs=1e-13 * start)


@cache
def article_loop(weight_decay, seed):
    """The article's train_concise(wd), its lines in their order, fed from our streams."""
    task = study_of().task
    (train, y_train), (validation, y_validation), (test, y_test) = (
        (torch.as_tensor(split.inputs), torch.as_tensor(split.targets)[:, None]) for split in generate(task, seed)
    )
    orders = stream(task.kind, seed, "batches")
    net = nn.Sequential(nn.Linear(task.n_features, 1, dtype=torch.float64))
    net[0].weight.data[:] = torch.as_tensor(stream(task.kind, seed, "weights").standard_normal(task.n_features))
    net[0].bias.data[:] = torch.as_tensor(stream(task.kind, seed, "bias").standard_normal(1))
    loss = nn.MSELoss(reduction="none")
    num_epochs, lr = 100, 0.003
    trainer = torch.optim.SGD(
        [{"params": net[0].weight, "weight_decay": weight_decay}, {"params": net[0].bias}], lr=lr
    )
    history = [loss(net(train), y_train).mean().item()]
    for epoch in range(num_epochs):
        order = torch.as_tensor(orders.permuted(np.arange(task.n_train)[None], axis=1)[0])
        for rows in order.split(5):
            trainer.zero_grad()
            l = loss(net(train[rows]), y_train[rows])  # noqa: E741
            l.mean().backward()
            trainer.step()
        if (epoch + 1) % 5 == 0:
            history.append(loss(net(train), y_train).mean().item())
    return {
        "weight_norm": net[0].weight.norm().item(),
        "bias": net[0].bias.item(),
        "train_loss": history[-1],
        "validation_loss": loss(net(validation), y_validation).mean().item(),
        "test_loss": loss(net(test), y_test).mean().item(),
        "history": history,
    }


@pytest.mark.parametrize("in_span", [True, False], ids=["span", "general"])
def test_the_default_study_is_the_loop_of_the_article(in_span):
    cells = cells_of(study_of(training={"in_span": in_span}, grid={"weight_decay": WEIGHT_DECAYS, "seeds": SEEDS}))
    assert path_of(cells[0].recipe, 200) == ("span" if in_span else "general")
    for cell, row in zip(cells, trained(cells), strict=True):
        assert row["steps"] == 400
        assert row["history_epoch"] == list(range(0, 101, 5))
        assert_same_training(row, article_loop(cell.weight_decay, cell.seed))


RECIPES = {
    "half_mse": {"training": {"loss": "half_mse"}},
    "decayed bias": {"training": {"decay_bias": True}},
    "mean of the start": {"model": {"init_mean": 0.5, "init_std": 0.3, "bias_init": -2, "bias_init_std": 0.1}},
    "last batch smaller": {"training": {"batch_size": 7, "epochs": 50}},
    "last batch of one row": {"training": {"batch_size": 19, "epochs": 50}},
    "record not a divisor": {"training": {"epochs": 11, "record_every": 4}},
    "momentum": {"training": {"momentum": 0.9, "learning_rate": 0.0005, "epochs": 30}},
    "nesterov": {"training": {"momentum": 0.9, "nesterov": True, "learning_rate": 0.0005, "epochs": 30}},
    "more rows than features": {"task": {"n_train": 60, "n_features": 40}, "training": {"epochs": 20}},
    "polynomial": {"task": {"kind": "polynomial"}, "training": {"learning_rate": 0.01, "epochs": 20}},
    "diabetes": {"task": {"kind": "diabetes"}, "training": {"learning_rate": 0.01, "epochs": 10}},
}
FULL_BATCH = {
    "full batch": {"training": {"batch_size": 20}},
    "full batch larger than the data": {"training": {"batch_size": 50, "loss": "half_mse", "decay_bias": True}},
    "full batch with momentum": {"training": {"batch_size": 20, "momentum": 0.8, "learning_rate": 0.001}},
    "full batch, more rows": {"task": {"n_train": 60, "n_features": 40}, "training": {"batch_size": 60}},
    "full batch, as many rows": {"task": {"n_train": 30, "n_features": 30}, "training": {"batch_size": 30}},
}
OTHER_OPTIMIZERS = {
    f"{name}, batch of {batch_size}": {
        "training": {"optimizer": name, "learning_rate": 0.01, "batch_size": batch_size, "epochs": 40}
    }
    for name in ("adam", "adamw")
    for batch_size in (5, 20)
}


def held_against_an_ordinary_loop(keys, weight_decays=(0, 0.3, 10), seeds=(2,)):
    cells = cells_of(study_of(**keys, grid={"weight_decay": list(weight_decays), "seeds": list(seeds)}))
    for cell, row in zip(cells, trained(cells), strict=True):
        assert_same_training(row, ordinary_loop(cell, network(cell)))


@pytest.mark.parametrize("in_span", [True, False], ids=["reduced", "general"])
@pytest.mark.parametrize("keys", [*RECIPES.values(), *FULL_BATCH.values()], ids=[*RECIPES, *FULL_BATCH])
def test_every_sgd_recipe_is_an_ordinary_loop(keys, in_span):
    held_against_an_ordinary_loop({**keys, "training": {**keys.get("training", {}), "in_span": in_span}})


@pytest.mark.parametrize("keys", FULL_BATCH.values(), ids=FULL_BATCH)
def test_full_batches_take_their_own_path(keys):
    study = study_of(**keys)
    assert path_of(study.resolved()[0], study.task.n_features) == "full_batch"


@pytest.mark.parametrize("keys", OTHER_OPTIMIZERS.values(), ids=OTHER_OPTIMIZERS)
def test_adam_and_adamw_are_those_of_torch(keys):
    held_against_an_ordinary_loop(keys)


def test_dropped_inputs_come_from_the_dropout_stream():
    held_against_an_ordinary_loop({"model": {"dropout": 0.3}, "training": {"epochs": 30}})


def test_different_recipes_share_a_batch_without_mixing():
    variants = {
        "half": {"training.loss": "half_mse"},
        "slow": {"training.learning_rate": 0.001},
        "small": {"model.init_std": 0.1, "model.bias_init": 3},
        "noisy": {"task.noise_std": 1},
        "tilted": {"task.weight": 0.3, "training.decay_bias": True},
    }
    study = study_of(training={"epochs": 10}, grid={"weight_decay": [0, 3], "seeds": 2}, variants=variants)
    cells = cells_of(study)
    for cell, row in zip(cells, trained(cells), strict=True):
        assert_same_training(row, ordinary_loop(cell, network(cell)))
