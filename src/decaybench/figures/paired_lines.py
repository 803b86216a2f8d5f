"""Collected data: a line a split from λ = 0 to the chosen λ, and beside them the geometric means."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from decaybench.analysis.results import FloatArray, Line, StudyResults, VariantResults, paired, rows
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import log_axis, log_limits
from decaybench.figures.canvas import text_width
from decaybench.figures.drawn import Drawn
from decaybench.figures.layout import EDGE, LINE, WIDE, Layout, Sheet, note_lines
from decaybench.figures.sweep import loss_name

HEIGHT = 230.0
LEFT = 46.0
ASIDE = 0.09  # of the means, from the ends of the lines, which lie at 0 and 1


def applies(results: StudyResults) -> bool:
    """Where a λ above 0 is chosen on collected data, and λ = 0 was trained on the same splits."""
    return results.study.task.collected and len(_losses(results.from_zero or results.base)) > 0


def draw(results: StudyResults, layout: Layout = WIDE) -> Drawn:
    """One panel; lines that rise are told apart by colour and dashes."""
    own = results.from_zero or results.base
    table, mean = _losses(own), own.value("baseline/mean_predictor")
    losses, chosen = table.to_numpy(np.float64), float(table.columns[1])
    worse = losses[:, 1] > losses[:, 0]
    whole = own.along_weight_decay("test_loss_geometric").rows
    means = Line.of(whole[whole["x"].isin([0.0, chosen])])
    notes = [labels.GEOMETRIC, *([labels.WORSE_LINES] if worse.any() else [])]
    top = 2 * LINE + 10
    sheet = Sheet(layout, top + HEIGHT + 2 * LINE + LINE * note_lines(layout, notes))
    right = text_width(labels.MEAN_PREDICTOR) + 12
    panel = sheet.panel(LEFT, top, layout.width - LEFT - right, HEIGHT)
    log_axis(panel, log_limits([losses, means.value, means.low, means.high, np.array([mean or np.nan])]))
    _set_up(panel, weight_decay_label(chosen))
    _draw_lines(panel, losses[~worse], style.MUTED, "-")
    _draw_lines(panel, losses[worse], style.NULL_SPACE, style.DASHED)
    _draw_means(panel, means)
    if mean is not None:
        _draw_mean_predictor(panel, mean)
    won = int((losses[:, 1] < losses[:, 0]).sum())
    sheet.write(EDGE, LINE - 2, labels.BETTER_IN.format(n=won, total=len(losses)))
    sheet.write(EDGE, 2 * LINE + 2, loss_name([own]), style.MUTED, small=True)
    sheet.notes(top + HEIGHT + 2 * LINE + 8, notes)
    places = np.tile([0.0, chosen], len(losses))
    seeds = np.repeat(table.index.to_numpy(), 2)
    lines = rows(
        "test_loss", "weight_decay", places, losses.ravel(), variant=own.name, weight_decay=places, seed=seeds
    )  # fmt: skip
    return Drawn(sheet.figure, [lines, means])


def _losses(own: VariantResults) -> pd.DataFrame:
    """Test loss of every split at λ = 0 and at the chosen λ, two columns; empty where there is no such pair."""
    chosen = own.chosen_weight_decay
    if not chosen or not len(own.cells):
        return pd.DataFrame()
    table = paired(own.cells[own.cells["weight_decay"].isin([0.0, chosen])], "test_loss")
    return table[[0.0, chosen]].dropna() if {0.0, chosen} <= set(table.columns) else pd.DataFrame()


def _set_up(panel: Axes, label: str) -> None:
    panel.set_xlim(-0.22, 1.22)
    panel.grid(axis="y")
    panel.set_axisbelow(True)
    panel.xaxis.set_major_locator(FixedLocator([0.0, 1.0]))
    panel.set_xticklabels(
        [labels.PANEL.format(weight_decay="0"), labels.PANEL_CHOSEN.format(weight_decay=label)],
        fontsize=style.LABEL,
    )  # fmt: skip


def _draw_lines(panel: Axes, losses: FloatArray, colour: style.Colour, linestyle: object) -> None:
    """All of them as one path, broken between splits."""
    x = np.tile([0.0, 1.0, np.nan], len(losses))
    y = np.hstack([losses, np.full((len(losses), 1), np.nan)]).ravel()
    panel.plot(
        x, y, color=colour.light, linestyle=linestyle, linewidth=0.9, alpha=0.55, marker="o", markersize=2.4,
        markeredgewidth=0, zorder=2,
    )  # fmt: skip


def _draw_means(panel: Axes, means: Line) -> None:
    for x, value, low, high in zip((-ASIDE, 1 + ASIDE), means.value, means.low, means.high, strict=True):
        panel.plot(x, value, "o", color=style.TEST.light, markersize=7, markeredgewidth=0, zorder=4)
        if np.isfinite(low):
            panel.vlines(x, low, high, color=style.TEST.light, linewidth=2, zorder=3)


def _draw_mean_predictor(panel: Axes, mean: float) -> None:
    panel.axhline(mean, color=style.INK.light, linewidth=1.2, linestyle=style.DASHED, zorder=2.5)
    panel.annotate(
        labels.MEAN_PREDICTOR, (1, mean), xycoords=panel.get_yaxis_transform(), xytext=(5, 0),
        textcoords="offset points", va="center_baseline", color=style.INK.light,
    )  # fmt: skip
