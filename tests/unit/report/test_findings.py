"""Outcomes follow from intervals."""

from __future__ import annotations

import itertools

import pytest

from decaybench.config import Study
from decaybench.report import findings
from decaybench.report.variants import VariantView

GRID = [0.0, 1.0, 10.0]


def interval(value, half=0.1):
    low, high = (None, None) if half is None else (value - half, value + half)
    return {"value": value, "low": low, "high": high, "n": 9, "unit": "", "method": ""}


def view(chosen=1.0, as_good=None, edge=None, difference=-1.0, half=0.1, gap=1.0, grid=GRID, norms=(3.0, 2.0, 1.0)):
    study = Study.model_validate({"name": "s", "grid": {"weight_decay": grid, "seeds": 3}})
    facts = {}
    for value, norm in zip(grid, norms, strict=False):
        key = f"s/base/{value:g}"
        facts |= {
            f"{key}/test_loss": interval(1.0, half),
            f"{key}/validation_loss": interval(1.0, half),
            f"{key}/generalisation_gap": interval(gap, half),
            f"{key}/weight_norm": interval(norm, half),
        }
        if value and 0 in grid:
            facts[f"{key}/test_loss_difference"] = interval(difference, half)
            facts[f"{key}/weight_norm_difference"] = interval(norm - norms[0], half)
    if chosen is not None:
        facts["s/base/chosen/weight_decay"] = {"value": chosen}
        facts["s/base/as_good/weight_decay"] = {"value": [chosen] if as_good is None else as_good}
        facts["s/base/chosen/edge"] = {"value": edge}
    return VariantView("s", study.resolved()[0], facts)


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ({"difference": -1}, "lower"),
        ({"difference": 1}, "higher"),
        ({"difference": -0.05}, "no_difference"),
        ({"half": None}, "unknown"),
        ({"chosen": 0.0}, "chose_zero"),
        ({"grid": [1.0, 10.0]}, "no_zero"),
        ({"chosen": None}, "nothing"),
    ],
)
def test_effect(arguments, outcome):
    assert findings.effect(view(**arguments)) == outcome


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ({}, "u_shaped"),
        ({"chosen": 10.0}, "falls"),
        ({"chosen": 0.0}, "rises"),
        ({"as_good": [1.0, 10.0]}, "falls_then_flat"),
        ({"as_good": [0.0, 1.0]}, "flat_then_rises"),
        ({"as_good": GRID}, "flat"),
        ({"as_good": [0.0, 10.0], "chosen": 10.0}, "unknown"),
        ({"grid": [1.0]}, "single"),
        ({"half": None}, "unknown"),
        ({"chosen": None}, "nothing"),
    ],
)
def test_shape(arguments, outcome):
    assert findings.shape(view(**arguments)) == outcome


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ({}, "sure"),
        ({"as_good": [1.0, 10.0]}, "several"),
        ({"as_good": GRID}, "all"),
        ({"grid": [1.0]}, "single"),
        ({"half": None}, "unknown"),
        ({"chosen": None}, "nothing"),
    ],
)
def test_certainty(arguments, outcome):
    assert findings.certainty(view(**arguments)) == outcome


@pytest.mark.parametrize(
    ("gap", "half", "outcome"),
    [(1.0, 0.1, "gap"), (-1.0, 0.1, "negative"), (0.05, 0.1, "no_gap"), (1.0, None, "unknown")],
)
def test_gap(gap, half, outcome):
    assert findings.gap(view(gap=gap, half=half)) == outcome


@pytest.mark.parametrize(
    ("norms", "grid", "outcome"),
    [
        ((3, 2, 1), GRID, "falls"),
        ((1, 2, 3), GRID, "rises"),
        ((1, 1, 1.05), GRID, "no_difference"),
        ((3, 1), [1.0, 10.0], "falls"),
        ((3,), [1.0], "nothing"),
    ],
)
def test_norm(norms, grid, outcome):
    assert findings.norm(view(norms=norms, grid=grid)) == outcome


@pytest.mark.parametrize(
    ("baseline", "outcome"),
    [
        (0.5, "worse"),
        (2.0, "better"),
        (1.05, "no_difference"),
        (None, "unknown"),
    ],
)
def test_against_predicting_the_mean(baseline, outcome):
    subject = view()
    subject.facts["s/base/baseline/mean_predictor"] = {"value": baseline, "low": None, "high": None}
    assert findings.against_mean(subject, "1") == outcome


