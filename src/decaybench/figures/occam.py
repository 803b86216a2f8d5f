"""Occam's razor on one λ axis: how many parameters count, what the evidence trades off, what testing says.

The evidence has a panel of its own below its two terms: beside them its peak could not be seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults, VariantResults
from decaybench.figures import labels, overlay, style, sweep
from decaybench.figures.axes import WeightDecayAxis, linear_axis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, name_panel
from decaybench.figures.drawn import Drawn

TERMS = (
    ("evidence_fit", labels.FIT, style.ROW_SPACE),
    ("evidence_flexibility", labels.FLEXIBILITY, style.NULL_SPACE),
)
EVIDENCE = (("log_evidence", labels.EVIDENCE, style.ACCENT),)
METRICS = ("effective_dof", "ridge_test_loss", "test_loss", *(metric for metric, *_ in (*TERMS, *EVIDENCE)))
HEIGHTS = (72.0, 84.0, 84.0, 100.0)
HEADROOM = 0.2  # of the height of a panel, for the name of its optimum
CEILING = 5.0  # times the highest trained loss: where ridge explodes, it leaves the panel


def applies(results: StudyResults) -> bool:
    """Where the evidence is known at more than one λ."""
    return _variant(results) is not None


def draw(results: StudyResults) -> Drawn:
    """One cell: the base, or the first variant that has an evidence."""
    variant = _variant(results)
    assert variant is not None
    lines = {metric: variant.along_weight_decay(metric) for metric in METRICS}
    page = canvas(
        1,
        HEIGHTS,
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[
            *sweep.means_notes(list(lines.values()), [*variant.counts(), *variant.counts("log_evidence")]),
            labels.DIFFERENCE,
        ],
        titles=[None if variant is results.base else variant.name],
        ends=[labels.FLEXIBILITY, labels.EVIDENCE, labels.RIDGE, labels.TEST],
    )
    panels = page.cells[0]
    axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
    for panel, name in zip(panels, (labels.EFFECTIVE_DOF, labels.NATS, labels.NATS, labels.LOSS), strict=True):
        axis.set_up(panel)
        name_panel(page.figure, panel, name)
    _draw_dof(panels[0], axis, lines["effective_dof"])
    _draw_nats(panels[1], axis, lines, TERMS, 0.06)
    _draw_nats(panels[2], axis, lines, EVIDENCE, HEADROOM)
    _draw_losses(panels[3], axis, lines)
    best = lines["test_loss"]
    lowest = float(best.x[int(np.argmin(best.value))])
    _mark(panels, 2, axis, variant.value("evidence/optimum"), labels.HIGHEST, style.ACCENT)
    _mark(panels, 3, axis, lowest, labels.LOWEST, style.TEST)
    return Drawn(page.figure, [*lines.values()])


def _variant(results: StudyResults) -> VariantResults | None:
    for variant in results.variants:
        if all(len(variant.along_weight_decay(metric).x) > 1 for metric in METRICS):
            return variant
    return None


def _draw_dof(panel: Axes, axis: WeightDecayAxis, line: Line) -> None:
    linear_axis(panel, (0.0, 1.08 * float(line.value.max())))
    sweep.draw_line(panel, axis, line, style.INK)


def _draw_nats(
    panel: Axes, axis: WeightDecayAxis, lines: dict[str, Line], series: Sequence[tuple[str, str, style.Colour]],
    headroom: float,
) -> None:  # fmt: skip
    """The evidence, or the two terms that it is the difference of."""
    shown = [lines[metric] for metric, *_ in series]
    values = np.concatenate([part for line in shown for part in (line.value, line.low, line.high)])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = high - low or 1.0
    linear_axis(panel, (low - 0.06 * span, high + headroom * span))
    for metric, _, colour in series:
        sweep.draw_line(panel, axis, lines[metric], colour)
    label_ends(panel, [(lines[metric].value[-1], name, colour) for metric, name, colour in series])


def _draw_losses(panel: Axes, axis: WeightDecayAxis, lines: dict[str, Line]) -> None:
    """What was trained, and the ridge that the evidence speaks of."""
    trained, ridge = lines["test_loss"], lines["ridge_test_loss"]
    ceiling = CEILING * float(trained.value.max())
    shown = [trained.value, trained.high, np.maximum(trained.low, 0.3 * trained.value)]
    low, high = log_limits([*shown, ridge.value[ridge.value < ceiling]])
    log_axis(panel, (low, high * (high / low) ** HEADROOM))
    overlay.draw_theory(panel, axis, ridge, style.DASHED)
    sweep.draw_line(panel, axis, trained, style.TEST)
    label_ends(panel, [(trained.value[-1], labels.TEST, style.TEST), (ridge.value[-1], labels.RIDGE, style.INK)])


def _mark(
    panels: list[Axes], own: int, axis: WeightDecayAxis, weight_decay: float | None, name: str, colour: style.Colour
) -> None:
    """A vertical line through all panels, named in its own; only the name, with an arrow, beyond the axis."""
    if weight_decay is None:
        return
    left, right = panels[own].get_xlim()
    x = float(axis.position(np.array(weight_decay)))
    if left <= x <= right:
        for panel in panels:
            panel.axvline(x, color=colour.light, linewidth=1.0, linestyle=style.DOTTED, zorder=1.5)
    else:
        name = labels.HIGHEST_LEFT if x < left else labels.HIGHEST_RIGHT
        x = left if x < left else right
    on_left = (x - left) / (right - left) > 0.5
    panels[own].annotate(
        name, (x, 1), xycoords=panels[own].get_xaxis_transform(), xytext=(-4 if on_left else 4, 1),
        textcoords="offset points", ha="right" if on_left else "left", va="top", color=colour.light,
    )  # fmt: skip
