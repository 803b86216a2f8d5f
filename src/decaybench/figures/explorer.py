"""What the reader moves through: every measured λ as a ghost, one of them lit, with its place on the curves over λ.

The page's slider lights another λ. Nothing is drawn between measured values, and without the script the chosen λ
stays lit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults, VariantResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import fitted_curve, labels, loss_curves, style, svg, sweep
from decaybench.figures.axes import WeightDecayAxis, epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import Canvas, canvas, label_ends
from decaybench.figures.drawn import Drawn

SERIES = loss_curves.SERIES


def applies(results: StudyResults) -> bool:
    """Where there is more than one λ to move between."""
    return len(stops(results)) > 1


def stops(results: StudyResults) -> list[float]:
    """The λ that the slider stops at, ascending."""
    tests = results.series_of("explorer", "test_loss")
    return sorted({float(value) for value in tests["weight_decay"]})


def draw(results: StudyResults) -> Drawn:
    """Losses over epochs, loss and norm against λ; of polynomials also the fitted curve."""
    variant, shown = results.base, stops(results)
    lit = variant.chosen_weight_decay
    own = results.series_of("explorer")
    curves = fitted_curve.curves_of(own)
    past = loss_curves.lines_of(own[own["axis"] == "epoch"])
    losses = [variant.along_weight_decay(metric) for metric, *_ in SERIES]
    page = canvas(
        4,
        (104,),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=_notes(results, losses, bool(curves)),
        titles=[labels.FITTED if curves else None, labels.LOSS_OVER, labels.LOSS_EPOCHS, labels.NORM],
        ends=[labels.TRAIN],
        own_values=True,
    )
    (fitted,), (over,), (epochs,), (norm,) = page.cells
    over.set_gid(svg.VEIL)
    if curves:
        _draw_fitted(fitted, own, curves, lit)
    else:
        _stretch(page, epochs, fitted)
    _draw_epochs(epochs, variant, past, shown, lit)
    axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
    _draw_over(over, axis, losses, [colour for _, _, colour, _ in SERIES], shown, lit)
    ends = [(line.value[-1], name, colour) for line, (_, name, colour, _) in zip(losses, SERIES, strict=True)]
    label_ends(over, ends)
    lengths = variant.along_weight_decay("weight_norm")
    _draw_over(norm, axis, [lengths] if len(lengths.x) else [], [style.INK], shown, lit)
    return Drawn(page.figure, [own, *losses, lengths])


def _notes(results: StudyResults, losses: Sequence[Line], fitted: bool) -> list[str]:
    notes = [labels.TRAIN_TEST, labels.LIT, *sweep.means_notes(losses, results.base.counts())]
    if fitted:
        notes.append(labels.SEED_ROWS.format(n=results.base.first_seed))
    return [*notes, *sweep.diverged_notes([results.base])]


def _stretch(page: Canvas, panel: Axes, above: Axes) -> None:
    """Let a panel take the place of the one above it, too."""
    low, high = panel.get_position(), above.get_position()
    panel.set_position((low.x0, low.y0, low.width, high.y1 - low.y0))
    page.figure.delaxes(above)


def _ghost(artists: Sequence[Artist], weight_decay: float, lit: float | None, role: str = "ghost") -> None:
    for artist in artists:
        artist.set_gid(svg.moving(role, weight_decay_label(weight_decay), weight_decay == lit))


def _draw_fitted(panel: Axes, series: pd.DataFrame, curves: dict[float, Line], lit: float | None) -> None:
    fitted_curve.draw_data(panel, series, width=1.0, size=4)
    for value, curve in curves.items():
        drawn = panel.plot(curve.x, curve.value, color=style.ACCENT.light, linewidth=1.8, zorder=3)
        _ghost(drawn, value, lit)


def _draw_epochs(
    panel: Axes, variant: VariantResults, lines: loss_curves.Lines, shown: Sequence[float], lit: float | None
) -> None:
    epoch_axis(panel, variant.training.epochs)
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
