"""Every weight of one seed against λ, and below how much is left of the directions of its data.

Weights cross, grow and change sign; directions only shrink, the weak ones first.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.weights import (
    is_zero_start,
    kept_by_direction,
    trained_state,
    true_weights,
    why_no_weights,
)
from decaybench.figures import labels, style
from decaybench.figures.axes import WeightDecayAxis, linear_axis, mark_chosen, share_axis
from decaybench.figures.canvas import canvas, label_ends, name_panel
from decaybench.figures.data import StudyData
from decaybench.tasks import column_names

FEWEST = 3  # λ that make a path
MOST = 80  # weights drawn; of more, every so-manieth
NAMED = (style.TEST, style.ACCENT, style.ROW_SPACE, style.NULL_SPACE)  # of the largest paths, as many have names
FIFTHS = 5
DASH = 0.18  # of the usual distance of λ: half the length of a value at λ = 0


def applies(data: StudyData) -> bool:
    """Linear models trained on all rows at once from zero, so that nothing but data and decay moves a weight.

    Of rows that differ in two directions at least, or there is no strong and weak one.
    """
    variant = data.base
    known = why_no_weights(variant) is None and is_full_batch(variant) and is_zero_start(variant)
    if not known or len(_decays(data)) < FEWEST:
        return False
    none = np.zeros((1, variant.task.n_features))
    return kept_by_direction(variant, _seed(data), none, FIFTHS).shape[1] > 1


def draw(data: StudyData) -> Figure:
    """One cell: weights above, directions below."""
    variant, seed, decays = data.base, _seed(data), _decays(data)
    weights = trained_state(variant, seed, decays).weights  # [L, p]
    kept = kept_by_direction(variant, seed, weights, FIFTHS)  # [L, groups]
    n_weights = weights.shape[1]
    for value, own, shares in zip(decays, weights, kept, strict=True):
        data.note("weight", "input", np.arange(1, n_weights + 1), own, weight_decay=value, seed=seed)
        groups = np.arange(1, kept.shape[1] + 1)
        data.note("length_left", "fifth" if len(groups) == FIFTHS else "direction", groups, shares,
                  weight_decay=value, seed=seed)  # fmt: skip
    lines = np.unique(np.linspace(0, n_weights - 1, MOST).round().astype(int))
    chosen = data.chosen(variant)
    at = int(np.abs(decays - (chosen or decays[len(decays) // 2])).argmin())
    named = _named(data, weights[at])
    note = labels.LINES.format(shown=len(lines), total=n_weights) if len(lines) < n_weights else (
        labels.LINES_ALL.format(total=n_weights))  # fmt: skip
    page = canvas(
        1,
        (170, 92),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[note, labels.SEED.format(n=seed), labels.FIFTHS if kept.shape[1] == FIFTHS else labels.DIRECTIONS],
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
    _draw_weights(above, axis, decays, weights, lines, named, true_weights(variant))
    _draw_directions(below, axis, decays, kept)
    return page.figure


def _seed(data: StudyData) -> int:
    return data.base.grid.seed_list()[0]


def _decays(data: StudyData) -> FloatArray:
    """λ at which the seed stayed finite, ascending."""
    runs = data.runs(data.base)
    return np.sort(runs.loc[runs["seed"] == _seed(data), "weight_decay"].to_numpy(np.float64))


def _named(data: StudyData, weights: FloatArray) -> dict[str, int]:
    """The largest weights by the names of their columns, where columns have names."""
    names = column_names(data.base.task)
    if names is None:
        return {}
    largest = np.argsort(-np.abs(weights), kind="stable")[: len(NAMED)]
    return {names[column]: int(column) for column in largest}


def _draw_weights(
    panel: Axes, axis: WeightDecayAxis, decays: FloatArray, weights: FloatArray, lines: FloatArray,
    named: dict[str, int], truth: FloatArray | None,
) -> None:  # fmt: skip
    drawn = np.unique([*lines, *named.values()])
    low, high = float(weights[:, drawn].min()), float(weights[:, drawn].max())
    # Room above for the name of the chosen λ.
    linear_axis(panel, (low - 0.05 * (high - low), high + 0.16 * (high - low)))
    panel.axhline(0, color=style.MUTED.light, linewidth=0.8, zorder=1.3)
    _draw_paths(panel, axis, decays, weights[:, lines], style.TRAIN, width=0.6, opacity=0.6)
    ends = []
    for colour, (name, column) in zip(NAMED, named.items(), strict=False):
        _draw_paths(panel, axis, decays, weights[:, [column]], colour, width=1.6)
        ends.append((float(weights[-1, column]), name, colour))
    if truth is not None and np.ptp(truth) == 0:
        panel.axhline(float(truth[0]), color=style.INK.light, linewidth=1.0, linestyle=style.DASHED, zorder=3.5)
        mean = weights.mean(axis=1, keepdims=True)
        _draw_paths(panel, axis, decays, mean, style.TEST, width=1.8)
        ends += [(float(truth[0]), labels.TRUE_WEIGHT, style.INK), (float(mean[-1, 0]), labels.MEAN, style.TEST)]
    label_ends(panel, ends)


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
