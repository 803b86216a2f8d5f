"""The weights that no table holds: those of the cell that was trained, and what is said of them."""

import numpy as np
import pytest

from decaybench.analysis import weights
from decaybench.grid import BlockSpec, block_specs
from decaybench.learning import code_of
from decaybench.learning.record import train_and_record

from .tables import study_of

TASK = {"n_train": 12, "n_features": 30, "n_validation": 4, "n_test": 4, "noise_std": 0.2}
RECIPES = {
    "minibatches from a random start": {"task": TASK, "training": {"batch_size": 4, "epochs": 30}},
    "minibatches, the bias decayed": {"task": TASK, "training": {"batch_size": 3, "epochs": 20, "decay_bias": True}},
    "half the squared loss": {"task": TASK, "training": {"batch_size": 4, "epochs": 20, "loss": "half_mse"}},
    "every weight by itself": {"task": TASK, "training": {"batch_size": 6, "epochs": 20, "in_span": False}},
    "full batch": {"task": TASK, "training": {"batch_size": 100, "epochs": 200, "learning_rate": 0.02}},
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
    specs = block_specs(study).values()
    tables = [train_and_record(BlockSpec.model_validate_json(s.to_json()).cells(code_of))[0] for s in specs]
    return [row for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("keys", RECIPES.values(), ids=RECIPES)
def test_their_length_and_bias_are_those_of_the_trained_cell(keys):
    study = study_of(grid={"weight_decay": [0, 0.3, 5], "seeds": 3}, **keys)
    (variant,) = study.resolved()
    assert weights.why_none(variant) is None
    rows = trained(study)
    assert len(rows) == 9
    for row in rows:
        state = weights.trained_state(variant, row["seed"], [row["weight_decay"]])
        assert np.linalg.norm(state.weights[0]) == pytest.approx(row["weight_norm"], rel=1e-9)
        assert state.bias[0] == pytest.approx(row["bias"], rel=1e-9, abs=1e-12)
