"""Figures that hold measurements against theory, against each other, or against what others published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_up_results import CLASSES, LINEAR, draw, texts
from matplotlib.figure import Figure

from decaybench.analysis.prediction import initial_state
from decaybench.analysis.results import StudyResults
from decaybench.analysis.series import published_norms as norms_beside
from decaybench.figures import (
    fitted_curve,
    loss_by_rows,
    loss_by_weight_decay,
    occam,
    optimizers,
    overlay,
    published_norms,
)
from decaybench.figures import start_terms as terms_of_start
from decaybench.figures.canvas import drawing_style
from decaybench.figures.overlay import Level
from decaybench.tasks import generate
from decaybench.tasks.polynomial import features
from decaybench.theory.ridge import ridgeless_risk

MakeData = Callable[..., StudyResults]

COMPARED = ("occam", "start_terms", "optimizers", "published_norms", "loss_by_rows")
ROWS: dict[str, Any] = {
    "name": "rows",
    "task": {"n_features": 40, "n_train": 20, "noise_std": 0.1},
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"batch_size": 200},
    "grid": {"weight_decay": [0, 1], "seeds": 3},
    "variants": {"n-10": {"task.n_train": 10}, "n-80": {"task.n_train": 80, "grid.weight_decay": [0, 0.1, 0.7, 3]}},
}


@contextmanager
def drawn(module: Any, data: StudyResults) -> Iterator[Figure]:
    with drawing_style():
        yield module.draw(data).figure


def without(data: StudyResults, *endings: str) -> StudyResults:
    """The same study where facts were not computed."""
    return replace(data, facts={key: fact for key, fact in data.facts.items() if not key.endswith(endings)})


def curves(figure: Figure, panel: int) -> list[np.ndarray]:
    """y of every line of more than one point; marks alone are no line."""
    lines = [line for line in figure.axes[panel].lines if line.get_linestyle() != "None"]
    return [np.asarray(line.get_ydata(), dtype=np.float64) for line in lines if len(line.get_xdata()) > 1]


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("occam", "/log_evidence"),
        ("occam", "/effective_dof"),
        ("occam", "/ridge_test_loss"),
        ("occam", "/evidence_fit"),
        ("start_terms", "/theory_ridge"),
        ("start_terms", "/theory_slow_bias"),
    ],
)
def test_a_figure_whose_facts_were_not_computed_is_not_drawn(study_data: MakeData, name: str, lacking: str) -> None:
    data = study_data(LINEAR)
    assert draw(data, name)
    assert not draw(without(data, lacking), name)


@pytest.mark.parametrize("lacking", ["/published_mean", "/weight_norm_sd"])
def test_norms_without_a_mean_and_a_spread_are_no_series(study_data: MakeData, lacking: str) -> None:
    data = study_data(LINEAR)
    assert len(list(norms_beside.series(data))) == 4
    assert not list(norms_beside.series(without(data, lacking)))


def test_nothing_is_compared_for_networks_or_where_all_diverged(study_data: MakeData) -> None:
    assert not set(draw(study_data(CLASSES))) & set(COMPARED)
    assert not set(draw(study_data(LINEAR | {"name": "lost"}, lambda *_: True))) & set(COMPARED)


def test_theory_is_drawn_through_its_facts_and_named_where_it_is_known(study_data: MakeData) -> None:
    data = study_data(LINEAR)
    law = data.base.along_weight_decay("theory_test_loss")
    assert list(law.x) == [0, 0.1, 1, 3, 10]
    with drawn(loss_by_weight_decay, data) as figure:
        assert any(np.array_equal(y, law.value[1:]) for y in curves(figure, 0))
    named = draw(data, "loss_by_weight_decay")["loss_by_weight_decay"]
    plain = draw(without(data, "/theory_test_loss"), "loss_by_weight_decay")["loss_by_weight_decay"]
    assert {"theory", "large dots: means"} <= set(texts(named))
    assert not {"theory", "large dots: means"} & set(texts(plain))


def test_a_level_nearby_is_drawn_and_one_far_below_is_put_into_words() -> None:
    near, below_it, above = Level("mean of y", 0.9), Level("noise floor", 1e-6), Level("chance", 1e9)
    (low, high), shown, below = overlay.with_levels((1.0, 10.0), [near, below_it, above])
    assert low < 0.9 < 10.0 <= high
    assert (shown, below) == ([near], [below_it])
    assert overlay.notes_below([below_it, Level("noise floor", 4e-6)]) == [
        "noise floor, below the panel: 1e-06–4e-06"
    ]


def test_evidence_is_drawn_as_it_is_where_it_is_negative(study_data: MakeData) -> None:
    data = study_data(LINEAR)
    shifted = {
        key: fact | {end: fact[end] - 1e3 for end in ("value", "low", "high")}
        if key.endswith("/log_evidence")
        else fact
        for key, fact in data.facts.items()
    }
    data = replace(data, facts=shifted)
    evidence = data.base.along_weight_decay("log_evidence")
    assert (evidence.value < 0).all()
    with drawn(occam, data) as figure:
        assert any(np.array_equal(y, evidence.value) for y in curves(figure, 2))


@pytest.mark.parametrize(
    ("optimum", "said"), [(1.0, "highest evidence"), (1e-9, "← highest evidence"), (1e9, "highest evidence →")]
)
def test_an_optimum_beyond_the_axis_is_pointed_at(study_data: MakeData, optimum: float, said: str) -> None:
    data = study_data(LINEAR)
    key = "lines/base/evidence/optimum"
    data = replace(data, facts=data.facts | {key: data.facts[key] | {"value": optimum}})
    words = texts(draw(data, "occam")["occam"])
    assert [text for text in words if "highest" in text] == [said]


def test_the_terms_of_the_start_add_up_and_need_a_start(study_data: MakeData) -> None:
    data = study_data(LINEAR)
    terms = terms_of_start._terms(data)
    total = data.base.along_weight_decay("theory_test_loss")
    np.testing.assert_allclose(sum(line.value for line in terms.values()), total.value, rtol=1e-12)
    with drawn(terms_of_start, data) as figure:
        tops = [c.get_paths()[0].get_extents().y1 for c in figure.axes[1].collections]
    assert max(tops) == pytest.approx(1)
    assert not draw(study_data(LINEAR | {"name": "zero", "model": {"init_std": 0}}), "start_terms")


def test_optimizers_are_compared_where_nothing_else_differs(study_data: MakeData) -> None:
    variants = {
        "adam": {"training.optimizer": "adam"},
        "other": {"training.optimizer": "adamw", "training.learning_rate": 0.1},
    }
    data = study_data(LINEAR | {"variants": variants})
    assert list(optimizers._variants(data)) == ["sgd", "adam"]
    assert {"SGD", "Adam + L2"} <= set(texts(draw(data, "optimizers")["optimizers"]))
    other = {"other": variants["other"]}
    assert not draw(study_data(LINEAR | {"name": "apart", "variants": other}), "optimizers")


def test_published_norms_stand_beside_the_variant_that_repeats_them(study_data: MakeData) -> None:
    scratch = {"training.loss": "half_mse", "model.bias_init_std": 0}
    data = study_data(LINEAR | {"variants": {"again": scratch}})
    pairs = published_norms._pairs(data)
    assert set(pairs) == {("concise", 0.0), ("concise", 3.0), ("from-scratch", 0.0), ("from-scratch", 3.0)}
    ours, theirs = pairs["concise", 3.0]
    norms = data.cells.query("variant == 'base' and weight_decay == 3")["weight_norm"]
    assert (ours.mean, ours.high - ours.mean) == pytest.approx((norms.mean(), norms.std(ddof=1)))
    assert (theirs.mean, theirs.mean - theirs.low) == pytest.approx((0.4103, 0.0698))
    assert (ours.n, theirs.n) == (3, 162)
    assert {"concise", "scratch"} <= set(texts(draw(data, "published_norms")["published_norms"]))


def test_rows_are_compared_with_the_decay_that_validation_rows_choose(study_data: MakeData) -> None:
    data = study_data(ROWS)
    (group,) = loss_by_rows._groups(data)
    assert [variant.task.n_train for variant in group] == [10, 20, 80]
    lines = loss_by_rows._lines(group, "test_loss")
    assert list(lines) == ["λ = 0", "λ > 0 (best)"]
    least = min((0.1, 0.7, 3), key=lambda w: group[2].value(f"{w}/validation_loss"))
    assert lines["λ > 0 (best)"].value[2] == group[2].value(f"{least}/test_loss")
    two = ROWS | {"name": "two", "variants": {"n-10": {"task.n_train": 10}}}
    assert not draw(study_data(two), "loss_by_rows")


def test_medians_are_drawn_near_n_equal_to_p_alone(study_data: MakeData) -> None:
    far, near = study_data(ROWS), study_data(
        ROWS | {"name": "near", "variants": {"n-10": {"task.n_train": 10}, "n-40": {"task.n_train": 40}}}
    )  # fmt: skip
    # Where means are drawn theory draws the lines; it expects means, not medians.
    for data, note in ((far, "dots: mean"), (near, "line: median")):
        words = texts(draw(data, "loss_by_rows")["loss_by_rows"])
        assert [text.partition(",")[0] for text in words if text.startswith(("line: ", "dots: "))] == [note]
        assert ("theory" in words) == (data is far)
        assert "n = p" in words


def test_the_shortest_weights_are_drawn_where_training_from_zero_leads_to_them(study_data: MakeData) -> None:
    data = study_data(ROWS)
    expected = ridgeless_risk([10, 80], 40, 40 * 0.01**2, 0.1)
    with drawn(loss_by_rows, data) as figure:
        assert any(np.allclose(y[[0, -1]], expected) for y in curves(figure, 0))
    started = study_data(ROWS | {"name": "started", "model": {"init_std": 1}})
    note = "dotted: expected loss of the shortest weights that fit"
    assert note in texts(draw(data, "loss_by_rows")["loss_by_rows"])
    assert note not in texts(draw(started, "loss_by_rows")["loss_by_rows"])


def test_where_every_run_diverged_rows_say_so_and_optimizers_are_left_out(study_data: MakeData) -> None:
    variants = {"adam": {"training.optimizer": "adam"}, **ROWS["variants"]}
    drawn = draw(study_data(ROWS | {"variants": variants}, lambda *_: True), *COMPARED)
    assert list(drawn) == ["loss_by_rows"]
    assert {"every run diverged", "diverged runs: 24 of 24"} <= set(texts(drawn["loss_by_rows"]))


@pytest.mark.parametrize("shape", [[0.0], [0.5], [0.0, 1.0], [0.1, 1.0, 10.0]])
@pytest.mark.parametrize("seeds", [1, 3])
def test_comparisons_survive_small_grids_one_seed_and_lost_cells(
    study_data: MakeData, shape: list[float], seeds: int
) -> None:
    grid = {"weight_decay": shape, "seeds": seeds}
    variants = {"adam": {"training.optimizer": "adam"}, "n-10": {"task.n_train": 10}, "n-40": {"task.n_train": 40}}
    data = study_data(LINEAR | {"grid": grid, "variants": variants}, lambda w, seed: w == 10 or (seed == 0 < w))
    for name, svg in draw(data, *COMPARED).items():
        assert "nan" not in svg.lower(), name
        assert len(svg.encode()) < 60_000, name


CUBIC: dict[str, Any] = {
    "name": "cubic",
    "task": {"kind": "polynomial", "n_train": 12, "degree": 4},
    "training": {"batch_size": 12, "learning_rate": 0.05, "epochs": 300},
    "grid": {"weight_decay": [0, 0.1, 3], "seeds": 2},
}


def test_the_curves_are_those_of_gradient_descent_on_the_seeds_rows(study_data: MakeData) -> None:
    data = study_data(CUBIC)
    inputs, targets = generate(data.base.task, 0).train
    weights, bias = initial_state(data.base.variant, 0)
    for _ in range(300):
        miss = inputs @ weights + bias - targets
        weights = weights - 0.05 * (2 * inputs.T @ miss / 12 + 3 * weights)
        bias = bias - 0.05 * 2 * miss.mean()
    curves = fitted_curve.curves_of(data.series_of("fitted_curve"))
    assert list(curves) == [0, 0.1, 3]
    drawn_curve = curves[3.0]
    np.testing.assert_allclose(drawn_curve.value, features(drawn_curve.x, 4) @ weights + bias, rtol=1e-8, atol=1e-10)
    words = texts(draw(data, "fitted_curve")["fitted_curve"])
    assert {"λ = 0", "truth", "dots: training rows of seed 0"} <= set(words)


def test_curves_are_drawn_only_where_the_law_is_exact(study_data: MakeData) -> None:
    batches = CUBIC | {"name": "batches", "training": {"batch_size": 5}}
    assert not draw(study_data(batches), "fitted_curve")
    assert not draw(study_data(LINEAR), "fitted_curve")
    assert not draw(study_data(CUBIC, lambda weight_decay, seed: seed == 0), "fitted_curve")


def test_losses_of_two_kinds_have_an_axis_each(study_data: MakeData) -> None:
    """Squared errors of digits, and nats: six variants, two families of rows."""
    squared = {"training.loss": "mse"}
    sizes = {f"n-{n}": {"task.n_train": n} for n in (30, 60)}
    variants = {**sizes, "mse": squared, **{f"mse-{name}": {**size, **squared} for name, size in sizes.items()}}
    small = {"kind": "digits", "n_train": 90, "n_validation": 20, "n_test": 20}
    data = study_data(CLASSES | {"name": "two", "task": small, "grid": {"weight_decay": [0, 0.1], "seeds": 3},
                                 "variants": variants})  # fmt: skip
    scaled = {
        key: fact | {part: 1e-3 * fact[part] for part in ("value", "low", "high") if fact[part] is not None}
        for key, fact in data.facts.items()
        if "mse" in key and "/test_loss" in key
    }
    with drawn(loss_by_rows, replace(data, facts=data.facts | scaled)) as figure:
        limits = [panel.get_ylim() for panel in figure.axes]
        named = [any(label.get_visible() for label in panel.get_yticklabels()) for panel in figure.axes]
    assert len(limits) == 2 and limits[1][1] < limits[0][0] and all(named)


def test_optimizers_share_seeds_and_weight_decay(study_data: MakeData) -> None:
    adam = {"training.optimizer": "adam", "grid.weight_decay": [0, 1, 7]}
    data = study_data(LINEAR | {"variants": {"adam": adam}})
    with drawn(optimizers, data) as figure:
        # SGD and Adam, at λ = 1: what both have beside λ = 0.
        points = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [len(x) for x in points] == [2, 2]
    apart = {"adam": {**adam, "grid.seeds": [90, 91]}}
    assert not draw(study_data(LINEAR | {"name": "apart", "variants": apart}), "optimizers")


def test_lengths_of_two_kinds_of_model_have_an_axis_each(study_data: MakeData) -> None:
    from decaybench.figures import weight_norm

    net = {"model": {"kind": "mlp", "hidden": [4]}}
    for variants, apart in (({"net": net}, True), ({"small": {"model.init_std": 0.1}}, False)):
        data = study_data(LINEAR | {"name": f"v{apart:d}", "variants": variants})
        other = next(iter(variants))
        longer = [key for key in data.facts if f"/{other}/" in key and key.endswith("_norm")]
        scaled = data.facts | {key: data.facts[key] | {"value": 1e4 * data.facts[key]["value"]} for key in longer}
        with drawn(weight_norm, replace(data, facts=scaled)) as figure:
            one, two = (panel.get_ylim() for panel in figure.axes)
        assert (one != two) is apart
