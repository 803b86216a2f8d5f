"""What the test loss is made of after finite training: ridge, the start not yet forgotten, the slow bias.

Above each term on a logarithmic axis, since they differ by decades, with the measured losses on their sum;
below the same terms stacked, as shares of the sum.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from decaybench.analysis.results import FloatArray, Line, StudyResults
from decaybench.config import Linear
from decaybench.figures import labels, overlay, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits, share_axis
from decaybench.figures.canvas import canvas, label_ends, label_exit, name_panel
from decaybench.figures.drawn import Drawn

TERMS = (
    ("theory_ridge", labels.RIDGE, style.ROW_SPACE),
    ("theory_slow_bias", labels.BIAS, style.ACCENT),
    ("theory_forgotten_start", labels.START, style.NULL_SPACE),
)
HEIGHTS = (160.0, 84.0)
DEPTH = 20.0  # the axis ends this factor below the lowest sum: a forgotten start is soon less than rounding
OPACITY = 0.55  # of the stack


def applies(results: StudyResults) -> bool:
    """Where the base starts from random weights, and theory knows the terms."""
    model = results.base.model
    needed = [*(metric for metric, *_ in TERMS), "theory_test_loss", "test_loss"]
    known = all(len(results.base.along_weight_decay(metric).x) for metric in needed)
    return isinstance(model, Linear) and model.init_std > 0 and known


def draw(results: StudyResults) -> Drawn:
    """One cell: the base."""
    variant, terms = results.base, _terms(results)
    total, measured = (variant.along_weight_decay(m) for m in ("theory_test_loss", "test_loss"))
    notes = sweep.dots_notes(measured, variant.counts("test_loss"))
    page = canvas(
        1,
        HEIGHTS,
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[*notes, labels.LINES_THEORY, labels.TERMS],
        titles=[None],
        ends=[labels.TEST, labels.SUM, *(name for _, name, _ in TERMS)],
    )
    upper, lower = page.cells[0]
    axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
    for panel, name in ((upper, sweep.loss_name([variant])), (lower, labels.SHARE)):
        axis.set_up(panel)
        name_panel(page.figure, panel, name)
    floor = np.array([float(total.value.min()) / DEPTH])
    log_axis(upper, log_limits([floor, terms[TERMS[0][0]].value, total.value, measured.value, measured.high]))
    for metric, _, colour in TERMS:
        overlay.draw_theory(upper, axis, terms[metric], colour=colour, width=1.6)
    overlay.draw_theory(upper, axis, total)
    sweep.draw_line(upper, axis, measured, style.TEST, "")
    _name(upper, axis, terms, total, measured)
    share_axis(lower, (0.0, 1.0))
    _stack(lower, axis, terms)
    return Drawn(page.figure, [*terms.values(), total, measured])


def _terms(results: StudyResults) -> dict[str, Line]:
    return {metric: results.base.along_weight_decay(metric) for metric, *_ in TERMS}


def _name(panel: Axes, axis: WeightDecayAxis, terms: dict[str, Line], total: Line, measured: Line) -> None:
    """At the right ends, or where a term leaves the panel."""
    bottom = panel.get_ylim()[0]
    ends = [(measured.value[-1], labels.TEST, style.TEST), (total.value[-1], labels.SUM, style.INK)]
    for metric, name, colour in TERMS:
        line = terms[metric]
        if line.value[-1] >= bottom:
            ends.append((line.value[-1], name, colour))
        elif (line.value >= bottom).any():
            label_exit(panel, _exit(axis, line, bottom), name, colour, on_right=name != labels.START)
    label_ends(panel, ends)


def _exit(axis: WeightDecayAxis, line: Line, bottom: float) -> float:
    """Where a falling line crosses the lower edge of its panel."""
    after = int(np.flatnonzero(line.value >= bottom)[-1]) + 1
    x = axis.position(line.x[after - 1 : after + 1])
    y = np.log10(np.maximum(line.value[after - 1 : after + 1], bottom / 10))
    return float(np.interp(np.log10(bottom), y[::-1], x[::-1]))


def _stack(panel: Axes, axis: WeightDecayAxis, terms: dict[str, Line]) -> None:
    """Areas over positive λ; at λ = 0, or where there is one λ alone, a bar."""
    x = terms[TERMS[0][0]].x
    shares = np.array([np.maximum(terms[metric].value, 0.0) for metric, *_ in TERMS])
    edges = np.vstack([np.zeros(len(x)), np.cumsum(shares, axis=0)]) / shares.sum(axis=0)
    places, positive = axis.position(x), x > 0
    joined = int(positive.sum()) > 1
    alone = ~positive if joined else np.ones_like(positive)
    for index, (_, _, colour) in enumerate(TERMS):
        low, high = edges[index], edges[index + 1]
        if joined:
            panel.fill_between(
                places[positive], low[positive], high[positive], color=colour.light, alpha=OPACITY, linewidth=0
            )
        _bars(panel, places[alone], low[alone], high[alone], 0.4 * min(axis.step, 0.5), colour)


def _bars(panel: Axes, x: FloatArray, low: FloatArray, high: FloatArray, width: float, colour: style.Colour) -> None:
    for place, bottom, top in zip(x, low, high, strict=True):
        if top > bottom:
            ends = [place - width / 2, place + width / 2]
            panel.fill_between(ends, bottom, top, color=colour.light, alpha=OPACITY, linewidth=0)
