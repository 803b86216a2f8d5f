"""Remedies on one axis, filters matched, and labels known by heart."""

import numpy as np
import pandas as pd
import pytest

from decaybench.analysis import filters, remedies
from decaybench.analysis.facts import study_facts
from decaybench.analysis.memorised import memorised_facts
from decaybench.tasks import generate

from .tables import cells_of, history_of, study_of, wobble

TASK = {"n_train": 12, "n_features": 24, "n_validation": 4, "n_test": 4, "noise_std": 0.2}
KEYS = {
    "task": TASK,
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"batch_size": 50, "epochs": 100, "learning_rate": 0.03, "record_every": 10},
    "grid": {"weight_decay": [0, 0.3, 1, 5], "seeds": 5},
    "variants": {
        "half": {"model.dropout": 0.5, "grid.weight_decay": [0]},
        "some": {"model.dropout": 0.2, "grid.weight_decay": [0]},
        "rows": {"task.n_train": 48, "grid.weight_decay": [0]},
    },
}


def losses(variant, decay, seed):
    """A U over λ with its best at 1; dropout a tenth dearer than decay, more rows half as dear."""
    level = {"half": 1.1, "some": 1.3, "rows": 0.5}.get(variant.name, {1: 1.0, 5: 1.2}.get(decay, 2.0 - 2 * decay))
    own = level * wobble(seed) * wobble((3 + len(variant.name)) * seed + int(10 * decay))
    return {"validation_loss": own, "test_loss": own}


def stopped(variant, decay, seed, epoch):
    """Best in the middle of the training, a little dearer than decay."""
    level = 1.2 + abs(epoch - 40) / 100
    return 0.1, level * wobble(seed), level * wobble(seed)


def facts_of(**keys):
    study = study_of(**(KEYS | keys))
    found = study_facts(study, cells_of(study, losses), history_of(study, stopped, range(0, 101, 10)))
    return {k.removeprefix("a/base/"): fact for k, fact in found.items() if "/remedies/" in k or "/filters/" in k}


def test_each_remedy_is_told_at_its_best_and_decay_is_the_measure():
    facts = facts_of()
    settings = {kind: facts[f"remedies/{kind}/setting"]["value"] for kind in
                ("nothing", "decay", "early_stopping", "dropout", "more_data")}  # fmt: skip
    assert settings == {"nothing": 0, "decay": 1, "early_stopping": 40, "dropout": 0.5, "more_data": 48}
    dof = {kind: facts[f"remedies/{kind}/effective_dof"]["value"] for kind in settings}
    assert dof["dropout"] < dof["decay"] < dof["nothing"] < dof["more_data"]  # 0.5 stands for λ = 2
    assert facts["remedies/dropout/ratio_at_equal_dof"]["low"] > 1
    assert facts["remedies/early_stopping/ratio_at_equal_dof"]["low"] > 1


def test_between_two_settings_losses_are_read_off_the_line_between_them():
    study = study_of(**KEYS)
    cells, history = cells_of(study, losses), history_of(study, stopped, range(0, 101, 10))
    by_name = [{str(n): rows for n, rows in table.groupby("variant")} for table in (cells, history)]
    found = remedies.remedies(study, *by_name)
    path = found["dropout"]
    assert list(path.setting) == [0.5, 0.2, 0.0]
    middle = path.at(float(path.dof[:2].mean()))
    np.testing.assert_allclose(middle, path.test_loss[:, :2].mean(axis=1))
    assert path.at(float(path.dof[-1]) + 1) is None and path.at(0.0) is None


@pytest.mark.parametrize(
    "keys",
    [
        {"model": {"init_std": 1}},
        {"training": KEYS["training"] | {"batch_size": 4}},
        {"training": KEYS["training"] | {"decay_bias": True}},
        {"training": KEYS["training"] | {"momentum": 0.5}},
        {"grid": {"weight_decay": [0, 1], "seeds": 5}},
        {"grid": {"weight_decay": [0.1, 0.3, 1, 5], "seeds": 5}},
        {"variants": {"decayed": {"training.decay_bias": True}}},
    ],
    ids=["random start", "batches", "decayed bias", "momentum", "two λ", "no zero", "no other remedy"],
)
def test_what_cannot_share_the_axis_is_left_out(keys):
    assert not [key for key in facts_of(**keys) if key.startswith("remedies/")]


