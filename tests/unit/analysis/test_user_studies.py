"""Facts of studies that nobody foresaw: nothing crashes, and what is missing is said."""

import json

import numpy as np
import pytest

from decaybench.analysis.facts import study_facts
from decaybench.analysis.occam import degree_facts

from .tables import SMALL, cells_of, history_of, study_of, wobble

FALLING = {"weight_decay": [0, 0.1, 1], "seeds": 24}


def facts_of(study, values=lambda *_: {}, losses=lambda *_: (1.0, 1.0, 1.0)):
    facts = study_facts(study, cells_of(study, values), history_of(study, losses))
    json.dumps(facts, allow_nan=False)
    return facts


@pytest.mark.parametrize(
    "keys",
    [
        {"grid": {"weight_decay": [0, 1, 3], "seeds": 1}},
        {"grid": {"weight_decay": [1], "seeds": 30}},
        {"grid": {"weight_decay": [0.1, 1, 3, 10], "seeds": [3, 17, 99]}},
        {"grid": FALLING, "task": {**SMALL, "n_train": 1}},
        {"grid": FALLING, "task": {**SMALL, "n_train": 2}},
        {"grid": FALLING, "task": {**SMALL, "n_train": 16}},
        {"grid": FALLING, "task": {**SMALL, "noise_std": 0}},
        {"grid": FALLING, "task": {**SMALL, "weight": 0}},
        {"grid": FALLING, "training": {"learning_rate": 50}},
        {"grid": FALLING, "training": {"optimizer": "adamw"}},
        {"grid": FALLING, "training": {"momentum": 0.9}},
        {"grid": FALLING, "training": {"decay_bias": True}},
        {"grid": FALLING, "training": {"batch_size": 3}},
        {"grid": FALLING, "model": {"dropout": 0.5}},
        {"grid": FALLING, "model": {"init_mean": 1.0}},
        {"grid": FALLING, "task": {"kind": "breast_cancer"}, "model": {"kind": "mlp", "hidden": 4}},
        {"grid": FALLING, "task": {"kind": "digits"}},
        {"grid": FALLING, "task": {"kind": "diabetes"}},
        {
            "grid": FALLING,
            "task": {"kind": "modular_addition", "modulus": 5, "n_train": 10, "n_validation": 5, "n_test": 5},
        },
        {"grid": FALLING, "task": {"kind": "polynomial", "degree": 1}},
    ],
    ids=lambda keys: json.dumps(keys)[:60],
)
@pytest.mark.parametrize("diverged", ["none", "some", "all"])
def test_any_study_has_facts(keys, diverged):
    study = study_of(**keys)
    lost = {"none": lambda *_: False, "some": lambda v, decay, seed: decay == 1 and seed == 3, "all": lambda *_: True}
    facts = facts_of(study, lambda *cell: {"diverged": lost[diverged](*cell), "test_loss": wobble(cell[2])})
    assert facts["a/base/n_cells"]["value"] > 0
    if facts["a/base/theory/largest_z"]["value"] is None:
        assert facts["a/base/theory/largest_z"]["method"].startswith("none: ")


def test_early_stopping_is_read_off_each_seeds_own_validation():
    study = study_of(grid=FALLING)
    stop = {seed: 3 + seed % 3 for seed in range(24)}

    def losses(variant, decay, seed, epoch):
        return 1 / (1 + epoch), 1 + abs(epoch - stop[seed]), 10.0 if epoch == 10 else float(epoch)

    facts = facts_of(study, losses=losses)
    assert facts["a/base/early_stopping/epoch"]["value"] == 4
    assert facts["a/base/early_stopping/test_loss"]["value"] == pytest.approx(np.mean(list(stop.values())))
    ratios = [level / 10 for level in stop.values()]
    gain = facts["a/base/early_stopping/test_loss_ratio"]
    assert gain["value"] == pytest.approx(np.exp(np.mean(np.log(ratios)))) and gain["high"] < 1
    assert facts["a/base/early_stopping/test_loss_wins"]["value"] == 24
    assert facts["a/base/early_stopping/share_never_stopped"]["value"] == 0


def test_heavy_tails_bring_an_interquartile_mean_beside_the_mean():
    study = study_of(grid=FALLING)
    heavy = facts_of(study, lambda v, decay, seed: {"test_loss": 100.0 if decay == 1 and seed == 5 else wobble(seed)})
    assert heavy["a/base/1/test_loss_iqm"]["value"] == pytest.approx(1, abs=0.01)
    assert heavy["a/base/1/test_loss"]["value"] > 5
    assert heavy["a/base/1/test_loss_median"]["value"] == pytest.approx(1, abs=0.01)
    assert "a/base/0.1/test_loss_iqm" not in heavy


def test_every_criterion_picks_its_degree():
    """Training error always likes the largest degree; validation and evidence see the cubic."""
    from oracles import cells_of as all_cells

    from decaybench.cells.tables import CELL_COLUMNS
    from decaybench.learning.block import train_cells

    study = study_of(
        task={"kind": "polynomial", "degree": 8}, model={"init_std": 0, "bias_init_std": 0},
        training={"learning_rate": 0.05, "batch_size": 20, "epochs": 1000, "record_every": 1000},
        grid={"weight_decay": [0, 0.1, 1], "seeds": 30},
        variants={f"degree-{d}": {"task.degree": d} for d in (1, 3, 5)},
    )  # fmt: skip
    cells = train_cells(all_cells(study))[0].select(list(CELL_COLUMNS)).to_pandas()
    facts = dict(degree_facts(study, dict(iter(cells.groupby("variant")))))
    picked = {name: facts[f"degree/{name}"]["value"] for name in ("training", "validation", "evidence", "true")}
    assert picked == {"training": 8, "validation": 3, "evidence": 3, "true": 3}
