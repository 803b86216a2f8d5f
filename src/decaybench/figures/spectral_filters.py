"""Decay and early stopping as filters: which directions of the data they let through, as free a fit in either."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from decaybench.analysis.results import Line, StudyResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import log_names, log_ticks, share_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.drawn import Drawn

COLOURS = (style.TRAIN, style.ACCENT, style.TEST)


def applies(results: StudyResults) -> bool:
    """Full-batch linear training from zero, with a history and a chosen λ above zero."""
    return len(results.series_of("spectral_filters")) > 0


def draw(results: StudyResults) -> Drawn:
    """One panel: the share of a direction that is let through, against its variance."""
    own, base = results.series_of("spectral_filters"), results.base
    pairs = pairs_of(own)
    chosen = base.chosen_weight_decay
    names = {
        value: (labels.PANEL_CHOSEN if value == chosen else labels.PANEL).format(
            weight_decay=weight_decay_label(value)
        )
        for value in pairs
    }
    page = canvas(
        1,
        (180,),
        axis_names=(labels.VARIANCE, labels.LET_THROUGH),
        notes=[labels.SOLID_DECAY, labels.DASHED_STOPPED, labels.RUG, labels.SEED.format(n=base.first_seed)],
        titles=[None],
        ends=list(names.values()),
    )
    (panel,) = page.cells[0]
    along = next(iter(pairs.values()))[0].x
    _set_up(panel, float(along[0]), float(along[-1]))
    ends = []
    for colour, (value, (kept, stopped)) in zip(COLOURS, pairs.items(), strict=False):
        panel.plot(np.log10(kept.x), kept.value, color=colour.light, zorder=3)
        panel.plot(np.log10(stopped.x), stopped.value, color=colour.light, linestyle=style.DASHED, zorder=3)
        ends.append((float(kept.value[-1]), names[value], colour))
    strength = Line.of(own[own["series"] == "direction"]).x
    panel.plot(
        np.log10(strength), np.full(len(strength), 0.025), "|", color=style.MUTED.light, markersize=6,
        markeredgewidth=0.6, zorder=2,
    )  # fmt: skip
    label_ends(panel, ends)
    return Drawn(page.figure, [own])


def pairs_of(series: pd.DataFrame) -> dict[float, tuple[Line, ...]]:
    """What decay and early stopping let through, by λ, ascending."""
    kept, stopped = (series[series["series"] == f"{name}_filter"] for name in ("ridge", "early_stopping"))
    found = {}
    for value in kept["weight_decay"].unique():
        found[float(value)] = tuple(Line.of(own[own["weight_decay"] == value]) for own in (kept, stopped))
    return found


def _set_up(panel: Axes, low: float, high: float) -> None:
    share_axis(panel, (0.0, 1.03))
    panel.set_xlim(log10(low), log10(high))
    ticks = [tick for tick in log_ticks(low, high, 130) if low <= tick <= high]
    if len(ticks) < 2:
        ticks = [10.0**k for k in range(floor(log10(low)), ceil(log10(high)) + 1)]
    names = log_names(ticks)
    panel.xaxis.set_major_locator(FixedLocator([log10(tick) for tick in ticks]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda _, index: names[index or 0]))
