"""Outcomes follow from intervals."""

from __future__ import annotations

import itertools

import pytest

from decaybench.analysis import findings
from decaybench.analysis.studies import StudyView
from decaybench.analysis.variants import VariantView
from decaybench.config import Study

GRID = [0.0, 1.0, 10.0]


def interval(value, half=0.1):
    low, high = (None, None) if half is None else (value - half, value + half)
    return {"value": value, "low": low, "high": high, "n": 9, "unit": "", "method": ""}


def view(chosen=1.0, as_good=None, worse=None, edge=None, ratio=0.5, half=0.1, grid=GRID):
    """Facts of a study; λ are worse than the chosen one where nothing else is said."""
    study = Study.model_validate({"name": "s", "grid": {"weight_decay": grid, "seeds": 3}})
    facts = {}
    for value in grid:
        key = f"s/base/{value:g}"
        facts |= {f"{key}/test_loss": interval(1.0, half), f"{key}/validation_loss": interval(1.0, half)}
        if value and 0 in grid:
            facts[f"{key}/test_loss_ratio"] = interval(ratio, half)
    if chosen is not None:
        good = [chosen] if as_good is None else as_good
        rest = [value for value in grid if value not in good]
        facts["s/base/chosen/weight_decay"] = {"value": chosen}
        facts["s/base/as_good/weight_decay"] = {"value": good}
        facts["s/base/worse/weight_decay"] = {"value": rest if worse is None else worse}
        facts["s/base/open/weight_decay"] = {"value": [v for v in rest if worse is not None and v not in worse]}
        facts["s/base/chosen/edge"] = {"value": edge}
    return VariantView("s", study.resolved()[0], facts)


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ({"ratio": 0.5}, "lower"),
        ({"ratio": 1.5}, "higher"),
        ({"ratio": 1.0, "half": 0.01}, "no_difference"),
        ({"ratio": 1.0}, "open"),
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
        ({"worse": [0.0]}, "unknown"),  # the largest λ may be as good
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
        ({"worse": [0.0]}, "open"),
        ({"grid": [1.0]}, "single"),
        ({"half": None}, "unknown"),
        ({"chosen": None}, "nothing"),
    ],
)
def test_certainty(arguments, outcome):
    assert findings.certainty(view(**arguments)) == outcome


@pytest.mark.parametrize(
    ("ratio", "half", "outcome"),
    [
        (1.5, 0.1, "worse"),
        (0.5, 0.1, "better"),
        (1.0, 0.01, "no_difference"),
        (1.0, 0.1, "open"),
        (1.0, None, "unknown"),
    ],
)
def test_against_predicting_the_mean(ratio, half, outcome):
    subject = view()
    subject.facts["s/base/1/test_loss_to_mean"] = interval(ratio, half)
    assert findings.against_mean(subject, "1") == outcome
    assert findings.against_mean(subject, "10") == "unknown"


@pytest.mark.parametrize(
    ("arguments", "label", "outcome"),
    [
        ({}, "1", "best"),
        ({}, "0", "too_little"),
        ({}, "10", "too_much"),
        ({"as_good": [1.0, 10.0]}, "10", "as_good"),
        ({"worse": [0.0]}, "10", "open"),
        ({"half": None}, "10", "unknown"),
    ],
)
def test_what_is_said_of_one_weight_decay(arguments, label, outcome):
    assert findings.moment(view(**arguments), label) == outcome


@pytest.mark.parametrize(
    ("arguments", "label", "outcome"),
    [
        ({}, "1", "chosen"),
        ({}, "0", "worse"),
        ({"as_good": [0.0, 1.0]}, "0", "as_good"),
        ({"worse": []}, "0", "open"),
    ],
)
def test_how_a_weight_decay_stands_against_the_chosen_one(arguments, label, outcome):
    assert findings.standing(view(**arguments), label) == outcome


@pytest.mark.parametrize(
    ("picked", "ratio", "half", "outcome"),
    [
        (1.0, 1.0, 0.0, "same"),
        (10.0, 1.5, 0.1, "worse"),
        (10.0, 0.5, 0.1, "better"),
        (10.0, 1.0, 0.01, "no_difference"),
        (10.0, 1.05, 0.1, "open"),
        (10.0, 1.5, None, "unknown"),
        (None, 1.5, 0.1, "unknown"),
    ],
)
def test_what_the_one_standard_error_choice_costs(picked, ratio, half, outcome):
    subject = view()
    subject.facts["s/base/one_se/weight_decay"] = {"value": picked}
    subject.facts["s/base/one_se/test_loss_ratio"] = interval(ratio, half)
    assert findings.one_se(subject) == outcome


@pytest.mark.parametrize(
    ("judged", "outcome"),
    [("held", "rises"), ("failed", "stays"), ("reversed", "falls"), ("open", "open"), ("not judged", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_overfitting_is_what_the_claim_found(judged, outcome):
    subject = view()
    if judged is not None:
        subject.facts["claims/training-too-long-hurts/s/base/outcome"] = {"value": judged}
    assert findings.overtrained(subject) == outcome


@pytest.mark.parametrize(
    ("judged", "outcome"),
    [(["held", "held"], "better"), (["reversed"], "worse"), (["failed"], "no_difference"), (["open"], "open"),
     (["held", "reversed"], "not_tried"), ([], "not_tried")],
)  # fmt: skip
def test_whether_more_examples_help_is_what_the_claim_found_in_the_study(judged, outcome):
    subject = view()
    for place, found in enumerate(judged):
        subject.facts[f"claims/more-data-helps/s/base#{place}/outcome"] = {"value": found}
    subject.facts["claims/more-data-helps/other/base/outcome"] = {"value": "failed"}
    study = Study.model_validate({"name": "s", "grid": {"weight_decay": GRID, "seeds": 3}})
    assert findings.rows_help(StudyView(study, subject.facts)) == outcome


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [(1.0, 1.1, "travels"), (9.0, 1.0, "does_not"), (1.0, 9.0, "does_not"), (2.0, 1.0, "unknown")],
)
def test_a_weight_decay_travels_where_it_shortens_the_weights_alike(ours, theirs, outcome):
    first, second = view(), view()
    first.facts["s/base/10/weight_norm"], second.facts["s/base/10/weight_norm"] = interval(ours), interval(theirs)
    assert findings.travels(first, second) == outcome


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
    subject.facts["s/base/10/n_diverged"] = {"value": 3}
    assert (subject.compared, subject.uncompared) == (["0", "1"], ["10"])
    assert findings.moment(subject, "10") == "diverged"
    assert findings.shape(subject) == "falls"  # to the largest λ that was compared: nothing was seen to rise
    assert findings.moment(subject, "0") == "too_little"


def test_no_outcome_is_outside_of_its_list():
    options = itertools.product([None, 0.0, 1.0, 10.0], [0.5, 1.0, 2.0], [None, 0.1], [GRID, [1.0, 10.0], [1.0]])
    for chosen, ratio, half, grid in options:
        if chosen is not None and chosen not in grid:
            continue
        subject = view(chosen=chosen, ratio=ratio, half=half, grid=grid)
        assert findings.effect(subject) in findings.EFFECTS
        assert findings.shape(subject) in findings.SHAPES
        assert findings.certainty(subject) in findings.CERTAINTIES
