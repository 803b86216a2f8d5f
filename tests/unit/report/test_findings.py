"""Outcomes follow from intervals."""

from __future__ import annotations

import itertools

import pytest

from decaybench.config.models import Study
from decaybench.report import findings
from decaybench.report.studies import VariantView

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
