"""Networks train what torch.nn and torch.optim train, cell by cell.

They train in float32, where one sum in another order differs by 6e-8 and training carries it on: after these
steps losses and norms agree to 1e-5 (measured: 2e-6). Softmax regression is a linear model and trains in float64.
"""

import pytest
from oracles import cells_of, network, ordinary_loop, study_of, trained

DIGITS = {"kind": "digits", "n_train": 60, "n_validation": 50, "n_test": 101}
MODULAR = {"kind": "modular_addition", "modulus": 7, "n_train": 25, "n_validation": 12, "n_test": 12}
SGD = {"learning_rate": 0.1, "momentum": 0.9, "batch_size": 16, "epochs": 10}
ADAMW = {"optimizer": "adamw", "learning_rate": 0.003, "batch_size": 16, "epochs": 10}

NETWORKS = {
    "sgd": (DIGITS, {"hidden": [32]}, {**SGD, "momentum": 0.0}),
    "momentum": (DIGITS, {"hidden": [32]}, SGD),
    "adamw, two layers": (DIGITS, {"hidden": [32, 16]}, ADAMW),
    "adam, dropout": (DIGITS, {"hidden": [32, 16], "dropout": 0.3}, {**ADAMW, "optimizer": "adam"}),
    "nesterov, dropout, quadratic": (
        DIGITS,
        {"hidden": [16], "dropout": 0.2, "activation": "quadratic"},
        {**SGD, "learning_rate": 0.02, "nesterov": True},
    ),
    "mse on classes, quadratic": (
        MODULAR,
        {"hidden": [32], "activation": "quadratic"},
        {**ADAMW, "loss": "mse", "decay_bias": True},
    ),
    "noisy labels": ({**DIGITS, "label_noise": 0.4}, {"hidden": [16], "init_scale": 2}, SGD),
    "numbers": (
        {"n_train": 20, "n_features": 30},
        {"hidden": [16], "init_scale": 0.5},
        {"learning_rate": 0.01, "batch_size": 20, "epochs": 20, "loss": "half_mse"},
    ),
}
LINEAR = {
    "softmax regression": (DIGITS, {"init_std": 0.1}, {**SGD, "learning_rate": 0.05}),
    "two classes, dropped inputs": (
        {"kind": "breast_cancer", "label_noise": 0.2},
        {"init_std": 0.1, "init_mean": 0.1, "dropout": 0.2},
        {**SGD, "learning_rate": 0.01},
    ),
    "mse on classes": (DIGITS, {"init_std": 0.1, "bias_init_std": 0.5}, {**SGD, "loss": "mse", "decay_bias": True}),
    "half_mse on classes, adamw": (DIGITS, {"init_std": 0.1}, {**ADAMW, "loss": "half_mse"}),
}


def compare(task, model, training, tolerance):
    study = study_of(task=task, model=model, training=training, grid={"weight_decay": [0, 0.01, 0.5], "seeds": 2})
    cells = cells_of(study)
    for cell, row in zip(cells, trained(cells), strict=True):
        expected = ordinary_loop(cell, network(cell))
        assert not row["diverged"]
        assert row["history_train_loss"] == pytest.approx(expected.pop("history"), rel=tolerance)
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=tolerance), name


@pytest.mark.parametrize(("task", "model", "training"), NETWORKS.values(), ids=NETWORKS)
def test_a_network_is_an_ordinary_loop(task, model, training):
    compare(task, {"kind": "mlp", **model}, training, 1e-5)


@pytest.mark.parametrize(("task", "model", "training"), LINEAR.values(), ids=LINEAR)
def test_a_linear_model_of_classes_is_softmax_regression_in_float64(task, model, training):
    compare(task, model, training, 1e-12)
