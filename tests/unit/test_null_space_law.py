"""What the data never touch decays as (1−ηλ)^steps, whatever the data: checked where nothing builds it in."""

import numpy as np
import pytest
import torch
from oracles import cells_of, study_of, trained

from decaybench.learning.coordinates import path_of
from decaybench.learning.optimizers import OPTIMIZERS, Settings
from decaybench.tasks import generate
from decaybench.tasks.streams import stream

DECAYS = [0, 0.01, 0.3, 1, 3, 10]


def ratios_and_law(**keys):
    keys["training"] = {**keys.get("training", {}), "in_span": False}
    study = study_of(**keys, grid={"weight_decay": DECAYS, "seeds": 4})
    cells = cells_of(study)
    assert path_of(cells[0].recipe, 200) == "general"
    rows = trained(cells)
    assert not any(row["diverged"] for row in rows)
    ratios = np.array([row["null_space_norm"] / row["initial_null_space_norm"] for row in rows])
    law = np.array([(1 - study.training.learning_rate * row["weight_decay"]) ** row["steps"] for row in rows])
    return ratios, law


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"task": {"noise_std": 1.0}},
        {"task": {"n_train": 150}, "training": {"epochs": 20}},
        {"training": {"batch_size": 20}},
        {"model": {"init_mean": 1.0, "init_std": 0.1}},
    ],
    ids=["article", "noise", "more rows", "full batch", "mean"],
)
def test_the_null_space_decays_by_law(keys):
    ratios, law = ratios_and_law(**keys)
    assert ratios == pytest.approx(law, rel=1e-8)


def after_steps_without_gradient(optimizer, weight_decay, momentum=None):
    """A weight of 1 after 200 steps of zero gradient with η = 0.001."""
    weight = torch.ones(1, 1, 1, dtype=torch.float64)
    settings = Settings(
        learning_rate=[torch.full_like(weight, 0.001)],
        weight_decay=[torch.full_like(weight, weight_decay)],
        momentum=momentum,
        nesterov=False,
    )
    state = OPTIMIZERS[optimizer].start([weight], settings)
    for step in range(1, 201):
        OPTIMIZERS[optimizer].update([weight], [torch.zeros_like(weight)], state, settings, step)
    return weight.item()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("weight_decay", [0, 0.01, 1, 30])
def test_sgd_and_adamw_decay_a_weight_without_gradient_by_law(optimizer, weight_decay):
    law = (1 - 0.001 * weight_decay) ** 200
    assert after_steps_without_gradient(optimizer, weight_decay) == pytest.approx(law, rel=1e-12)


def test_adam_with_l2_moves_it_the_same_distance_over_a_3000_fold_range():
    moved = [1 - after_steps_without_gradient("adam", weight_decay) for weight_decay in (0.01, 1, 30)]
    assert moved == pytest.approx([moved[0]] * 3, rel=1e-3)
    assert moved[0] > 0.1


@pytest.mark.parametrize("path", [{"in_span": True}, {"in_span": False}, {"batch_size": 20}], ids=str)
def test_norms_of_the_start_are_those_of_the_draw(path):
    study = study_of(
        model={"init_std": 0.5, "init_mean": 0.2},
        training={"epochs": 1, **path},
        grid={"weight_decay": [0], "seeds": 3},
    )
    for cell, row in zip(cells_of(study), trained(cells_of(study)), strict=True):
        weights = 0.2 + 0.5 * stream("gaussian_linear", cell.seed, "weights").standard_normal(200)
        inputs = generate(study.task, cell.seed).train.inputs
        inside = np.linalg.pinv(inputs) @ (inputs @ weights)
        assert row["init_norm"] == pytest.approx(np.linalg.norm(weights), rel=1e-12)
        assert row["initial_null_space_norm"] == pytest.approx(np.linalg.norm(weights - inside), rel=1e-10)


@pytest.mark.parametrize("path", [{"in_span": True}, {"in_span": False}, {"batch_size": 20}], ids=str)
def test_the_two_norms_make_the_whole(path):
    study = study_of(training=path, grid={"weight_decay": DECAYS, "seeds": 2})
    for row in trained(cells_of(study)):
        assert np.hypot(row["row_space_norm"], row["null_space_norm"]) == pytest.approx(row["weight_norm"], rel=1e-12)


def test_with_more_rows_than_features_there_is_no_null_space():
    study = study_of(task={"n_train": 30, "n_features": 20}, grid={"weight_decay": [0, 3], "seeds": 2})
    for row in trained(cells_of(study)):
        assert row["null_space_norm"] == row["initial_null_space_norm"] == 0
