"""What the figures say of a study's results, and that no shape of study breaks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up_results import CLASSES, LINEAR, draw, texts

from decaybench.analysis.results import StudyResults, telling
from decaybench.analysis.series.histories import thinned
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import loss_curves, sweep, weight_norm
from decaybench.figures.axes import WeightDecayAxis, log_names, log_ticks
from decaybench.figures.canvas import drawing_style

MakeData = Callable[..., StudyResults]


def grid(weight_decay: list[float], seeds: int) -> dict[str, Any]:
    return {"grid": {"weight_decay": weight_decay, "seeds": seeds}}


@pytest.mark.parametrize(
    "shape",
    [
        grid([0], 1),
        grid([0.003], 1),
        grid([0.3], 3),
        grid([0, 1], 2),
        grid([0.1, 1, 10], 3),
        grid([float(w) for w in np.geomspace(1e-4, 100, 48)], 2),
    ],
    ids=["only-zero", "one-cell", "one-weight-decay", "two", "without-zero", "48-long-names"],
)
def test_every_shape_of_grid_is_drawn(study_data: MakeData, shape: dict[str, Any]) -> None:
    for name, svg in draw(study_data(LINEAR | shape)).items():
        assert "nan" not in svg.lower(), name
        assert len(svg.encode()) < 60_000, name


def test_one_seed_has_a_mean_and_no_band(study_data: MakeData) -> None:
    for name, svg in draw(study_data(LINEAR | grid([0, 1, 10], 1))).items():
        if "seed 0" in texts(svg) or name.startswith("explorer"):  # of one seed anyway; the page says it beside it
            continue
        assert set(texts(svg)) & {"line: mean", "dots: mean"}, name
        assert "seeds: 1" in texts(svg), name
        assert "fill-opacity: 0.22" not in svg, name


def test_when_every_run_diverged_each_panel_says_so(study_data: MakeData) -> None:
    data = study_data(CLASSES, lambda weight_decay, seed: True)
    panels = {"loss_curves": 4, "loss_by_weight_decay": 6, "accuracy_by_weight_decay": 3, "weight_norm": 3}
    drawn = draw(data)
    assert drawn.keys() == panels.keys()
    for name, svg in drawn.items():
        assert texts(svg).count("every run diverged") == panels[name], name
        assert any(text.startswith("diverged runs: ") for text in texts(svg)), name
        assert not any(text.startswith(("line: ", "seeds: ")) for text in texts(svg)), name


def test_diverged_runs_are_counted_and_left_out(study_data: MakeData) -> None:
    data = study_data(LINEAR, lambda weight_decay, seed: weight_decay == 10 or seed == 2)
    drawn = draw(data)
    assert "diverged runs: 7 of 15" in texts(drawn["loss_by_weight_decay"])
    assert "seeds: 2" in texts(drawn["loss_by_weight_decay"])
    assert texts(drawn["loss_curves"]).count("every run diverged") == 1
    assert list(data.base.along_weight_decay("test_loss").x) == [0, 0.1, 1, 3]


def test_an_axis_of_two_kinds_of_loss_is_named_after_neither(study_data: MakeData) -> None:
    data = study_data(CLASSES | {"variants": {"squares": {"training.loss": "mse"}}})
    said = set(texts(draw(data, "loss_by_weight_decay")["loss_by_weight_decay"]))
    assert said & {"loss", "cross-entropy in nats", "mean squared error"} == {"loss"}


def test_accuracy_is_for_classes_alone(study_data: MakeData) -> None:
    assert draw(study_data(CLASSES), "accuracy_by_weight_decay")
    assert not draw(study_data(LINEAR), "accuracy_by_weight_decay")


def test_the_null_space_law_goes_through_the_measured_means(study_data: MakeData) -> None:
    data = study_data(LINEAR)
    lines = weight_norm._lines(data.base)
    law = weight_norm.law_of(data, data.base)
    weight_decay, norm = law.x, law.value
    measured = lines["null_space_norm"]
    ends = [int(np.flatnonzero(measured.x == value)[0]) for value in (weight_decay[0], weight_decay[-1])]
    np.testing.assert_allclose(norm[[0, -1]], measured.value[ends], rtol=1e-12)


def test_the_null_space_law_is_not_claimed_with_momentum(study_data: MakeData) -> None:
    data = study_data(LINEAR | {"training": {"momentum": 0.9}})
    assert not len(weight_norm.law_of(data, data.base).x)
    assert "null space" in texts(draw(data, "weight_norm")["weight_norm"])


def test_history_bands_are_intervals_of_the_mean_over_seeds(study_data: MakeData) -> None:
    data = study_data(LINEAR | grid([1], 5))
    line = loss_curves.lines_of(data.series_of("loss_curves"))[1.0, "test_loss"]
    luck = np.array([np.random.default_rng(seed).uniform(0.8, 1.25) for seed in range(5)])
    half = 2.7764451051977987 * luck.std(ddof=1) / np.sqrt(5)  # Student's t, 4 degrees of freedom
    np.testing.assert_allclose((line.high - line.low) / line.value, 2 * half / luck.mean(), rtol=1e-9)


def test_a_long_history_is_thinned_but_keeps_its_ends() -> None:
    epochs = np.arange(0, 100_001, 5)
    kept = thinned(epochs, 44)
    assert len(kept) <= 44
    assert (kept[0], kept[-1]) == (0, 100_000)
    assert len(thinned(epochs[:30], 44)) == 30


@pytest.mark.parametrize(
    ("values", "chosen", "expected"),
    [
        ([0], None, [0]),
        ([0.3], 0.3, [0.3]),
        ([0, 1], 1, [0, 1]),
        ([0, 0.1, 0.3, 1, 3, 10], 3, [0, 0.3, 3, 10]),
        ([0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100], 100, [0, 0.3, 3, 100]),
        ([0, 0.1, 1, 10], 0, [0, 0.1, 1, 10]),
        ([0.1, 1, 10], None, [0.1, 1, 10]),
    ],
)
def test_the_curves_show_zero_a_small_the_chosen_and_the_largest(
    values: list[float], chosen: float | None, expected: list[float]
) -> None:
    shown = telling(values, chosen)
    assert len(shown) <= 4
    assert shown == expected


def test_zero_stands_left_of_the_break_and_order_is_kept() -> None:
    axis = WeightDecayAxis((0.0, 0.01, 0.1, 1.0, 100.0))
    places = axis.position(np.array([0.0, 0.01, 0.1, 1.0, 100.0]))
    assert (np.diff(places) > 0).all()
    assert places[1] - places[0] > places[2] - places[1]


def test_named_ticks_are_canonical_and_hold_the_ends(study_data: MakeData) -> None:
    data = study_data(LINEAR | grid([0, 1e-5, 9e-5, 1e-4, 1, 10, 12], 2))
    said = texts(draw(data, "loss_by_weight_decay")["loss_by_weight_decay"])
    assert {weight_decay_label(value) for value in (0, 1e-5, 12)} <= set(said)


@pytest.mark.parametrize("low", [1e-12, 3e-4, 0.021, 0.9, 7.0, 4e5])
@pytest.mark.parametrize("ratio", [1.05, 1.4, 3.0, 25.0, 900.0, 1e8])
@pytest.mark.parametrize("height", [50, 88, 190])
def test_a_log_axis_has_a_handful_of_different_ticks_within_its_limits(
    low: float, ratio: float, height: float
) -> None:
    ticks = log_ticks(low, low * ratio, height)
    assert 1 <= len(ticks) <= 10
    assert all(low <= tick * 1.000001 and tick <= low * ratio * 1.000001 for tick in ticks)
    names = log_names(ticks)
    assert len(set(names)) == len(names)


def test_a_sample_of_dots_keeps_whole_seeds(study_data: MakeData) -> None:
    data = study_data(LINEAR | grid([0, 0.01, 0.1, 1, 3, 10, 30, 100], 130))
    dots = sweep.Dots.of(data.variants, 2)
    assert dots.seeds is not None
    assert dots == sweep.Dots.of(data.variants, 2)
    said = texts(draw(data, "loss_by_weight_decay")["loss_by_weight_decay"])
    assert f"dots: {len(dots.seeds)} of 130 seeds" in said


def test_a_readers_own_matplotlib_settings_do_not_matter(study_data: MakeData) -> None:
    import matplotlib

    data = study_data(LINEAR)
    plain = draw(data, "loss_curves")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        assert draw(data, "loss_curves") == plain
    with drawing_style():
        assert matplotlib.rcParams["svg.fonttype"] == "none"
