"""Test error of the chosen λ over that of λ = 0 on collected data, a row a data set. No figure of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from decaybench.analysis.results import StudyResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.forest import forest
from decaybench.figures.layout import EDGE, Layout

ROW = 34.0
SMALL = 1.05  # ratios nearer to 1 do not matter


class DataSet(NamedTuple):
    """Test loss of the chosen λ over that of λ = 0, and the splits that λ won."""

    title: str
    label: str  # of the chosen λ
    ratio: float
    low: float | None
    high: float | None
    wins: int | None  # None where λ = 0 itself is chosen: nothing to win
    n: int


def data_sets_of(studies: Sequence[StudyResults]) -> list[DataSet]:
    """A row a study on collected data that has a choice among λ = 0 and others."""
    rows = (_data_set(study) for study in studies if study.study.task.collected)
    return [row for row in rows if row is not None]


def _data_set(study: StudyResults) -> DataSet | None:
    own, title = study.from_zero or study.base, study.study.titled("en")
    chosen = own.chosen_weight_decay
    if chosen is None or not own.has("0", "test_loss") or len(own.measured_weight_decay) < 2:
        return None
    if chosen == 0:
        return DataSet(title, "0", 1.0, None, None, None, own.facts[own.id("0", "test_loss")]["n"])
    label = weight_decay_label(chosen)
    if not own.has(label, "test_loss_ratio"):
        return None
    ratio, wins = (own.facts[own.id(label, name)] for name in ("test_loss_ratio", "test_loss_wins"))
    return DataSet(title, label, ratio["value"], ratio["low"], ratio["high"], wins["value"], wins["n"])


def applies(studies: Sequence[StudyResults]) -> bool:
    """Where some study trains on collected data with λ = 0 and more."""
    return bool(data_sets_of(studies))


def draw(studies: Sequence[StudyResults], layout: Layout) -> Figure:
    """A row a data set."""
    data_sets = data_sets_of(studies)
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
