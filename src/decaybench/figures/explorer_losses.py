"""What the reader moves through, right panel: both losses over λ, and a mark at each λ of which one is seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults
from decaybench.figures import explorer, labels, loss_curves, style, svg, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.drawn import Drawn

MARK = 9.0  # points: the dots on the lit λ


def applies(results: StudyResults) -> bool:
    """Where there is more than one λ to move between."""
    return explorer.applies(results)


def draw(results: StudyResults) -> Drawn:
    """One panel, which the reader may veil while guessing."""
    variant, shown = results.base, explorer.stops(results)
    lines = [variant.along_weight_decay(metric) for metric, *_ in explorer.SERIES]
    page = canvas(
        1,
        (explorer.HEIGHT,),
        axis_names=(labels.WEIGHT_DECAY, sweep.loss_name([variant])),
        notes=sweep.diverged_notes([variant]),
        titles=[None],
        ends=[name for _, name, *_ in explorer.SERIES],
    )
    ((panel,),) = page.cells
    panel.set_gid(svg.VEIL)
    _draw_over(panel, WeightDecayAxis(tuple(variant.grid.weight_decay)), lines, shown)
    ends = [(line.value[-1], name, colour) for line, (_, name, colour, _) in zip(lines, explorer.SERIES, strict=True)]
    label_ends(panel, ends)
    explorer.enlarge(page.figure)
    return Drawn(page.figure, lines)


def _draw_over(panel: Axes, axis: WeightDecayAxis, lines: list[Line], shown: Sequence[float]) -> None:
    """Means with their intervals against λ, and a mark at each λ; the first of them is lit."""
    axis.set_up(panel)
    floor = lines[-1].value[lines[-1].value > 0].min(initial=np.inf) / loss_curves.DEPTH
    log_axis(panel, log_limits([np.maximum(line.value, floor) for line in lines] + [lines[-1].high]))
    for line, (_, _, colour, _) in zip(lines, explorer.SERIES, strict=True):
        sweep.draw_line(panel, axis, line, colour)
    for value in shown:
        place = float(axis.position(np.array(value)))
        marks: list[Artist] = [panel.axvline(place, color=style.ACCENT.light, linewidth=1.2, zorder=1.5)]
        for line, (_, _, colour, _) in zip(lines, explorer.SERIES, strict=True):
            height = max(line.value[line.x == value][0], panel.get_ylim()[0])
            # A line without length and with round ends: a dot of few bytes.
            marks += panel.plot(
                [place] * 2, [height] * 2, color=colour.light, linewidth=MARK, clip_on=False, zorder=4
            )
        explorer.ghost(marks, value, shown[0], "mark")
