"""Test error of the chosen λ over that of λ = 0 on collected data, a row a data set. No figure of a study."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from decaybench.analysis.practice import DataSet
from decaybench.figures import labels, style
from decaybench.figures.forest import forest
from decaybench.figures.layout import EDGE, Layout

ROW = 34.0
SMALL = 1.05  # ratios nearer to 1 do not matter


def applies(data_sets: Sequence[DataSet]) -> bool:
    """Where a config trains on collected data with λ = 0 and more."""
    return bool(data_sets)


def draw(data_sets: Sequence[DataSet], layout: Layout) -> Figure:
    """A row a data set."""
    ends = [value for own in data_sets for value in (own.ratio, own.low, own.high) if value is not None]
    limits = min(0.8, 0.9 * min(ends)), max(1.25, 1.1 * max(ends))
    page = forest(
        layout,
        [own.title for own in data_sets],
        ["" if own.wins is None else labels.OUT_OF.format(n=own.wins, total=own.n) for own in data_sets],
        row=ROW,
        head=EDGE,
        limits=limits,
        axis_name=labels.RATIO_TO_ZERO,
        notes=[labels.WITHIN_FIVE, labels.BAR_INTERVAL, labels.COUNT_WON],
        under=[labels.PANEL_CHOSEN.format(weight_decay=own.label) for own in data_sets],
    )
    for own, middle in zip(data_sets, page.middles, strict=True):
        edges = middle - page.row / 2, middle + page.row / 2
        page.panel.fill_betweenx(
            edges, 1 / SMALL, SMALL, color=style.BAND.light, alpha=style.BAND_OPACITY, linewidth=0, zorder=0.4
        )
        if own.low is not None and own.high is not None:
            page.panel.hlines(middle, own.low, own.high, color=style.TEST.light, linewidth=2, zorder=2)
        page.panel.plot(own.ratio, middle, "o", color=style.TEST.light, markersize=7, markeredgewidth=0, zorder=3)
    return page.figure
