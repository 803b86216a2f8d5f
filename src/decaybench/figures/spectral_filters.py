"""Decay and early stopping as filters: which directions of the data they let through, as free a fit in either."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from decaybench.analysis import filters
from decaybench.analysis.filters import Filters
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.recipe import gradient_factor_of
from decaybench.figures import labels, style
from decaybench.figures.axes import log_names, log_ticks, share_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.data import StudyData
from decaybench.theory.conventions import total_penalty
from decaybench.theory.smoother import ridge_filter
from decaybench.theory.spectral import early_stopping_filter

COLOURS = (style.TRAIN, style.ACCENT, style.TEST)
POINTS = 90
SPREAD = 8.0  # the factor from the chosen λ within which its neighbours are looked for


def applies(data: StudyData) -> bool:
    """Full-batch linear training from zero, with a history and a chosen λ above zero."""
    return filters.applies(data.base) and bool(data.chosen(data.base)) and bool(_matched(data))


def draw(data: StudyData) -> Figure:
    """One panel: the share of a direction that is let through, against its variance."""
    variant = data.base
    pairs = _matched(data)
    chosen = data.chosen(variant)
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
        notes=[labels.SOLID_DECAY, labels.DASHED_STOPPED, labels.RUG, labels.SEED.format(n=_seed(data))],
        titles=[None],
        ends=list(names.values()),
    )
    (panel,) = page.cells[0]
    strength = next(iter(pairs.values())).strength
    along = np.geomspace(strength[-1] / 1.15, strength[0] * 1.15, POINTS)
    _set_up(panel, float(along[0]), float(along[-1]))
    n, rate, g = variant.task.n_train, variant.training.learning_rate, gradient_factor_of(variant)
    ends = []
    for colour, (value, pair) in zip(COLOURS, pairs.items(), strict=False):
        kept = ridge_filter(n * along, total_penalty(value, n, g))
        stopped = early_stopping_filter(n * along, n, rate, pair.steps, g)
        for series, shares in (("ridge_filter", kept), ("early_stopping_filter", stopped)):
            data.note(series, "variance_along_direction", along, shares, weight_decay=value)
        panel.plot(np.log10(along), kept, color=colour.light, zorder=3)
        panel.plot(np.log10(along), stopped, color=colour.light, linestyle=style.DASHED, zorder=3)
        ends.append((float(kept[-1]), names[value], colour))
    data.note("direction", "variance_along_direction", strength, [None] * len(strength), seed=_seed(data))
    panel.plot(
        np.log10(strength), np.full(len(strength), 0.025), "|", color=style.MUTED.light, markersize=6,
        markeredgewidth=0.6, zorder=2,
    )  # fmt: skip
    label_ends(panel, ends)
    return page.figure


def _seed(data: StudyData) -> int:
    return data.base.grid.seed_list()[0]


def _matched(data: StudyData) -> dict[float, Filters]:
    """At the chosen λ and at one well below and one well above it, as far as the grid has them; ascending."""
    chosen = data.chosen(data.base)
    if not chosen:
        return {}
    positive = np.array([value for value in sorted(data.base.grid.weight_decay) if value > 0])
    wanted = [
        chosen,
        *(
            float(side[np.abs(np.log(side / aim)).argmin()])
            for side, aim in (
                (positive[positive < chosen], chosen / SPREAD),
                (positive[positive > chosen], chosen * SPREAD),
            )
            if len(side)
        ),
    ]
    pairs = {value: filters.matched(data.base, _seed(data), value) for value in sorted(wanted)}
    known = {value: pair for value, pair in pairs.items() if pair is not None}
    return known if chosen in known else {}


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
