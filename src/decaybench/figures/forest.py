"""A forest: rows on one logarithmic axis of ratios, a name on the left and a count on the right.

On a phone the name and the count stand above their row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from decaybench.figures import style
from decaybench.figures.axes import log_names, log_ticks
from decaybench.figures.canvas import fitting, text_width
from decaybench.figures.layout import EDGE, LINE, Layout, Sheet, note_lines


class Forest(NamedTuple):
    """The panel, whose y are points from its top, and the middle of each row in them."""

    figure: Figure
    panel: Axes
    middles: list[float]
    row: float
    sheet: Sheet


def forest(
    layout: Layout, names: Sequence[str], counts: Sequence[str], *, row: float, head: float,
    limits: tuple[float, float], axis_name: str, notes: Sequence[str], under: Sequence[str] = (),
) -> Forest:  # fmt: skip
    """Empty rows.

    Parameters
    ----------
    row : points of a row, without the line of its name on a phone. head : points above the panel, for a legend.
    limits : of the axis, ratios. under : small texts below the names.
    """
    own_line = LINE * (2 if under else 1) + 4 if layout.narrow else 0.0
    names = [fitting(name, layout.width * (0.7 if layout.narrow else 0.45)) for name in names]
    left = EDGE + 4 if layout.narrow else EDGE + max(text_width(name) for name in names) + 14
    right = EDGE + 4 if layout.narrow else EDGE + max(text_width(count) for count in counts) + 10
    tall = (row + own_line) * len(names)
    below = 2 * LINE + 12
    sheet = Sheet(layout, head + tall + below + LINE * note_lines(layout, notes) + 4)
    panel = sheet.panel(left, head, layout.width - left - right, tall)
    panel.set_ylim(tall, 0)
    panel.yaxis.set_major_locator(NullLocator())
    panel.spines["left"].set_visible(False)
    _ratio_axis(panel, limits, layout.width - left - right)
    middles = [(row + own_line) * place + own_line + row / 2 for place in range(len(names))]
    for name, count, middle in zip(names, counts, middles, strict=True):
        base = head + middle + (4 - 7 * bool(under) if not layout.narrow else LINE - 2 - row / 2 - own_line)
        sheet.write(EDGE, base, name)
        sheet.write(layout.width - EDGE, base, count, align="right")
        panel.axhline(middle + row / 2, color=style.GRID.light, linewidth=0.6, zorder=0.5)
        panel.vlines(1, middle - row / 2, middle + row / 2, color=style.INK.light, linewidth=1.0, zorder=1)
    for text, middle in zip(under, middles, strict=bool(under)):
        base = head + middle + (4 + 7 if not layout.narrow else 2 * LINE - 3 - row / 2 - own_line)
        sheet.write(EDGE, base, text, style.MUTED, small=True)
    sheet.write(left + (layout.width - left - right) / 2, head + tall + 2 * LINE + 4, axis_name, align="center")
    sheet.notes(head + tall + below + LINE - 2, notes)
    return Forest(sheet.figure, panel, middles, row, sheet)


def _ratio_axis(panel: Axes, limits: tuple[float, float], width: float) -> None:
    panel.set_xscale("log")
    panel.set_xlim(*limits)
    ticks = log_ticks(*limits, height=width / 3)
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels(log_names(ticks))
