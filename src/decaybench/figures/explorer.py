"""What the reader moves through, left panel: the fitted curve at every measured λ, or the errors over the epochs.

The smallest λ is lit, the page's slider lights another one; `explorer_losses` is the right panel. Nothing is drawn
between measured values, and without the script the smallest λ stays lit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from decaybench.analysis.results import Line, StudyResults, VariantResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import fitted_curve, labels, loss_curves, style, svg, sweep
from decaybench.figures.axes import epoch_axis, log_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.drawn import Drawn

HEIGHT = 210.0  # points
TEXT = 12.5  # points: 11 pixels on a phone
SERIES = loss_curves.SERIES


def applies(results: StudyResults) -> bool:
    """Where there is more than one λ to move between."""
    return len(stops(results)) > 1


def stops(results: StudyResults) -> list[float]:
    """The λ that the slider stops at, ascending."""
    tests = results.series_of("explorer", "test_loss")
    return sorted({float(value) for value in tests["weight_decay"]})


def draw(results: StudyResults) -> Drawn:
    """Of polynomials the fit, of everything else the losses over the epochs."""
    shown, own = stops(results), results.series_of("explorer")
    curves = fitted_curve.curves_of(own)
    names = (labels.X, labels.Y) if curves else (labels.EPOCH, sweep.loss_name([results.base]))
    page = canvas(1, (HEIGHT,), axis_names=names, notes=[], titles=[None], ends=[labels.TRUTH])
    ((panel,),) = page.cells
    if curves:
        _draw_fitted(panel, own, curves, shown[0])
    else:
        past = loss_curves.lines_of(own[own["axis"] == "epoch"])
        _draw_epochs(panel, results.base, past, shown)
    enlarge(page.figure)
    return Drawn(page.figure, [own])


def enlarge(figure: Figure) -> None:
    """Text in one size that stays readable where the panel is as narrow as a phone."""
    for panel in figure.axes:
        panel.tick_params(labelsize=TEXT)
    for text in figure.findobj(Text):
        text.set_fontsize(TEXT)


def ghost(artists: Sequence[Artist], weight_decay: float, lit: float, role: str = "ghost") -> None:
    """Let artists belong to one λ; see `svg.moving`."""
    for artist in artists:
        artist.set_gid(svg.moving(role, weight_decay_label(weight_decay), weight_decay == lit))


def _draw_fitted(panel: Axes, series: pd.DataFrame, curves: dict[float, Line], lit: float) -> None:
    truth = fitted_curve.draw_data(panel, series, width=1.0, size=4)
    label_ends(panel, [(float(truth.value[-1]), labels.TRUTH, style.INK)])
    for value, curve in curves.items():
        ghost(panel.plot(curve.x, curve.value, color=style.ACCENT.light, linewidth=1.8, zorder=3), value, lit)


def _draw_epochs(panel: Axes, variant: VariantResults, lines: loss_curves.Lines, shown: Sequence[float]) -> None:
    epoch_axis(panel, variant.training.epochs)
    log_axis(panel, loss_curves.limits_of(lines))
    bottom = panel.get_ylim()[0]
    for value in shown:
        for metric, _, colour, linestyle in SERIES:
            line = lines[value, metric]
            drawn = panel.plot(
                line.x, np.maximum(line.value, bottom / 10), color=colour.light, linestyle=linestyle, zorder=3
            )
            ghost(drawn, value, shown[0], "ghost veil" if metric == "test_loss" else "ghost")
