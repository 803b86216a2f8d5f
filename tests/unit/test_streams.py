"""Every λ and variant of a seed sees the same draws, and a small draw is the beginning of a large one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import study_of

from decaybench.tasks import generate
from decaybench.tasks.streams import stream

PURPOSES = [
    "train", "validation", "test", "train-noise", "validation-noise", "test-noise",
    "split", "labels", "weights", "bias", "batches", "dropout",
]  # fmt: skip
QUICK = settings(deadline=None, max_examples=25, derandomize=True)


def task_of(kind, **keys):
    return study_of(task={"kind": kind, **keys}).task


def test_streams_of_different_purposes_seeds_and_kinds_differ():
    names = itertools.product(["gaussian_linear", "digits"], [0, 1, 2**32 - 1], PURPOSES)
    draws = {name: tuple(stream(*name).integers(2**63, size=2)) for name in names}
    assert len(set(draws.values())) == len(draws) == 2 * 3 * len(PURPOSES)


def test_a_stream_begins_anew_each_time():
    assert stream("digits", 3, "train").random() == stream("digits", 3, "train").random()


def test_streams_are_not_correlated():
    names = itertools.product([0, 1, 2], PURPOSES)
    draws = np.array([stream("gaussian_linear", *name).standard_normal(4000) for name in names])
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("gaussian_linear", {}),
        ("polynomial", {}),
        ("digits", {"label_noise": 0.5}),
        ("modular_addition", {"modulus": 31}),
    ],
)
@QUICK
@given(few=st.integers(1, 159), seed=st.integers(0, 2**32 - 1))
def test_few_training_rows_are_the_first_of_many(kind, keys, few, seed):
    small = generate(task_of(kind, n_train=few, **keys), seed).train
    large = generate(task_of(kind, n_train=160, **keys), seed).train
    assert small.inputs.shape[0] == few
    assert small.inputs.tobytes() == large.inputs[:few].tobytes()
    assert small.targets.tobytes() == large.targets[:few].tobytes()


@pytest.mark.parametrize("kind", ["gaussian_linear", "polynomial", "digits", "breast_cancer"])
def test_held_out_rows_do_not_depend_on_how_many_train(kind):
    small, large = (generate(task_of(kind, n_train=n), 5) for n in (10, 60))
    assert np.array_equal(small.validation.targets, large.validation.targets)
    assert np.array_equal(small.test.targets, large.test.targets)


@QUICK
@given(noise=st.floats(0.001, 10), seed=st.integers(0, 1000))
def test_noise_std_scales_one_draw(noise, seed):
    silent, unit, scaled = (generate(task_of("gaussian_linear", noise_std=s), seed) for s in (0, 1, noise))
    for split in ("train", "validation", "test"):
        inputs, clean = getattr(silent, split)
        assert np.array_equal(getattr(scaled, split).inputs, inputs)
        draw = getattr(unit, split).targets - clean
        assert np.std(draw) > 0.3
        assert getattr(scaled, split).targets - clean == pytest.approx(noise * draw, abs=1e-13 * (1 + noise))


def test_noise_and_inputs_are_drawn_apart():
    first = generate(task_of("gaussian_linear", n_features=1, noise_std=1), 0).train
    noise = first.targets - 0.01 * first.inputs[:, 0] - 0.05
    assert not np.allclose(noise, first.inputs[:, 0])


def test_the_weights_of_few_features_are_the_first_of_many():
    few, many = (stream("gaussian_linear", 4, "weights").standard_normal(n) for n in (50, 200))
    assert np.array_equal(few, many[:50])
