"""Test loss against the effective degrees of freedom that decay, stopping early and others leave."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from decaybench.analysis.results import Line, StudyResults
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, seeds_note, text_width
from decaybench.figures.drawn import Drawn

NOTHING, DECAY, DROPOUT, MORE_DATA = "nothing", "decay", "dropout", "more_data"
SERIES = {
    DECAY: (labels.DECAY, style.TRAIN, "o"),
    "early_stopping": (labels.EARLY_STOPPING, style.TEST, ""),
    DROPOUT: (labels.DROPOUT, style.ACCENT, "s"),
    MORE_DATA: (labels.MORE_ROWS, style.ROW_SPACE, "D"),
}


def applies(results: StudyResults) -> bool:
    """Where decay, a history and dropout or more rows were tried on one task."""
    return len(results.series_of("remedies")) > 0


def draw(results: StudyResults) -> Drawn:
    """One panel; every remedy a line, named at the top, where a U leaves room."""
    lines = lines_of(results)
    n_seeds = int(lines[DECAY].rows["n"].iloc[0])
    page = canvas(
        1,
        (215,),
        axis_names=(labels.DOF_OF_FIT, sweep.loss_name([results.base])),
        notes=[labels.BAND if lines[DECAY].has_band else labels.MEAN_ONLY, seeds_note([n_seeds])],
        titles=[None],
        ends=["   "],
    )
    (panel,) = page.cells[0]
    values = np.concatenate([part for line in lines.values() for part in (line.value, line.low, line.high)])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    shown = [kind for kind in SERIES if kind in lines]
    linear_axis(panel, (low - 0.05 * (high - low), high + 0.09 * len(shown) * (high - low)))
    _set_up_x(panel, max(float(line.x[-1]) for line in lines.values()))
    for kind in shown:
        _draw(panel, kind, lines[kind])
    _mark_base(panel, lines[NOTHING])
    _name_points(panel, lines, results.base.value("remedies/dropout/effective_dof"))
    _name_lines(panel, shown)
    return Drawn(page.figure, [*lines.values()])


def lines_of(results: StudyResults) -> dict[str, Line]:
    """Mean test loss over effective degrees of freedom, by remedy."""
    parts = results.series_of("remedies").groupby("series", sort=False)
    return {str(name).removeprefix("test_loss_"): Line.of(own) for name, own in parts}


def _set_up_x(panel: Axes, most: float) -> None:
    panel.set_xlim(0, 1.05 * most)
    panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))


def _draw(panel: Axes, kind: str, line: Line) -> None:
    _, colour, mark = SERIES[kind]
    joined = len(line.x) > 1 and kind != MORE_DATA
    if joined:
        panel.plot(line.x, line.value, color=colour.light, linewidth=1.5, zorder=3)
    if mark:
        panel.plot(
            line.x, line.value, mark, color=colour.light, markersize=4.2, markeredgewidth=0, zorder=3.4
        )  # fmt: skip
    if line.has_band and joined:
        panel.fill_between(line.x, line.low, line.high, color=colour.light, alpha=0.13, linewidth=0, zorder=2)
    elif line.has_band:
        panel.vlines(line.x, line.low, line.high, color=colour.light, linewidth=1.2, zorder=3)


def _mark_base(panel: Axes, line: Line) -> None:
    panel.plot(line.x, line.value, "o", color=style.INK.light, markersize=6, markeredgewidth=0, zorder=3.6)
    panel.annotate(
        labels.NO_REMEDY, (float(line.x[0]), float(line.value[0])), xytext=(8, 0), textcoords="offset points",
        ha="left", va="center", color=style.INK.light, fontsize=style.NOTE,
    )  # fmt: skip


def _name_points(panel: Axes, lines: dict[str, Line], best_dropout: float | None) -> None:
    """What the knob stood at, for the few points of dropout and of more rows: above, or right of a steep rise.

    best_dropout: degrees of freedom at the rate that validation rows choose.
    """
    for kind, template in ((DROPOUT, labels.RATE), (MORE_DATA, labels.POINT_ROWS)):
        line = lines.get(kind)
        if line is None or line.rows["setting"].isna().any():
            continue
        settings = [float(setting) for setting in line.rows["setting"]]
        for setting, x, own, high in zip(settings, line.x, line.value, line.high, strict=True):
            if setting == 0:
                continue
            text = template.format(rate=f"{setting:g}", n=f"{setting:,.0f}")
            rises = kind == DROPOUT and best_dropout is not None and x > best_dropout
            height = own if rises or not np.isfinite(high) else high
            panel.annotate(
                text, (float(x), float(height)), xytext=(9, -3) if rises else (0, 3), textcoords="offset points",
                ha="left" if rises else "center", va="center" if rises else "bottom",
                color=SERIES[kind][1].light, fontsize=style.NOTE,
            )  # fmt: skip


def _name_lines(panel: Axes, shown: list[str]) -> None:
    """Names below each other, at the top, in the middle: the ends of a U lie at the sides."""
    width = max(text_width(SERIES[kind][0]) for kind in shown)
    for row, kind in enumerate(shown):
        name, colour, _ = SERIES[kind]
        panel.annotate(
            name, (0.5, 1), xycoords="axes fraction", xytext=(-width / 2, -2 - 14 * row),
            textcoords="offset points", ha="left", va="top", color=colour.light,
        )  # fmt: skip
