"""The exact solution against scikit-learn's, on the splits that are written out."""

import numpy as np
import pytest
from oracles import cells_of, study_of, trained
from sklearn.linear_model import LogisticRegression, Ridge
from tables import EXACT, Folder, houses

from decaybench.config import ConfigError
from decaybench.learning.fitting import fit
from decaybench.stages.splits import splits_of
from decaybench.tasks import generate, target_unit


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def ridge(inputs, targets, alpha):
    """Weights and intercept; the shortest solution where alpha is 0."""
    if alpha > 0:
        model = Ridge(alpha=alpha, solver="svd").fit(inputs, targets)
        return model.coef_, model.intercept_
    weights = np.linalg.pinv(inputs - inputs.mean(0), rcond=1e-12) @ (targets - targets.mean())
    return weights, targets.mean() - inputs.mean(0) @ weights


@pytest.mark.parametrize(("name", "g"), [("mse", 2), ("half_mse", 1)])
def test_every_split_is_ridge(folder, name, g):
    frame = houses()
    study = folder.study(frame, missing="impute", training={"optimizer": "exact", "loss": name})
    splits = splits_of(study).to_pandas()
    cells = cells_of(study)
    for cell, row in zip(cells, trained(cells), strict=True):
        data, unit = generate(study.task, cell.seed), target_unit(study.task, cell.seed)
        own = splits[(splits["seed"] == cell.seed) & (splits["role"] == "train")]["row"]
        assert unit == pytest.approx(frame["price"].to_numpy()[own].std())
        weights, bias = ridge(*data.train, study.task.n_train * cell.weight_decay / g)
        for part in ("train", "validation", "test"):
            inputs, targets = getattr(data, part)
            expected = np.mean((inputs @ weights + bias - targets) ** 2) * unit**2
            assert row[f"{part}_loss"] == pytest.approx(expected, rel=1e-9)
        assert row["weight_norm"] == pytest.approx(np.linalg.norm(weights), rel=1e-9)


def test_without_decay_it_is_the_shortest_solution():
    study = study_of(task={"n_train": 8, "n_features": 20}, **EXACT)
    cell = cells_of(study)[0]
    assert cell.weight_decay == 0
    inputs, targets = generate(study.task, cell.seed).train
    shortest = np.linalg.pinv(inputs - inputs.mean(0)) @ (targets - targets.mean())
    assert trained([cell])[0]["weight_norm"] == pytest.approx(np.linalg.norm(shortest), rel=1e-9)


def logistic(data, decay, classes):
    strength = (1 if classes > 2 else 2) / (len(data.train.targets) * decay)
    return LogisticRegression(C=strength, tol=1e-12, max_iter=100_000).fit(*data.train)


@pytest.mark.parametrize(("target", "classes"), [("dear", 2), ("kind", 3)])
def test_classes_are_logistic_regression(folder, target, classes):
    study = folder.study(houses(gaps=False), target, drop=["day", "town", "price"])
    cells = [cell for cell in cells_of(study) if cell.weight_decay > 0]
    for cell, row in zip(cells, trained(cells), strict=True):
        data = generate(study.task, cell.seed)
        model = logistic(data, cell.weight_decay, classes)
        for part in ("train", "test"):
            inputs, targets = getattr(data, part)
            shares = model.predict_proba(inputs)
            assert row[f"{part}_loss"] == pytest.approx(
                -np.mean(np.log(shares[range(len(targets)), targets])), abs=1e-5
            )
        assert row["test_accuracy"] == pytest.approx(model.score(*data.test))
        (weights, _), = fit(data.train.inputs, data.train.targets, classes, study.model, study.training,
                            cell.weight_decay)[0]  # fmt: skip
        ours = weights.T - weights.T.mean(0)
        theirs = model.coef_ if classes > 2 else np.vstack([-model.coef_, model.coef_]) / 2
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_separable_classes_without_decay_end():
    study = study_of(task={"kind": "breast_cancer", "n_train": 20}, **EXACT)
    row = trained(cells_of(study)[:1])[0]
    assert np.isfinite(row["test_loss"])
    assert row["train_loss"] < 1e-6


def test_a_cell_has_the_same_bits_alone_and_among_others(folder):
    study = folder.study(houses(gaps=False))
    cells = cells_of(study)
    assert trained(cells)[-1]["test_loss"] == trained(cells[-1:])[0]["test_loss"]


def test_keys_of_steps_are_ignored(folder):
    frame = houses(gaps=False)
    study = folder.study(frame)
    other = folder.study(frame, training={"optimizer": "exact", "epochs": 7, "batch_size": 3, "learning_rate": 9})
    assert [cell.key for cell in cells_of(study)] == [cell.key for cell in cells_of(other)]


@pytest.mark.parametrize(
    ("model", "message"),
    [({"kind": "mlp"}, "exact is of linear models"), ({"kind": "linear", "dropout": 0.1}, "model.dropout: exact")],
)
def test_what_has_no_exact_solution_is_refused(model, message):
    with pytest.raises(ConfigError, match=message):
        study_of(**{**EXACT, "model": model})
