"""The weights that no table holds: those of the cell that was trained, and what is said of them."""

import numpy as np
import pytest

from decaybench.analysis import weights
from decaybench.cells import grid
from decaybench.learning import code_of
from decaybench.learning.run import train_and_record
from decaybench.tasks import generate
from decaybench.theory.smoother import decompose

from .tables import cells_of, study_of

TASK = {"n_train": 12, "n_features": 30, "n_validation": 4, "n_test": 4, "noise_std": 0.2}
RECIPES = {
    "minibatches from a random start": {"task": TASK, "training": {"batch_size": 4, "epochs": 30}},
    "minibatches, the bias decayed": {"task": TASK, "training": {"batch_size": 3, "epochs": 20, "decay_bias": True}},
    "half the squared loss": {"task": TASK, "training": {"batch_size": 4, "epochs": 20, "loss": "half_mse"}},
    "every weight by itself": {"task": TASK, "training": {"batch_size": 6, "epochs": 20, "in_span": False}},
    "full batch": {"task": TASK, "training": {"batch_size": 100, "epochs": 200, "learning_rate": 0.02}},
    "full batch, the bias decayed": {
        "task": TASK,
        "training": {"batch_size": 12, "epochs": 90, "learning_rate": 0.02, "decay_bias": True},
    },
    "full batch, more rows than weights": {
        "task": TASK | {"n_train": 50}, "training": {"batch_size": 50, "epochs": 90, "learning_rate": 0.02},
    },
    "a polynomial": {
        "task": {"kind": "polynomial", "n_train": 12, "n_validation": 4, "n_test": 4, "degree": 5},
        "training": {"batch_size": 12, "epochs": 300, "learning_rate": 0.02},
    },
    "patients": {
        "task": {"kind": "diabetes", "n_train": 30, "n_validation": 9, "n_test": 9, "degree": 2},
        "model": {"init_std": 0.3}, "training": {"batch_size": 30, "epochs": 100},
    },
    "patients in batches": {
        "task": {"kind": "diabetes", "n_train": 30, "n_validation": 9, "n_test": 9, "degree": 1},
        "training": {"batch_size": 10, "epochs": 50},
    },
}  # fmt: skip


def trained(study):
    """The rows of a study's cells, trained as the workflow trains them."""
    return train_and_record(grid.cells_of(study, code_of))[0].to_pylist()


@pytest.mark.parametrize("keys", RECIPES.values(), ids=RECIPES)
def test_their_length_and_bias_are_those_of_the_trained_cell(keys):
    study = study_of(grid={"weight_decay": [0, 0.3, 5], "seeds": 3}, **keys)
    (variant,) = study.resolved()
    assert weights.why_no_weights(variant) is None
    rows = trained(study)
    assert len(rows) == 9
    for row in rows:
        state = weights.trained_state(variant, row["seed"], [row["weight_decay"]])
        assert np.linalg.norm(state.weights[0]) == pytest.approx(row["weight_norm"], rel=1e-9)
        assert state.bias[0] == pytest.approx(row["bias"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"model": {"kind": "mlp"}}, "not linear"),
        ({"training": {"optimizer": "adam"}}, "sgd without momentum"),
        ({"training": {"momentum": 0.9}}, "sgd without momentum"),
        ({"model": {"dropout": 0.2}}, "dropped"),
        ({"training": {"batch_size": 5}}, "smaller"),
        ({"training": {"batch_size": 4, "epochs": 100_000}}, "too many steps"),
    ],
)
def test_where_they_cannot_be_had_the_reason_is_given(keys, said):
    study = study_of(task=TASK, grid={"weight_decay": [0, 1], "seeds": 2}, **keys)
    (variant,) = study.resolved()
    assert said in (weights.why_no_weights(variant) or "")
    assert not dict(weights.weight_facts(variant, cells_of(study, lambda *_: {})))


FROM_ZERO = {
    "task": TASK | {"n_train": 20}, "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"batch_size": 20, "epochs": 400, "learning_rate": 0.05},
}  # fmt: skip


def facts_of(diverged=lambda decay, seed: False, seeds=3, **keys):
    study = study_of(grid={"weight_decay": [0, 0.5, 20], "seeds": seeds}, **(FROM_ZERO | keys))
    cells = cells_of(study, lambda variant, decay, seed: {"diverged": diverged(decay, seed)})
    return dict(weights.weight_facts(study.resolved()[0], cells))


def test_decay_takes_the_weak_directions_first_and_no_weight_to_zero():
    facts = facts_of()
    for label in ("0.5", "20"):
        assert facts[f"{label}/weight_kept_weak"]["high"] < facts[f"{label}/weight_kept_strong"]["low"] < 1
        assert facts[f"{label}/weight_zeros"]["value"] == 0
    assert facts["20/weight_spread"]["high"] < facts["0/weight_spread"]["low"]
    assert facts["0.5/weight_longer"]["value"] > facts["20/weight_longer"]["value"] >= 0


def test_a_start_that_the_data_never_touch_is_still_there_without_decay():
    training = FROM_ZERO["training"] | {"learning_rate": 0.004}
    facts = facts_of(model={"init_std": 1.0}, task=TASK | {"n_features": 400}, training=training)
    assert facts["0/weight_spread"]["value"] == pytest.approx(facts["weights/start_spread"]["value"], rel=0.05)
    assert facts["20/weight_spread"]["value"] < 0.01
    assert "0/weight_kept_strong" not in facts  # the start, not the data, would be told


def test_facts_with_one_seed_some_diverged_or_all():
    assert facts_of(seeds=1)["0/weight_spread"]["low"] is None
    assert facts_of(lambda decay, seed: seed == 1)["weights/n_seeds"]["value"] == 2
    assert "20/weight_spread" not in facts_of(lambda decay, seed: decay == 20)
    assert not facts_of(lambda *_: True)


def test_each_direction_keeps_what_ridge_keeps_of_it():
    long = {"batch_size": 60, "epochs": 4000, "learning_rate": 0.05}
    study = study_of(grid={"weight_decay": [0, 2], "seeds": 1}, **(
        FROM_ZERO | {"task": TASK | {"n_train": 60}, "training": long}))  # fmt: skip
    (variant,) = study.resolved()
    state = weights.trained_state(variant, 0, [0.0, 2.0])
    eigenvalues = decompose(generate(variant.task, 0).train.inputs).eigenvalues
    kept = weights.kept_by_direction(variant, 0, state.weights, len(eigenvalues))
    np.testing.assert_allclose(kept[1], eigenvalues / (eigenvalues + 60), rtol=1e-6)  # Λ = nλ/2
