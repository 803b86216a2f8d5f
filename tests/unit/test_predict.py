"""From a table to a config, from a study to the model to use, and to predictions for new rows."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from tables import Folder, houses

from decaybench.cli import main
from decaybench.config import BASE
from decaybench.config.files import read_config
from decaybench.stages.predict import predictions
from decaybench.stages.refit import chosen_weight_decay, write_model
from decaybench.tasks.table.columns import columns_of
from decaybench.tasks.table.design import fit as fit_design


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)


def refit(folder, frame, target="price", decay=0.1, **keys):
    study = folder.study(frame, target, **keys)
    place = folder.path / "results" / "model"
    place.mkdir(parents=True)
    write_model(next(v for v in study.resolved() if v.name == BASE), decay, place)
    return study.task, json.loads((place / "model.json").read_text())


def predict(folder, frame, capsys=None):
    frame.to_csv(folder.path / "new.csv", index=False)
    code = main(["predict", "results", "new.csv", "--output", "out.csv"])
    return code, pd.read_csv(folder.path / "out.csv") if code == 0 else None


def test_predictions_are_those_of_ridge_on_all_rows(folder, capsys):
    frame = houses()
    task, model = refit(folder, frame, missing="impute")
    columns, rows = columns_of(task), np.arange(len(frame))
    design = fit_design(columns, rows, 1).inputs(columns, rows)
    ridge = Ridge(alpha=task.n_train * 0.1 / 2, solver="svd").fit(design, frame["price"])  # Λ = n_train·λ/g
    code, found = predict(folder, frame.assign(more=1))
    assert code == 0
    assert list(found.columns) == ["row", "prediction"]
    np.testing.assert_allclose(found["prediction"], ridge.predict(design), rtol=1e-9)
    assert "4 columns that the model does not know are ignored" in capsys.readouterr().err
    assert model["weight_decay"]["refit"] == pytest.approx(0.1 * task.n_train / len(frame))
    original = np.ravel(model["coefficients"]["original"]["weights"])
    assert original[1] == pytest.approx(ridge.coef_[1] / frame["rooms"].std(ddof=0))


def test_classes_have_probabilities_and_the_prediction_last(folder):
    frame = houses(gaps=False)
    refit(folder, frame, "kind", drop=["day", "town", "price"])
    _, found = predict(folder, frame.drop(columns="kind"))
    names = ["probability_flat", "probability_house", "probability_villa"]
    assert list(found.columns) == ["row", *names, "prediction"]
    np.testing.assert_allclose(found[names].sum(axis=1), 1)
    assert (found["prediction"] == found[names].idxmax(axis=1).str.removeprefix("probability_")).all()


def test_a_network_is_an_ensemble_without_pickles(folder):
    frame = houses(gaps=False)
    mlp = {"model": {"kind": "mlp", "hidden": [4]}, "training": {"optimizer": "adamw", "epochs": 40,
           "learning_rate": 0.02}}  # fmt: skip
    refit(folder, frame, **mlp)
    assert sorted(p.name for p in (folder.path / "results" / "model").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    _, found = predict(folder, frame)
    assert np.corrcoef(found["prediction"], frame["price"])[0, 1] > 0.5


def test_what_new_rows_lack_is_said(folder, capsys):
    refit(folder, houses(gaps=False))
    assert predict(folder, houses(gaps=False).drop(columns=["area", "kind"]))[0] == 1
    assert capsys.readouterr().err == "decaybench predict: new.csv: columns are missing: area, kind\n"
    assert predict(folder, houses())[0] == 1
    assert "values are missing" in capsys.readouterr().err
    assert predict(folder, houses(gaps=False).assign(kind="castle"))[0] == 0
    assert "column kind: 60 rows have a value that the table did not have" in capsys.readouterr().err


def test_no_rows_give_no_predictions(folder):
    _, model = refit(folder, houses(gaps=False))
    assert len(predictions(model, houses(gaps=False).head(0), "new.csv", folder.path)) == 0


def test_lambda_is_chosen_where_nothing_diverged():
    cells = pd.DataFrame(
        [(s, decay, loss, decay == 9 and s == 1) for s in (0, 1) for decay, loss in ((0, 3.0), (1, 2.0), (9, 1.0))],
        columns=["seed", "weight_decay", "validation_loss", "diverged"],
    )  # fmt: skip
    assert chosen_weight_decay(cells) == 1
    assert chosen_weight_decay(cells.assign(diverged=True)) is None


@pytest.mark.parametrize("words", [[], ["--model", "mlp"], ["--split", "time:day", "--seeds", "3"]])
def test_new_writes_a_config_that_can_be_run(folder, capsys, words):
    houses().to_csv(folder.path / "houses.csv", index=False)
    new = ["new", "mine.yaml", "--table", "houses.csv", "--target", "price", *words]
    assert main(new) == 0
    study = read_config("mine.yaml").studies[0]
    assert study.name == "houses"
    assert study.grid.weight_decay[0] == 0
    assert 10 <= len(study.grid.weight_decay) <= 13
    assert "values are missing in area" in capsys.readouterr().out
    assert main(["plan", "mine.yaml"]) == 0
    assert main(new) == 1
    assert "is there already" in capsys.readouterr().err
