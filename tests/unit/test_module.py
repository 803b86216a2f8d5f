"""A module of the user's is found, made and trained, or refused with one line. Kinds of modules: test_own_modules."""

import pytest
import small_modules
import torch
from oracles import cells_of, ordinary_loop, study_of, trained

from decaybench.config import ConfigError
from decaybench.tasks.streams import stream

DIGITS = {"kind": "digits", "n_train": 40, "n_validation": 30, "n_test": 31}
NUMBERS = {"n_train": 20, "n_features": 33}


def module_study(factory, **keys):
    model = {"kind": "module", "factory": f"small_modules:{factory}"}
    return study_of(model=model, grid={"weight_decay": [0, 0.5], "seeds": 2}, **keys)


def at_its_start(factory, n_features, n_outputs, kind, seed):
    """The module of a seed: its own initialisation under torch's generator, seeded from our stream."""
    torch.manual_seed(int(stream(kind, seed, "weights").integers(2**63)))
    made = getattr(small_modules, factory)
    return made() if factory == "without_sizes" else made(n_features, n_outputs)


@pytest.mark.parametrize(
    ("factory", "task", "training"),
    [
        ("two_layers", NUMBERS, {"epochs": 10}),
        ("two_layers", NUMBERS, {"epochs": 10, "loss": "half_mse", "decay_bias": True}),
        ("two_layers", DIGITS, {"epochs": 5, "learning_rate": 0.1, "momentum": 0.9, "batch_size": 16}),
        ("two_layers", DIGITS, {"epochs": 5, "learning_rate": 0.01, "optimizer": "adamw", "loss": "mse"}),
        ("WithBuffer", DIGITS, {"epochs": 5, "learning_rate": 0.05, "batch_size": 16}),
        ("without_sizes", NUMBERS, {"epochs": 5}),
        ("dropout_of_zero", NUMBERS, {"epochs": 5}),
    ],
)
def test_a_module_is_an_ordinary_loop(factory, task, training):
    """float32: agreement to 1e-5 after these steps, as for networks."""
    study = module_study(factory, task=task, training=training)
    cells = cells_of(study)
    n_features, n_outputs = (64, 10) if task is DIGITS else (33, 1)
    for cell, row in zip(cells, trained(cells), strict=True):
        net = at_its_start(factory, n_features, n_outputs, study.task.kind, cell.seed)
        expected = ordinary_loop(cell, net)
        assert row["history_train_loss"] == pytest.approx(expected.pop("history"), rel=1e-5)
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-5), name


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(cells_of(module_study("two_layers", task=NUMBERS, training={"epochs": 1})))
    assert torch.equal(torch.rand(3), expected)


REFUSED = {
    "no_such_module:net": "no module named 'no_such_module'",
    "small_modules:no_such_name": "small_modules has no 'no_such_name'",
    "small_modules:NOT_CALLABLE": "it is not callable",
    "small_modules:no_module": "it returned a str, not a torch.nn.Module",
    "small_modules:no_parameters": "its module has no parameters",
    "small_modules:fails": "calling it failed: RuntimeError: no luck",
    "small_modules:lazy": "it is a LazyLinear",
    "small_modules:wrong_width": "it returns [rows, 2]; the task needs [rows, 1]",
    "small_modules:flat_output": "the task needs [rows, 1]",
    "small_modules:wrong_input": "its forward pass failed on inputs of shape [rows, 33]",
    "raises_on_import:net": "importing it failed: ZeroDivisionError",
}


@pytest.mark.parametrize(("factory", "message"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_trained_is_refused_with_one_line(factory, message, tmp_path, monkeypatch):
    (tmp_path / "raises_on_import.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    study = study_of(
        task=NUMBERS, model={"kind": "module", "factory": factory}, grid={"weight_decay": [0], "seeds": 1}
    )
    with pytest.raises(ConfigError) as refusal:
        trained(cells_of(study))
    text = str(refusal.value)
    assert text.startswith(f"model.factory: {factory}: ")
    assert message in text
    assert "\n" not in text


def test_a_factory_is_found_in_the_current_directory(tmp_path, monkeypatch):
    (tmp_path / "found_here.py").write_text("from torch import nn\nnet = nn.Linear\n")
    monkeypatch.chdir(tmp_path)
    study = study_of(
        task=NUMBERS, model={"kind": "module", "factory": "found_here:net"}, grid={"weight_decay": [0], "seeds": 1}
    )
    assert not trained(cells_of(study))[0]["diverged"]
