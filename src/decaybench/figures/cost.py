"""What a training step costs with and without decay: every timing of one machine a dot, by kind and size.

No figure of a study: it is drawn from the timings alone, and belongs to the machine that took them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from decaybench.analysis.results import FloatArray
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, drawing_style
from decaybench.figures.svg import to_svg
from decaybench.figures.sweep import STREAM

KINDS = {
    "none": (labels.NOWHERE, style.INK),
    "optimizer": (labels.OPTIMIZER, style.TRAIN),
    "loss": (labels.LOSS, style.TEST),
}
Middle = tuple[float | None, float | None, float | None]  # geometric mean, and the ends of its interval
Levels = Mapping[str, Middle]  # microseconds by kind
MOST = 0.97  # of the timings lie within the panel: a busy moment would press the others together


def cost_svg(measured: Sequence[Mapping[str, Any]], levels: Sequence[Levels]) -> str | None:
    """The timings of a step, a fact of the machine and of no study, as inline SVG; None when none were taken."""
    if not measured:
        return None
    with drawing_style():
        return to_svg(draw(measured, levels), "machine-cost")


def draw(measured: Sequence[Mapping[str, Any]], levels: Sequence[Levels]) -> Figure:
    """A row a size; measured: for each size the seconds of every round, by kind; levels: of the same, by kind."""
    times = [{kind: 1e6 * np.asarray(size["seconds"][kind]) for kind in KINDS} for size in measured]
    tops = [1.12 * float(np.quantile(np.concatenate(list(own.values())), MOST)) for own in times]
    hidden = sum(int((values > top).sum()) for own, top in zip(times, tops, strict=True) for values in own.values())
    rounds = max((len(values) for own in times for values in own.values()), default=0)
    page = canvas(
        len(times),
        (170,),
        axis_names=(labels.WHERE_DECAY, labels.MICROSECONDS),
        notes=[
            labels.TIMINGS,
            labels.ROUNDS.format(n=rounds),
            *([labels.ABOVE.format(n=hidden)] if hidden else []),
        ],
        titles=[labels.N_WEIGHTS.format(n=f"{size['weights']:,}") for size in measured],
        ends=[""],
        own_values=True,
    )
    for own, middles, top, (panel,) in zip(times, levels, tops, page.cells, strict=True):
        _set_up(panel, top)
        for place, (kind, values) in enumerate(own.items()):
            _draw_kind(panel, place, values, middles[kind], KINDS[kind][1])
    return page.figure


def _set_up(panel: Axes, top: float) -> None:
    linear_axis(panel, (0.0, top))
    panel.set_xlim(-0.55, len(KINDS) - 0.45)
    panel.xaxis.set_major_locator(FixedLocator(list(range(len(KINDS)))))
    panel.xaxis.set_minor_locator(NullLocator())
    names = [name for name, _ in KINDS.values()]
    panel.xaxis.set_major_formatter(FuncFormatter(lambda _, index: names[index or 0]))
    panel.tick_params(axis="x", length=0, labelsize=style.NOTE)


def _draw_kind(panel: Axes, place: int, microseconds: FloatArray, middle: Middle, colour: style.Colour) -> None:
    jitter = np.random.Generator(np.random.Philox(key=STREAM)).uniform(-0.26, 0.26, len(microseconds))
    seen = microseconds <= panel.get_ylim()[1]
    panel.plot(
        place + jitter[seen], microseconds[seen], "o", color=colour.light, markersize=3.2, alpha=0.5,
        markeredgewidth=0, zorder=2,
    )  # fmt: skip
    value, low, high = middle
    if value is not None:
        panel.hlines(value, place - 0.34, place + 0.34, color=colour.light, linewidth=1.8, zorder=3)
    if low is not None and high is not None:
        panel.vlines(place, low, high, color=colour.light, linewidth=3.2, zorder=3)
