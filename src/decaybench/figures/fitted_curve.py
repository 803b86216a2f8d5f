"""What the models of one seed look like: their curves at three λ, the rows they saw, the cubic behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from decaybench.analysis.results import Line, StudyResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.drawn import Drawn

COLOURS = (style.TEST, style.ACCENT, style.TRAIN)


def applies(results: StudyResults) -> bool:
    """Polynomials, trained on all rows at once."""
    return len(results.series_of("fitted_curve")) > 0


def draw(results: StudyResults) -> Drawn:
    """One panel: the base."""
    own, base = results.series_of("fitted_curve"), results.base
    curves = curves_of(own)
    names = {value: _name(value, base.chosen_weight_decay if len(curves) > 1 else None) for value in curves}
    page = canvas(
        1,
        (200,),
        axis_names=(labels.X, labels.Y),
        notes=[labels.SEED_ROWS.format(n=base.first_seed), labels.EXACT],
        titles=[None],
        ends=[*names.values(), labels.TRUTH],
    )
    (panel,) = page.cells[0]
    truth = draw_data(panel, own, width=1.1, size=4.5)
    ends = [(float(truth.value[-1]), labels.TRUTH, style.INK)]
    for colour, (value, curve) in zip(COLOURS, curves.items(), strict=False):
        panel.plot(curve.x, curve.value, color=colour.light, linewidth=1.6, zorder=3)
        ends.append((float(curve.value[-1]), names[value], colour))
    label_ends(panel, ends)
    return Drawn(page.figure, [own])


def _name(weight_decay: float, chosen: float | None) -> str:
    template = labels.PANEL_CHOSEN if weight_decay == chosen else labels.PANEL
    return template.format(weight_decay=weight_decay_label(weight_decay))


def curves_of(series: pd.DataFrame) -> dict[float, Line]:
    """The fitted curves among a figure's series, by λ."""
    own = series[series["series"] == "fitted_curve"]
    return {float(value): Line.of(own[own["weight_decay"] == value]) for value in own["weight_decay"].unique()}


def draw_data(panel: Axes, series: pd.DataFrame, width: float, size: float) -> Line:
    """The cubic, which is given back, and the rows; the axes around both, so that a curve may leave the panel."""
    truth, data = (Line.of(series[series["series"] == name]) for name in ("true_curve", "training_rows"))
    values = np.concatenate([data.value, truth.value])
    low, high = float(values.min()), float(values.max())
    linear_axis(panel, (low - 0.15 * (high - low), high + 0.15 * (high - low)))
    panel.set_xlim(-1.03, 1.03)
    panel.xaxis.set_major_locator(FixedLocator([-1, 0, 1]))
    panel.plot(truth.x, truth.value, color=style.INK.light, linewidth=width, linestyle=style.DASHED, zorder=2)
    panel.plot(
        data.x, data.value, "o", color=style.BAND.light, markersize=size, markeredgewidth=0, zorder=2.5
    )  # fmt: skip
    return truth
