"""Figures of what is no column of a table: weights, filters, degrees of freedom, timings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up_results import CLASSES, LINEAR, draw, texts

from decaybench.analysis.cost import levels
from decaybench.analysis.results import StudyResults
from decaybench.analysis.series import spectral_filters as filter_series
from decaybench.analysis.series.weight_histogram import shown_weight_decay
from decaybench.analysis.weights import trained_state
from decaybench.figures import accuracy_by_weight_decay, coefficient_paths, cost, labels
from decaybench.figures import spectral_filters as two_filters
from decaybench.figures import weight_histogram as histogram
from decaybench.figures.canvas import drawing_style
from decaybench.figures.remedies import lines_of
from decaybench.tasks import column_names

MakeData = Callable[..., StudyResults]

ZERO: dict[str, Any] = {
    "name": "zero",
    "task": {"n_train": 12, "n_features": 30, "noise_std": 0.1},
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"batch_size": 20, "epochs": 40, "record_every": 10, "learning_rate": 0.02},
    "grid": {"weight_decay": [0, 0.1, 1, 3, 10], "seeds": 3},
}
TRIED = ZERO | {
    "variants": {
        "half": {"model.dropout": 0.5, "grid.weight_decay": [0]},
        "rows": {"task.n_train": 60, "training.batch_size": 60, "grid.weight_decay": [0]},
    }
}
OWN = ("weight_histogram", "coefficient_paths", "spectral_filters", "remedies")


def points(line: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


def test_each_is_drawn_where_its_story_is_true(study_data: MakeData) -> None:
    assert set(draw(study_data(LINEAR), *OWN)) == {"weight_histogram"}
    assert set(draw(study_data(TRIED), *OWN)) == {"coefficient_paths", "spectral_filters", "remedies"}
    assert not draw(study_data(CLASSES), *OWN)
    patients = {"task": {"kind": "diabetes", "n_train": 30}, "training": ZERO["training"] | {"batch_size": 30}}
    assert set(draw(study_data(ZERO | patients | {"name": "patients"}), *OWN)) >= {"coefficient_paths"}


@pytest.mark.parametrize(
    "keys",
    [
        {"training": {"optimizer": "adam"}},
        {"training": {"momentum": 0.9}},
        {"model": {"dropout": 0.3}},
        {"training": {"batch_size": 7}},
        {"grid": {"weight_decay": [1], "seeds": 2}},
    ],
)
def test_none_is_drawn_where_weights_cannot_be_had(study_data: MakeData, keys: dict[str, Any]) -> None:
    assert not draw(study_data(LINEAR | keys), *OWN)


def test_none_is_drawn_where_all_or_the_first_seed_diverged(study_data: MakeData) -> None:
    lost = TRIED | {"name": "lost"}
    assert not draw(study_data(lost, lambda *_: True), *OWN)
    assert "coefficient_paths" not in draw(study_data(TRIED, lambda decay, seed: seed == 0), *OWN)


def test_one_seed_and_no_zero_are_drawn_without_what_they_lack(study_data: MakeData) -> None:
    drawn = draw(study_data(TRIED | {"grid": {"weight_decay": [0.1, 1, 3, 10], "seeds": 1}}), *OWN)
    assert set(drawn) == {"coefficient_paths", "spectral_filters"}
    assert not any("nan" in svg.lower() for svg in drawn.values())


@pytest.mark.parametrize(
    ("grid", "expected"),
    [([0, 0.1, 3, 10], [0, 3, 10]), ([0, 0.1, 1, 10], [0, 1, 10]), ([0, 5], [0, 5]), ([3, 5], [3, 5])],
)
def test_the_histogram_shows_the_ends_and_the_articles_or_the_chosen(
    study_data: MakeData, grid: list[float], expected: list[float]
) -> None:
    assert shown_weight_decay(study_data(LINEAR | {"grid": {"weight_decay": grid, "seeds": 2}}).base) == expected


def test_bars_hold_all_weights_on_the_common_scale(study_data: MakeData) -> None:
    data = study_data(LINEAR)
    with drawing_style():
        figure = histogram.draw(data).figure
    rows = len(shown_weight_decay(data.base))
    assert len(figure.axes) == 2 * rows
    for row in range(rows):
        common = figure.axes[2 * row]
        assert common.get_xlim() == figure.axes[0].get_xlim()
        filled = common.patches[0].get_data().values
        assert 0.97 <= filled.sum() <= 1
    assert figure.axes[-1].get_xlim()[1] < figure.axes[0].get_xlim()[1]


def test_paths_are_the_weights_and_directions_start_whole(study_data: MakeData) -> None:
    data = study_data(ZERO)
    with drawing_style():
        above, below = coefficient_paths.draw(data).figure.axes[:2]
    weights = trained_state(data.base.variant, 0, [0.1, 1, 3, 10]).weights
    drawn = [y.reshape(-1, 5)[:, :4] for line in above.lines if len(y := points(line)[1]) == 5 * 30]
    np.testing.assert_array_equal(drawn[0], weights.T)
    kept = [y[:4] for line in below.lines if len(y := points(line)[1]) == 5]
    assert len(kept) == 5
    assert all(y[0] <= 1 and (np.diff(y) < 0).all() for y in kept)
    assert kept[0][-1] > kept[-1][-1]


def test_the_largest_paths_carry_the_names_of_their_columns(study_data: MakeData) -> None:
    keys = {"task": {"kind": "diabetes", "n_train": 40}, "training": ZERO["training"] | {"batch_size": 40}}
    data = study_data(ZERO | keys)
    names = column_names(data.base.task)
    assert names is not None and {"bmi", "s5"} <= set(names)
    said = texts(draw(data, "coefficient_paths")["coefficient_paths"])
    named = [text for text in said if text in names]
    assert len(named) == 4
    weights = trained_state(data.base.variant, 0, [data.base.chosen_weight_decay or 0.0]).weights[0]
    assert set(named) == {names[i] for i in np.argsort(-np.abs(weights))[:4]}
    assert column_names(study_data(ZERO | {"name": "drawn"}).base.task) is None


def test_matched_curves_cross_and_the_chosen_weight_decay_is_among_them(study_data: MakeData) -> None:
    data = study_data(ZERO)
    with drawing_style():
        (panel,) = two_filters.draw(data).figure.axes
    curves = [points(line)[1] for line in panel.lines if len(points(line)[0]) == filter_series.POINTS]
    assert len(curves) in (4, 6)
    for solid, dashed in zip(curves[::2], curves[1::2], strict=True):
        assert (solid - dashed)[0] > 0 > (solid - dashed)[-1]
    assert data.base.chosen_weight_decay in two_filters.pairs_of(data.series_of("spectral_filters"))


def test_remedies_meet_where_nothing_is_done(study_data: MakeData) -> None:
    data = study_data(TRIED)
    lines = lines_of(data)
    assert set(lines) == {"nothing", "decay", "early_stopping", "dropout", "more_data"}
    base = lines["nothing"]
    assert lines["early_stopping"].x[-1] == pytest.approx(base.x[0])
    for kind in ("decay", "dropout"):
        assert lines[kind].x[-1] == pytest.approx(base.x[0])
        assert lines[kind].value[-1] == pytest.approx(base.value[0])
    said = set(texts(draw(data, "remedies")["remedies"]))
    assert {"decay", "early stopping", "dropout", "more rows", "nothing done", "δ = 0.5", "n = 60"} <= said


def test_every_timing_is_a_dot_or_counted_above() -> None:
    luck = np.random.default_rng(0)
    seconds = {kind: (luck.uniform(1, 1.1, 30) * 1e-4 * f).tolist() for kind, f in
               (("none", 1), ("optimizer", 1.05), ("loss", 1.4))}  # fmt: skip
    seconds["loss"][3] = 1.0
    measured = [{"weights": size, "seconds": seconds, "peak_bytes": {}} for size in (200, 200_000)]
    with drawing_style():
        figure = cost.draw(measured, levels(measured))
    for panel in figure.axes:
        dots = [points(line)[1] for line in panel.lines if len(points(line)[0]) > 1]
        assert (
            sum(map(len, dots)) + int(sum((1e6 * np.array(v) > panel.get_ylim()[1]).sum() for v in seconds.values()))
            == 90
        )
    one, two = (cost.cost_svg(measured, levels(measured)) for _ in range(2))
    assert one == two and len(one.encode()) < 60_000 and cost.cost_svg([], []) is None
    words = [text for text in texts(one) if any(letter.isalpha() for letter in text)]
    assert all(labels.parse(text) for text in words)
    assert {"weights: 200,000", "rounds: 30"} <= set(words)
    assert any(text.startswith("timings above the panel: ") for text in words)


def test_ever_more_wrong_labels_stand_in_order(study_data: MakeData) -> None:
    noisy = CLASSES | {
        "task": {"kind": "digits", "n_train": 60, "label_noise": 0.2},
        "variants": {"more": {"task.label_noise": 0.4}, "clean": {"task.label_noise": 0}},
    }
    data = study_data(noisy)
    with drawing_style():
        figure = accuracy_by_weight_decay.draw(data).figure
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["wrong labels: 0 %", "wrong labels: 20 %", "wrong labels: 40 %"]
    assert "memorised" in texts(draw(data, "accuracy_by_weight_decay")["accuracy_by_weight_decay"])
    plain = texts(
        draw(study_data(CLASSES | {"name": "plain"}), "accuracy_by_weight_decay")["accuracy_by_weight_decay"]
    )
    assert {"base", "wide", "dropout"} <= set(plain) and "memorised" not in plain
