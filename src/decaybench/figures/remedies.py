"""Test loss against the effective degrees of freedom that decay, stopping early and others leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from decaybench.analysis.remedies import (
    DECAY,
    DROPOUT,
    EARLY_STOPPING,
    MORE_DATA,
    NOTHING,
    Path,
    remedies,
)
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import means
from decaybench.cells.tables import LOSSES
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, seeds_note, text_width
from decaybench.figures.data import Line, StudyData

SERIES = {
    DECAY: (labels.DECAY, style.TRAIN, "o"),
    EARLY_STOPPING: (labels.EARLY_STOPPING, style.TEST, ""),
    DROPOUT: (labels.DROPOUT, style.ACCENT, "s"),
    MORE_DATA: (labels.MORE_ROWS, style.ROW_SPACE, "D"),
}
POINTS = 40  # of early stopping


def applies(data: StudyData) -> bool:
    """Where decay, a history and dropout or more rows were tried on one task."""
    return bool(_paths(data))


def draw(data: StudyData) -> Figure:
    """One panel; every remedy a line, named at the top, where a U leaves room."""
    paths = _paths(data)
    lines = {kind: _line(data, path) for kind, path in paths.items()}
    for kind, line in lines.items():
        setting = paths[kind].setting if len(paths[kind].setting) == len(line.x) else None
        data.note(
            f"test_loss_{kind}", "effective_dof", line.x, line.value, setting=setting, low=line.low, high=line.high,
            n=len(paths[kind].test_loss),
        )  # fmt: skip
    n_seeds = len(paths[DECAY].test_loss)
    page = canvas(
        1,
        (215,),
        axis_names=(labels.DOF_OF_FIT, sweep.loss_name([data.base])),
        notes=[labels.BAND if lines[DECAY].has_band else labels.MEAN_ONLY, seeds_note([n_seeds])],
        titles=[None],
        ends=["   "],
    )
    (panel,) = page.cells[0]
    values = np.concatenate([part for line in lines.values() for part in (line.value, line.low, line.high)])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    shown = [kind for kind in SERIES if kind in paths]
    linear_axis(panel, (low - 0.05 * (high - low), high + 0.09 * len(shown) * (high - low)))
    _set_up_x(panel, max(float(line.x[-1]) for line in lines.values()))
    for kind in shown:
        _draw(panel, kind, lines[kind])
    _mark_base(panel, lines[NOTHING])
    _name_points(panel, paths, lines)
    _name_lines(panel, shown)
    return page.figure


def _paths(data: StudyData) -> dict[str, Path]:
    tables = {str(name): rows for name, rows in data.cells.groupby("variant", sort=False, observed=True)}
    columns = ["seed", "epoch", "weight_decay", *LOSSES]
    wanted = [("variant", "==", data.base.name), ("weight_decay", "==", 0.0)]
    history: pd.DataFrame = pq.read_table(data.history_path, columns=columns, filters=wanted).to_pandas()
    return remedies(data.study, tables, {data.base.name: history})


def _line(data: StudyData, path: Path) -> Line:
    """Means and intervals; many points are thinned, by degrees of freedom."""
    kept = np.arange(len(path.dof))
    if len(kept) > POINTS:
        even = np.linspace(path.dof[0], path.dof[-1], POINTS)
        kept = np.unique([int(np.abs(path.dof - at).argmin()) for at in even])
    estimates = means(path.test_loss[:, kept], correction=correction(data.base, "test"))
    columns = np.array([[e.value, e.low, e.high] for e in estimates], dtype=np.float64).T
    return Line(path.dof[kept], *columns)


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


def _name_points(panel: Axes, paths: dict[str, Path], lines: dict[str, Line]) -> None:
    """What the knob stood at, for the few points of dropout and of more rows: above, or right of a steep rise."""
    for kind, template in ((DROPOUT, labels.RATE), (MORE_DATA, labels.POINT_ROWS)):
        if kind not in paths or len(lines[kind].x) != len(paths[kind].setting):
            continue
        line = lines[kind]
        for setting, x, own, high in zip(paths[kind].setting, line.x, line.value, line.high, strict=True):
            if setting == 0:
                continue
            text = template.format(rate=f"{setting:g}", n=f"{setting:,.0f}")
            rises = kind == DROPOUT and x > paths[kind].dof[paths[kind].best]
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
