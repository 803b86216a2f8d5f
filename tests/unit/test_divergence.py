"""A cell that diverges is a result, and no business of its neighbours."""

import importlib
import math

import numpy as np
import pytest
import torch
from oracles import cells_of, network, ordinary_loop, study_of, trained

from decaybench.cells.tables import HISTORY_METRICS
from decaybench.learning import module_of
from decaybench.learning.batch import Batch, Lane
from decaybench.tasks import generate

NUMBERS = ("train_loss", "validation_loss", "test_loss", "weight_norm", "row_space_norm", "null_space_norm", "bias")


def loss_of_the_best_constant(cell):
    """The train loss of predicting the mean of the training targets, of classes their frequencies."""
    targets = generate(cell.recipe.task, cell.seed).train.targets
    if cell.recipe.n_classes is None:
        return np.var(targets)
    shares = np.bincount(targets, minlength=cell.recipe.n_classes) / len(targets)
    if cell.recipe.loss == "cross_entropy":
        return -sum(share * math.log(share) for share in shares if share > 0)
    return np.mean(shares * (1 - shares))


def share_diverged(**keys):
    return np.mean([row["diverged"] for row in trained(cells_of(study_of(**keys)))])


@pytest.mark.parametrize(("weight_decay", "share"), [(100, 0), (625, 0), (650, 1), (700, 1), (10_000, 1)])
def test_the_articles_setting_diverges_above_a_weight_decay_of_634(weight_decay, share):
    """λ < 2/η − (g/n)·λmax(XX' + 11') ≈ 634 by THEORY; measured: 0 of 60 seeds at 634, 42 % at 640, all at 645."""
    assert share_diverged(grid={"weight_decay": [weight_decay], "seeds": 12}) == share


@pytest.mark.parametrize(("learning_rate", "share"), [(0.015, 0), (0.025, 1), (0.1, 1)])
def test_the_articles_setting_diverges_around_a_learning_rate_of_0022(learning_rate, share):
    """Measured without decay: half of the seeds at 0.022, 1 of 60 at 0.018, all at 0.025."""
    keys = {"training": {"learning_rate": learning_rate}, "grid": {"weight_decay": [0], "seeds": 12}}
    assert share_diverged(**keys) == share


@pytest.mark.parametrize("in_span", [True, False])
def test_diverged_means_a_thousand_times_the_first_train_loss_at_a_record(in_span):
    study = study_of(
        training={"learning_rate": 0.022, "in_span": in_span, "record_every": 10, "epochs": 60},
        grid={"weight_decay": [0, 3], "seeds": 4},
    )
    cells = cells_of(study)
    rows = trained(cells)
    seen = set()
    for cell, row in zip(cells, rows, strict=True):
        history = ordinary_loop(cell, network(cell))["history"]
        bound = 1000 * max(history[0], loss_of_the_best_constant(cell))
        healthy = 0
        while healthy < len(history) and history[healthy] <= bound:  # false for NaN
            healthy += 1
        seen.add(row["diverged"])
        assert row["diverged"] == (healthy < len(history))
        assert row["history_epoch"] == list(range(0, 10 * healthy, 10))
        assert row["history_train_loss"] == pytest.approx(history[:healthy], rel=1e-9)
    assert seen == {True, False}


def test_a_diverged_cell_keeps_its_last_healthy_record():
    study = study_of(training={"record_every": 1}, grid={"weight_decay": [0, 645, 800, 1e6, 1e300], "seeds": 3})
    for row in trained(cells_of(study)):
        assert row["diverged"] == (row["weight_decay"] > 0)
        assert all(math.isfinite(row[name]) for name in NUMBERS)
        epochs = row["history_epoch"]
        assert epochs == list(range(len(epochs)))
        assert row["steps"] == 4 * epochs[-1]
        assert row["diverged"] == (epochs[-1] < 100)
        for metric in HISTORY_METRICS:
            values = row[f"history_{metric}"]
            assert values is None or len(values) == len(epochs)
        assert row["train_loss"] == row["history_train_loss"][-1] <= 1000 * row["history_train_loss"][0]
        assert row["weight_norm"] == pytest.approx(row["history_weight_norm"][-1], rel=1e-14)
        if row["weight_decay"] >= 1e6:  # gone at the first step
            assert epochs == [0]
            assert row["weight_norm"] == row["init_norm"]