def test_one_seed_has_remedies_without_intervals_and_a_lost_variant_leaves_the_rest():
    assert facts_of(grid=KEYS["grid"] | {"seeds": 1})["remedies/dropout/ratio_at_equal_dof"]["low"] is None
    study = study_of(**KEYS)
    lost = lambda variant, decay, seed: losses(variant, decay, seed) | {"diverged": seed == 2}  # noqa: E731
    found = study_facts(study, cells_of(study, lost), history_of(study, stopped, range(0, 101, 10)))
    assert found["a/base/remedies/decay/test_loss"]["n"] == 4


def test_matched_filters_leave_the_fit_equally_free_and_early_stopping_cuts_more_sharply():
    variant = study_of(**KEYS).resolved()[0]
    pair = filters.matched(variant, 0, 1.0)
    assert pair.stopped.sum() == pytest.approx(pair.decay.sum(), rel=1e-9)
    assert pair.stopped[0] > pair.decay[0] and pair.stopped[-1] < pair.decay[-1]
    np.testing.assert_allclose(pair.stopped, 1 - (1 - 0.06 * pair.strength) ** pair.steps)
    np.testing.assert_allclose(pair.decay, pair.strength / (pair.strength + 0.5))  # Λ/n = λ/2
    facts = facts_of()
    assert facts["filters/strongest"]["low"] > 0 > facts["filters/weakest"]["high"]
    assert facts["filters/product"]["value"] == pytest.approx(0.03 * facts["filters/steps"]["value"])


def test_no_filter_is_matched_to_no_decay():
    variant = study_of(**KEYS).resolved()[0]
    assert filters.matched(variant, 0, 0.0) is None
    assert not dict(filters.filter_facts(variant, cells_of(study_of(**KEYS), losses), None))


DIGITS = {"kind": "digits", "n_train": 200, "n_validation": 4, "n_test": 4, "label_noise": 0.25}


def accuracy_of(value, **task):
    study = study_of(task=DIGITS | task, model={"kind": "mlp"}, grid={"weight_decay": [0], "seeds": 3})
    cells = cells_of(study, lambda variant, decay, seed: {"train_accuracy": value(seed)})
    return dict(memorised_facts(study.resolved()[0], cells.astype({"train_accuracy": "float64"})))


def wrong_share(seed):
    study = study_of(task=DIGITS, model={"kind": "mlp"}).resolved()[0].task
    given = generate(study, seed).train.targets
    return np.mean(given != generate(study.model_copy(update={"label_noise": 0.0}), seed).train.targets)


def test_so_many_wrong_labels_must_be_known_as_the_right_ones_cannot_explain():
    assert 0.15 < wrong_share(0) < 0.35
    assert accuracy_of(lambda seed: 1.0)["0/memorised"]["value"] == 1
    assert accuracy_of(lambda seed: 1 - wrong_share(seed))["0/memorised"]["value"] == pytest.approx(0, abs=1e-12)
    assert accuracy_of(lambda seed: 1 - wrong_share(seed) / 2)["0/memorised"]["value"] == pytest.approx(0.5)
    assert accuracy_of(lambda seed: 0.1)["0/memorised"]["value"] == 0
    assert not accuracy_of(lambda seed: 1.0, label_noise=0)


def test_an_interval_of_a_share_ends_where_shares_do():
    found = accuracy_of(lambda seed: 1.0 - 0.02 * seed)["0/memorised"]
    assert found["high"] == 1.0 and isinstance(pd.Series(found)["value"], float)


def paths_of(**variants):
    study = study_of(**(KEYS | {"variants": variants}))
    cells, history = cells_of(study, losses), history_of(study, stopped, range(0, 101, 10))
    return remedies.remedies(study, *({str(n): rows for n, rows in t.groupby("variant")} for t in (cells, history)))


def test_only_what_differs_in_one_thing_shares_the_axis():
    half, rows = KEYS["variants"]["half"], KEYS["variants"]["rows"]
    found = paths_of(
        half=half, again={**half, "training.record_every": 20}, rows=rows,
        both={**half, "task.n_train": 48}, longer={**rows, "task.n_train": 96, "training.epochs": 200},
        quicker={**rows, "task.n_train": 36, "training.learning_rate": 0.05},
        other={**rows, "task.n_train": 24, "training.loss": "half_mse"},
    )  # fmt: skip
    assert list(found["dropout"].setting) == [0.5, 0.0]
    assert sorted(found["more_data"].setting) == [36, 48]


def test_a_variant_of_other_seeds_is_left_out_and_the_rest_are_paired():
    half, rows = KEYS["variants"]["half"], KEYS["variants"]["rows"]
    found = paths_of(half={**half, "grid.seeds": [70, 71]}, rows={**rows, "grid.seeds": [3, 4, 5]})
    assert "dropout" not in found and found["more_data"].test_loss.shape == (2, 1)
    assert found["decay"].test_loss.shape == (2, 4)
