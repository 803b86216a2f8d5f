"""What the reader moves through, left panel: the fitted curve at every measured λ, or the errors over the epochs.

The smallest λ is lit, the page's slider lights another one; `explorer_losses` is the right panel. Nothing is drawn
between measured values, and without the script the smallest λ stays lit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from decaybench.analysis.statistics import FloatArray
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Polynomial
from decaybench.figures import fitted_curve, labels, loss_curves, style, svg, sweep
from decaybench.figures.axes import epoch_axis, log_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.data import StudyData
from decaybench.tasks import generate
from decaybench.tasks.polynomial import true_curve

X = np.linspace(-1.0, 1.0, 51)
EPOCHS = 16  # points of a curve; its shape, not its every wiggle
MOST = 14  # λ on the slider; of more, some that are evenly spaced
HEIGHT = 210.0  # points
TEXT = 12.5  # points: 11 pixels on a phone
SERIES = loss_curves.SERIES


def applies(data: StudyData) -> bool:
    """Where there is more than one λ to move between."""
    return len(stops(data)) > 1


def stops(data: StudyData) -> list[float]:
    """The measured λ that the slider stops at: all of them, or an even choice with the ends and the chosen one."""
    measured = [float(value) for value in data.along_weight_decay(data.base, "test_loss").x]
    if len(measured) <= MOST:
        return measured
    even = {measured[round(place)] for place in np.linspace(0, len(measured) - 1, MOST - 1)}
    chosen = data.chosen(data.base)
    return sorted(even if chosen is None else {*even, chosen})


def draw(data: StudyData) -> Figure:
    """Of polynomials the fit, of everything else the losses over the epochs."""
    shown = stops(data)
    curves = fitted_curve.curves_at(data, np.array(shown), X) if fitted_curve.has_law(data.base) else {}
    names = (labels.X, labels.Y) if curves else (labels.EPOCH, sweep.loss_name([data.base]))
    page = canvas(1, (HEIGHT,), axis_names=names, notes=[], titles=[None], ends=[labels.TRUTH])
    ((panel,),) = page.cells
    if curves:
        _draw_fitted(panel, data, curves, shown[0])
    else:
        _draw_epochs(panel, data, shown, shown[0])
    enlarge(page.figure)
    return page.figure


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


def _draw_fitted(panel: Axes, data: StudyData, curves: dict[float, FloatArray], lit: float) -> None:
    task = data.base.task
    assert isinstance(task, Polynomial)
    inputs, targets = generate(task, fitted_curve.first_seed(data)).train
    truth = true_curve(X)
    fitted_curve.set_up(panel, np.concatenate([targets, truth]))
    panel.plot(X, truth, color=style.INK.light, linewidth=1.0, linestyle=style.DASHED, zorder=2)
    panel.plot(
        inputs[:, 0] / np.sqrt(3), targets, "o", color=style.BAND.light, markersize=4, markeredgewidth=0, zorder=2.5
    )
    data.note("true_curve", "x", X, truth)
    data.note("training_rows", "x", inputs[:, 0] / np.sqrt(3), targets, seed=fitted_curve.first_seed(data))
    label_ends(panel, [(float(truth[-1]), labels.TRUTH, style.INK)])
    for value, curve in curves.items():
        data.note("fitted_curve", "x", X, curve, weight_decay=value, seed=fitted_curve.first_seed(data))
        ghost(panel.plot(X, curve, color=style.ACCENT.light, linewidth=1.8, zorder=3), value, lit)


def _draw_epochs(panel: Axes, data: StudyData, shown: Sequence[float], lit: float) -> None:
    lines = data.along_epochs(data.base, shown, [metric for metric, *_ in SERIES], points=EPOCHS)
    epoch_axis(panel, data.base.training.epochs)
    log_axis(panel, loss_curves.limits_of(lines))
    bottom = panel.get_ylim()[0]
    for value in shown:
        for metric, _, colour, linestyle in SERIES:
            line = lines[value, metric]
            drawn = panel.plot(
                line.x, np.maximum(line.value, bottom / 10), color=colour.light, linestyle=linestyle, zorder=3
            )
            ghost(drawn, value, lit, "ghost veil" if metric == "test_loss" else "ghost")