def test_a_cell_that_comes_back_has_still_diverged():
    """Large steps of Adam leave a good start far behind, and find back."""
    study = study_of(
        model={"init_std": 0, "bias_init_std": 0},
        training={"optimizer": "adam", "learning_rate": 1, "batch_size": 20, "epochs": 300, "record_every": 1},
        grid={"weight_decay": [0], "seeds": 2},
    )
    for cell, row in zip(cells_of(study), trained(cells_of(study)), strict=True):
        history = np.array(ordinary_loop(cell, network(cell))["history"])
        worst = history.argmax()
        assert history[worst] > 1000 * max(history[0], loss_of_the_best_constant(cell)) > history[-1]
        assert row["diverged"]
        assert row["history_epoch"][-1] < worst


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"training": {"in_span": False}},
        {"training": {"batch_size": 20}},
        {"training": {"optimizer": "adamw"}},
        {"task": {"kind": "digits", "n_train": 40}, "training": {"epochs": 5}},
        {
            "task": {"kind": "digits", "n_train": 40},
            "training": {"epochs": 5},
            "model": {"kind": "mlp", "hidden": [8]},
        },
    ],
    ids=["span", "general", "full batch", "adamw", "softmax", "mlp"],
)
def test_neighbours_of_diverged_cells_keep_their_bits(keys):
    calm = cells_of(study_of(**keys, grid={"weight_decay": [0, 3], "seeds": 2}))
    among = cells_of(study_of(**keys, grid={"weight_decay": [0, 3, 1e5, 1e40], "seeds": 2}))
    rows = {row["cell_key"]: row for row in trained(among)}
    assert {row["diverged"] for row in rows.values() if row["weight_decay"] > 3} == {True}
    assert trained(calm) == [rows[cell.key] for cell in calm]


AT_THE_TRUTH = {"init_mean": 0.01, "init_std": 1e-7, "bias_init": 0.05, "bias_init_std": 0}
QUIET = {"n_train": 20, "n_features": 60, "noise_std": 0, "n_validation": 10, "n_test": 10}


@pytest.mark.parametrize("loss", ["mse", "half_mse"])
@pytest.mark.parametrize(
    "training",
    [{}, {"in_span": False}, {"batch_size": 20}, {"optimizer": "adamw"}, {"momentum": 0.5}],
    ids=["span", "general", "full batch", "adamw", "momentum"],
)
def test_a_start_at_the_truth_does_not_make_ordinary_training_diverge(training, loss):
    """Decay leads away from a start whose loss is nearly zero: that is what decay does, not divergence."""
    study = study_of(
        task=QUIET,
        model=AT_THE_TRUTH,
        training={"epochs": 40, "record_every": 10, "loss": loss, **training},
        grid={"weight_decay": [0, 3, 100, 1e6], "seeds": 2},
    )
    cells = cells_of(study)
    for cell, row in zip(cells, trained(cells), strict=True):
        history = ordinary_loop(cell, network(cell))["history"]
        bound = 1000 * max(history[0], loss_of_the_best_constant(cell))
        assert history[0] < 1e-10 * bound
        assert row["diverged"] == any(not value <= bound for value in history) == (cell.weight_decay == 1e6)
        if cell.weight_decay == 100:
            assert row["train_loss"] > 1e5 * history[0]
        if not row["diverged"]:
            assert row["history_train_loss"] == pytest.approx(history, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize(
    ("model", "task", "training"),
    [
        ({"kind": "mlp", "hidden": [4]}, {"kind": "digits", "n_train": 30}, {}),
        ({"kind": "mlp", "hidden": [4]}, {"kind": "digits", "n_train": 30}, {"loss": "mse"}),
        ({"kind": "linear"}, {"kind": "digits", "n_train": 30}, {}),
        ({"kind": "mlp", "hidden": [4]}, {"kind": "diabetes", "n_train": 30}, {"loss": "half_mse"}),
        ({"kind": "linear"}, {"kind": "gaussian_linear", "n_train": 15, "weight": 0, "noise_std": 0.1}, {}),
    ],
    ids=["network, classes", "network, classes, squared", "softmax", "network, half", "linear"],
)
def test_the_bound_is_a_thousand_times_the_larger_of_start_and_best_constant(model, task, training):
    study = study_of(
        model=model,
        task={**task, "n_validation": 10, "n_test": 10},
        training={"epochs": 1, "record_every": 1, "learning_rate": 0.1, **training},
        grid={"weight_decay": [0], "seeds": 3},
    )
    cells = cells_of(study)
    lanes = [Lane([cell]) for cell in cells]
    recipe = cells[0].recipe
    module = importlib.import_module(module_of(recipe))
    dtype = torch.float64 if recipe.model.kind == "linear" else torch.float32
    problem = module.build(Batch(lanes, module.COLUMNS, torch.device("cpu"), dtype))
    assert problem.constant_loss.flatten().tolist() == pytest.approx(
        [loss_of_the_best_constant(cell) for cell in cells], rel=1e-6
    )


def test_a_parameter_that_overflows_unseen_by_any_loss_has_diverged():
    """All losses stay as they are while decay multiplies a bias by −99 a step."""
    study = study_of(
        task={"kind": "digits", "n_train": 30, "n_validation": 10, "n_test": 10},
        model={"kind": "module", "factory": "small_modules:Idle"},
        training={"epochs": 60, "record_every": 60, "learning_rate": 0.1, "decay_bias": True, "batch_size": 30},
        grid={"weight_decay": [0, 1000], "seeds": 2},
    )
    cells = cells_of(study)
    rows = trained(cells)
    assert [row["diverged"] for row in rows] == [cell.weight_decay > 0 for cell in cells]
