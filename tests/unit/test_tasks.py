"""Data are what their task says they are."""

import numpy as np
import pytest
from oracles import study_of
from sklearn import datasets

from decaybench.config import TASKS as KINDS
from decaybench.tasks import MODULES, generate
from decaybench.tasks.polynomial import features, true_curve

TASKS = [kind for kind in KINDS if kind != "table"]  # tables are in test_tables.py


def data_of(kind, seed=0, **keys):
    return generate(study_of(task={"kind": kind, **keys}).task, seed)


def rows_of(data):
    return np.vstack([split.inputs for split in data])


def test_every_kind_of_the_config_has_a_source():
    assert set(MODULES) == {*KINDS, "arrays"}


@pytest.mark.parametrize("kind", TASKS)
def test_splits_have_the_rows_that_were_asked_for_and_seeds_differ(kind):
    task = study_of(task={"kind": kind}).task
    data, other = generate(task, 0), generate(task, 1)
    for split, rows in zip(data, (task.n_train, task.n_validation, task.n_test), strict=True):
        assert split.inputs.shape[0] == split.targets.shape[0] == rows
        assert split.inputs.dtype == np.float64
        assert split.targets.dtype == (np.float64 if not hasattr(task, "n_classes") else np.int64)
        assert np.isfinite(split.inputs).all()
    assert not np.array_equal(data.train.inputs, other.train.inputs)
    again = generate(task, 0)
    assert all(np.array_equal(a, b) for x, y in zip(data, again, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("task", [*({"kind": kind} for kind in TASKS), {"kind": "diabetes", "degree": 1}], ids=str)
def test_a_task_says_how_many_inputs_and_rows_it_has(task):
    keys = study_of(task=task).task
    assert generate(keys, 0).train.inputs.shape[1] == keys.n_features
    load = getattr(datasets, f"load_{keys.kind}", None)
    assert keys.collected == (load is not None)
    if load is not None:
        assert keys.count_rows({}) == len(load().target)


def test_gaussian_linear_has_its_weights_bias_noise_and_standard_normal_inputs():
    data = data_of("gaussian_linear", n_train=4000, n_features=5, weight=0.3, bias=-1, noise_std=0.2)
    inputs, targets = data.train
    design = np.column_stack([inputs, np.ones(len(inputs))])
    solution, *_ = np.linalg.lstsq(design, targets, rcond=None)
    assert solution == pytest.approx([0.3] * 5 + [-1], abs=0.02)
    assert np.std(targets - design @ solution) == pytest.approx(0.2, rel=0.05)
    assert np.cov(inputs.T) == pytest.approx(np.eye(5), abs=0.1)


def test_polynomial_features_are_orthonormal_and_hold_the_cubic():
    x, weights = np.polynomial.legendre.leggauss(40)
    columns = features(x, 12)
    assert (columns.T * weights / 2) @ columns == pytest.approx(np.eye(12), abs=1e-12)
    data = data_of("polynomial", noise_std=0, n_train=50)
    design = np.column_stack([data.train.inputs[:, :3], np.ones(50)])
    _, residual, *_ = np.linalg.lstsq(design, data.train.targets, rcond=None)
    assert residual[0] < 1e-25
    assert true_curve(np.array([1.0])) == pytest.approx(0.2 - 0.6 + 0.3 + 1.4)


def test_modular_addition_adds_and_uses_no_pair_twice():
    data = data_of("modular_addition", modulus=7, n_train=20, n_validation=19, n_test=10)
    rows = rows_of(data)
    assert len(np.unique(rows, axis=0)) == 49
    a, b = rows[:, :7].argmax(1), rows[:, 7:].argmax(1)
    assert np.array_equal((a + b) % 7, np.concatenate([split.targets for split in data]))
    assert np.array_equal(rows.sum(1), np.full(49, 2))


@pytest.mark.parametrize("kind", ["digits", "breast_cancer", "diabetes"])
def test_real_rows_are_used_at_most_once(kind):
    sizes = {"digits": (300, 500, 997), "breast_cancer": (69, 200, 300), "diabetes": (60, 191, 191)}[kind]
    keys = dict(zip(("n_train", "n_validation", "n_test"), sizes, strict=True))
    targets = np.concatenate([split.targets for split in data_of(kind, seed=3, **keys)])
    wanted = getattr(datasets, f"load_{kind}")().target
    if kind == "diabetes":
        train = data_of(kind, seed=3, **keys).train.targets
        assert (train.mean(), train.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
        assert len(np.unique(targets)) == len(np.unique(wanted))
    else:
        assert np.array_equal(np.bincount(targets), np.bincount(wanted))


@pytest.mark.parametrize("kind", ["breast_cancer", "diabetes"])
def test_measurements_are_scaled_by_the_training_rows_alone(kind):
    data = data_of(kind, n_train=20, n_validation=50)
    constant = data.train.inputs.std(0) < 1e-9
    assert data.train.inputs.mean(0) == pytest.approx(0, abs=1e-10)
    assert data.train.inputs.std(0)[~constant] == pytest.approx(1)
    assert np.abs(data.validation.inputs.mean(0)).max() > 0.01


def test_pixels_lie_between_0_and_1():
    rows = rows_of(data_of("digits"))
    assert (rows.min(), rows.max()) == (0, 1)


@pytest.mark.parametrize("kind", ["digits", "breast_cancer"])
def test_label_noise_gives_another_class_to_that_share_of_training_labels_only(kind):
    n_train = 60
    clean, noisy, noisier = (data_of(kind, n_train=n_train, label_noise=share) for share in (0, 0.3, 0.6))
    flipped, more = (np.flatnonzero(clean.train.targets != d.train.targets) for d in (noisy, noisier))
    assert 0.1 * n_train < len(flipped) < 0.5 * n_train < len(more) + 10
    assert set(flipped) < set(more)
    assert np.array_equal(clean.test.targets, noisier.test.targets)
    assert np.array_equal(clean.validation.targets, noisier.validation.targets)
    assert set(noisier.train.targets) <= set(clean.test.targets)
