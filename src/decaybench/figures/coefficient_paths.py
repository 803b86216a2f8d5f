"""Every weight of one seed against λ, and below how much is left of the directions of its results.

Weights cross, grow and change sign; directions only shrink, the weak ones first.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from decaybench.analysis.results import FloatArray, StudyResults
from decaybench.figures import labels, style
from decaybench.figures.axes import WeightDecayAxis, linear_axis, mark_chosen, share_axis
from decaybench.figures.canvas import canvas, label_ends, name_panel
from decaybench.figures.drawn import Drawn

MOST = 80  # weights drawn; of more, every so-manieth
NAMED = (style.TEST, style.ACCENT, style.ROW_SPACE, style.NULL_SPACE)  # of the largest paths, as many have names
FIFTHS = 5
End = tuple[float, str, style.Colour]  # of a line: its y, name and colour
DASH = 0.18  # of the usual distance of λ: half the length of a value at λ = 0


def applies(results: StudyResults) -> bool:
    """Linear models trained on all rows at once from zero."""
    return len(results.series_of("coefficient_paths")) > 0


def draw(results: StudyResults) -> Drawn:
    """One cell: weights above, directions below."""
    series, base = results.series_of("coefficient_paths"), results.base
    of_weights = series[series["series"] == "weight"]
    decays = of_weights["weight_decay"].unique().astype(np.float64)
    weights, kept = (
        series.loc[series["series"] == name, "value"].to_numpy(np.float64).reshape(len(decays), -1)
        for name in ("weight", "length_left")
    )  # [L, p], [L, groups]
    n_weights = weights.shape[1]
    lines = np.unique(np.linspace(0, n_weights - 1, MOST).round().astype(int))
    chosen = base.chosen_weight_decay
    at = int(np.abs(decays - (chosen or decays[len(decays) // 2])).argmin())
    named = _named(of_weights["setting"].iloc[:n_weights], weights[at])
    note = labels.LINES.format(shown=len(lines), total=n_weights) if len(lines) < n_weights else (
        labels.LINES_ALL.format(total=n_weights))  # fmt: skip
    page = canvas(
        1,
        (170, 92),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[
            note,
            labels.SEED.format(n=base.first_seed),
            labels.FIFTHS if kept.shape[1] == FIFTHS else labels.DIRECTIONS,
        ],
        titles=[None],
        ends=[*named, labels.TRUE_WEIGHT, labels.MEAN, labels.STRONGEST, labels.WEAKEST],
    )
    above, below = page.cells[0]
    axis = WeightDecayAxis(tuple(decays.tolist()))
    for panel, name in ((above, labels.WEIGHT), (below, labels.SHARE_LEFT)):
        axis.set_up(panel)
        name_panel(page.figure, panel, name)
        if chosen in decays[1:]:
            mark_chosen(panel, float(axis.position(np.array(chosen))), named=panel is above)
    truth, mean = (series.loc[series["series"] == name, "value"] for name in ("true_weight", "mean_weight"))
    _draw_weights(above, axis, decays, weights, lines, named)
    ends = _draw_named(above, axis, decays, weights, named)
    if len(truth):
        ends += _draw_truth(above, axis, decays, float(truth.iloc[0]), mean.to_numpy(np.float64)[:, None])
    label_ends(above, ends)
    _draw_directions(below, axis, decays, kept)
    return Drawn(page.figure, [series])


def _named(names: pd.Series[str], weights: FloatArray) -> dict[str, int]:
    """The largest weights by the names of their columns, where columns have names."""
    if names.isna().any():
        return {}
    largest = np.argsort(-np.abs(weights), kind="stable")[: len(NAMED)]
    return {str(names.iloc[column]): int(column) for column in largest}


def _draw_weights(
    panel: Axes, axis: WeightDecayAxis, decays: FloatArray, weights: FloatArray, lines: FloatArray,
    named: dict[str, int],
) -> None:  # fmt: skip
    drawn = np.unique([*lines, *named.values()])
    low, high = float(weights[:, drawn].min()), float(weights[:, drawn].max())
    # Room above for the name of the chosen λ.
    linear_axis(panel, (low - 0.05 * (high - low), high + 0.16 * (high - low)))
    panel.axhline(0, color=style.MUTED.light, linewidth=0.8, zorder=1.3)
    _draw_paths(panel, axis, decays, weights[:, lines], style.TRAIN, width=0.6, opacity=0.6)


def _draw_named(
    panel: Axes, axis: WeightDecayAxis, decays: FloatArray, weights: FloatArray, named: dict[str, int]
) -> list[End]:
    ends = []
    for colour, (name, column) in zip(NAMED, named.items(), strict=False):
        _draw_paths(panel, axis, decays, weights[:, [column]], colour, width=1.6)
        ends.append((float(weights[-1, column]), name, colour))
    return ends


def _draw_truth(panel: Axes, axis: WeightDecayAxis, decays: FloatArray, truth: float, mean: FloatArray) -> list[End]:
    """The true weight, and the mean of all weights [L, 1]."""
    panel.axhline(truth, color=style.INK.light, linewidth=1.0, linestyle=style.DASHED, zorder=3.5)
    _draw_paths(panel, axis, decays, mean, style.TEST, width=1.8)
    return [(truth, labels.TRUE_WEIGHT, style.INK), (float(mean[-1, 0]), labels.MEAN, style.TEST)]


def _draw_directions(panel: Axes, axis: WeightDecayAxis, decays: FloatArray, kept: FloatArray) -> None:
    share_axis(panel, (0.0, max(1.06, 1.03 * float(kept.max()))))
    last = kept.shape[1] - 1
    ends = []
    for group in range(last + 1):
        colour = {0: style.ROW_SPACE, last: style.NULL_SPACE}.get(group, style.BAND)
        _draw_paths(panel, axis, decays, kept[:, [group]], colour, width=1.6 if group in (0, last) else 1.0)
        name = {last: labels.WEAKEST, 0: labels.STRONGEST}.get(group)
        if name is not None:
            ends.append((float(kept[-1, group]), name, colour))
    label_ends(panel, ends)


def _draw_paths(
    panel: Axes, axis: WeightDecayAxis, decays: FloatArray, values: FloatArray, colour: style.Colour, width: float,
    opacity: float = 1.0,
) -> None:  # fmt: skip
    """All columns of values [L, lines] as one path with gaps; a value at λ = 0 is a dash left of the break."""
    x = axis.position(decays)
    rest = decays > 0
    gap = np.full((1, values.shape[1]), np.nan)
    parts = [(np.append(x[rest], np.nan), np.concatenate([values[rest], gap]))]
    if not rest.all():
        half = DASH * axis.step
        parts.append((np.array([x[0] - half, x[0] + half, np.nan]), np.concatenate([values[:1], values[:1], gap])))
    for places, heights in parts:
        panel.plot(
            np.tile(places, values.shape[1]), heights.T.ravel(), color=colour.light, linewidth=width, alpha=opacity,
            zorder=3 if opacity == 1 else 2,
        )  # fmt: skip