def test_zero_at_the_low_end_is_no_warning():
    assert findings.edge(view(chosen=0.0, edge="low")) == "low_zero"
    assert findings.edge(view(chosen=1.0, edge="low", grid=[1.0, 10.0])) == "low"
    assert findings.edge(view(chosen=10.0, edge="high")) == "high"
    assert findings.edge(view()) == "inside"


def recipe(grid=GRID, **keys):
    study = Study.model_validate({"name": "s", "grid": {"weight_decay": grid, "seeds": 3}, **keys})
    return VariantView("s", study.resolved()[0], {})


@pytest.mark.parametrize(
    ("training", "step", "alone"),
    [
        ({}, "sgd", "alone"),
        ({"momentum": 0.9}, "momentum", "momentum"),
        ({"momentum": 0.9, "nesterov": True}, "nesterov", "momentum"),
        ({"optimizer": "adam"}, "adam", "adaptive"),
        ({"optimizer": "adamw"}, "adamw", "adaptive"),
    ],
)
def test_how_decay_enters_a_step_is_the_optimizers(training, step, alone):
    subject = recipe(training=training)
    assert (findings.step(subject), findings.alone(subject)) == (step, alone)
    assert subject.follows_decay_law == (alone == "alone")


def test_dropped_inputs_reach_the_null_space():
    assert findings.alone(recipe(model={"dropout": 0.2})) == "dropout"
    assert not recipe(model={"dropout": 0.2}).follows_decay_law


PACES = {"shrinks": ["1", "9"], "wipes": ["10"], "flips": ["19"], "turns": ["20"], "grows": ["21"]}


@pytest.mark.parametrize(
    ("training", "wanted"),
    [
        ({"optimizer": "sgd"}, PACES),
        ({"optimizer": "adamw"}, PACES),
        ({"optimizer": "adam"}, {}),
        ({"momentum": 0.01}, {"shrinks": ["1"], "swings": ["9", "10", "19", "20"], "grows": ["21"]}),
        ({"momentum": 0.9}, {"swings": ["1", "9", "10", "19", "20", "21"]}),
        ({"momentum": 0.9, "nesterov": True}, {"swings": ["1", "9", "10"], "grows": ["19", "20", "21"]}),
    ],
)
def test_what_a_step_of_decay_does_hangs_on_the_learning_rate_times_the_decay(training, wanted):
    subject = recipe([0, 1, 9, 10, 19, 20, 21], training={"learning_rate": 0.1, **training})
    assert findings.paces(subject) == wanted


def test_nothing_is_said_of_decay_that_was_never_switched_on():
    assert findings.paces(recipe([0])) == {}


@pytest.mark.parametrize(
    ("rate", "decay", "steps", "left"), [(0.003, 650, 101, 0.95**101), (0.1, 10, 3, 0.0), (0.1, 25, 3, 1.5**3)]
)
def test_what_is_left_of_a_length_is_never_negative(rate, decay, steps, left):
    subject = recipe(
        [decay],
        task={"n_train": 4, "n_features": 9},
        training={"learning_rate": rate, "epochs": steps, "batch_size": 4},
    )
    assert subject.decay_factor(f"{decay}") == pytest.approx(left, rel=1e-9) and left >= 0


def test_a_decay_at_which_trainings_diverged_is_not_compared_and_not_too_much():
    subject = view(chosen=1.0)
    for label in ("0", "1"):
        subject.facts[f"s/base/{label}/probability_best"] = {"value": 0.5}
    subject.facts["s/base/10/n_diverged"] = {"value": 3}
    assert (subject.compared, subject.uncompared) == (["0", "1"], ["10"])
    assert findings.moment(subject, "10") == "diverged"
    assert findings.shape(subject) == "falls"  # to the largest λ that was compared: nothing was seen to rise
    assert findings.moment(subject, "0") == "too_little"


def test_no_outcome_is_outside_of_its_list():
    options = itertools.product([None, 0.0, 1.0, 10.0], [-1, 0.0, 1], [None, 0.1], [GRID, [1.0, 10.0], [1.0]])
    for chosen, size, half, grid in options:
        if chosen is not None and chosen not in grid:
            continue
        subject = view(chosen=chosen, difference=size, gap=size, half=half, grid=grid)
        assert findings.effect(subject) in findings.EFFECTS
        assert findings.shape(subject) in findings.SHAPES
        assert findings.gap(subject) in findings.GAPS
        assert findings.certainty(subject) in findings.CERTAINTIES
        assert findings.norm(subject) in findings.NORMS
