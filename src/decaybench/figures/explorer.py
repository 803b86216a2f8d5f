"""What the reader moves through: every measured λ as a ghost, one of them lit, with its place on the curves over λ.

The page's slider lights another λ. Nothing is drawn between measured values, and without the script the chosen λ
stays lit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decaybench.analysis.statistics import FloatArray
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Polynomial
from decaybench.figures import fitted_curve, labels, loss_curves, style, svg, sweep
from decaybench.figures.axes import WeightDecayAxis, epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import Canvas, canvas, label_ends
from decaybench.figures.data import Line, StudyData
from decaybench.tasks import generate
from decaybench.tasks.polynomial import true_curve

X = np.linspace(-1.0, 1.0, 51)
EPOCHS = 16  # points of a curve; its shape, not its every wiggle
MOST = 14  # λ on the slider; of more, some that are evenly spaced
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
    """Losses over epochs, loss and norm against λ; of polynomials also the fitted curve."""
    variant, shown = data.base, stops(data)
    lit = data.chosen(variant)
    curves = fitted_curve.curves_at(data, np.array(shown), X) if fitted_curve.has_law(variant) else {}
    losses = [data.along_weight_decay(variant, metric) for metric, *_ in SERIES]
    page = canvas(
        4,
        (104,),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=_notes(data, losses, bool(curves)),
        titles=[labels.FITTED if curves else None, labels.LOSS_OVER, labels.LOSS_EPOCHS, labels.NORM],
        ends=[labels.TRAIN],
        own_values=True,
    )
    (fitted,), (over,), (epochs,), (norm,) = page.cells
    over.set_gid(svg.VEIL)
    if curves:
        _draw_fitted(fitted, data, curves, lit)
    else:
        _stretch(page, epochs, fitted)
    _draw_epochs(epochs, data, shown, lit)
    axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
    _draw_over(over, axis, losses, [colour for _, _, colour, _ in SERIES], shown, lit)
    ends = [(line.value[-1], name, colour) for line, (_, name, colour, _) in zip(losses, SERIES, strict=True)]
    label_ends(over, ends)
    lengths = data.along_weight_decay(variant, "weight_norm")
    _draw_over(norm, axis, [lengths] if len(lengths.x) else [], [style.INK], shown, lit)
    return page.figure


def _notes(data: StudyData, losses: Sequence[Line], fitted: bool) -> list[str]:
    notes = [labels.TRAIN_TEST, labels.LIT, *sweep.means_notes(losses, data.seeds(data.base))]
    if fitted:
        notes.append(labels.SEED_ROWS.format(n=fitted_curve.first_seed(data)))
    return [*notes, *sweep.diverged_notes(data, [data.base])]


def _stretch(page: Canvas, panel: Axes, above: Axes) -> None:
    """Let a panel take the place of the one above it, too."""
    low, high = panel.get_position(), above.get_position()
    panel.set_position((low.x0, low.y0, low.width, high.y1 - low.y0))
    page.figure.delaxes(above)


def _ghost(artists: Sequence[Artist], weight_decay: float, lit: float | None, role: str = "ghost") -> None:
    for artist in artists:
        artist.set_gid(svg.moving(role, weight_decay_label(weight_decay), weight_decay == lit))


def _draw_fitted(panel: Axes, data: StudyData, curves: dict[float, FloatArray], lit: float | None) -> None:
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
    for value, curve in curves.items():
        data.note("fitted_curve", "x", X, curve, weight_decay=value, seed=fitted_curve.first_seed(data))
        _ghost(panel.plot(X, curve, color=style.ACCENT.light, linewidth=1.8, zorder=3), value, lit)


def _draw_epochs(panel: Axes, data: StudyData, shown: Sequence[float], lit: float | None) -> None:
    lines = data.along_epochs(data.base, shown, [metric for metric, *_ in SERIES], points=EPOCHS)
    epoch_axis(panel, data.base.training.epochs)
    panel.set_xlabel(labels.EPOCH, labelpad=3)
    log_axis(panel, loss_curves.limits_of(lines))
    bottom = panel.get_ylim()[0]
    for value in shown:
        for metric, _, colour, linestyle in SERIES:
            line = lines[value, metric]
            drawn = panel.plot(
                line.x, np.maximum(line.value, bottom / 10), color=colour.light, linestyle=linestyle, zorder=3
            )
            _ghost(drawn, value, lit, "ghost veil" if metric == "test_loss" else "ghost")


def _draw_over(
    panel: Axes,
    axis: WeightDecayAxis,
    lines: Sequence[Line],
    colours: Sequence[style.Colour],
    shown: Sequence[float],
    lit: float | None,
) -> None:
    """Means with their intervals against λ, and a mark at each λ of which one is seen."""
    axis.set_up(panel)
    if not lines:
        return
    floor = lines[-1].value[lines[-1].value > 0].min(initial=np.inf) / loss_curves.DEPTH
    log_axis(panel, log_limits([np.maximum(line.value, floor) for line in lines] + [lines[-1].high]))
    for line, colour in zip(lines, colours, strict=True):
        sweep.draw_line(panel, axis, line, colour, width=1.2)
    for value in shown:
        place = float(axis.position(np.array(value)))
        marks: list[Artist] = [panel.axvline(place, color=style.ACCENT.light, linewidth=1, zorder=1.5, clip_on=False)]
        for line, colour in zip(lines, colours, strict=True):
            # A line without length and with round ends: a dot of few bytes.
            marks += panel.plot(
                [place] * 2, [max(line.value[line.x == value][0], panel.get_ylim()[0])] * 2, color=colour.light,
                linewidth=8, clip_on=False, zorder=4,
            )  # fmt: skip
        _ghost(marks, value, lit, "mark")
