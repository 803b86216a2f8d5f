"""Test and train loss against λ: test above, on its own scale, where a U can be seen; train below."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decaybench.config import Variant
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits, mark_chosen, typical
from decaybench.figures.canvas import canvas, label_ends, say_all_diverged
from decaybench.figures.data import Line, StudyData

SERIES = (("test_loss", labels.TEST, style.TEST, "-"), ("train_loss", labels.TRAIN, style.TRAIN, style.DASHED))
HEADROOM = 1.16  # of a logarithmic axis, for the name of the chosen λ


def applies(data: StudyData) -> bool:
    """Every study has losses."""
    return True


def draw(data: StudyData) -> Figure:
    """One cell a variant."""
    variants = sweep.shown_variants(data)
    lines = {(v.name, s[0]): data.along_weight_decay(v, s[0]) for v in variants for s in SERIES}
    dots = sweep.Dots.of(data, variants, len(SERIES))
    shared = sweep.comparable(variants)
    page = canvas(
        len(variants),
        (140, 74) if len(variants) == 1 else (88, 50),
        axis_names=(labels.WEIGHT_DECAY, sweep.loss_name(variants)),
        notes=sweep.notes_of(data, variants, list(lines.values()), dots),
        titles=sweep.titles_of(variants),
        ends=[name for _, name, *_ in SERIES],
        own_values=not shared,
    )
    alive = [index for index, variant in enumerate(variants) if len(lines[variant.name, "test_loss"].x)]
    named = next((index for index in alive if page.in_last_column(index)), alive[0] if alive else None)
    for index, (variant, panels) in enumerate(zip(variants, page.cells, strict=True)):
        axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
        limited = variants if shared else [variant]
        for panel, (metric, name, colour, linestyle) in zip(panels, SERIES, strict=True):
            axis.set_up(panel)
            if index not in alive:
                say_all_diverged(panel)
                continue
            log_axis(panel, _limits(data, limited, lines, metric))
            if shared and index % page.columns:
                panel.tick_params(labelleft=False)
            line = lines[variant.name, metric]
            dots.draw(panel, axis, data.runs(variant), metric, colour)
            sweep.draw_line(panel, axis, line, colour, linestyle)
            _mark_choice(data, variant, axis, panel, named=index == alive[0] and metric == "test_loss")
            if index == named:
                label_ends(panel, [(line.value[-1], name, colour)], inside=not page.in_last_column(index))
    return page.figure


def _limits(
    data: StudyData, variants: list[Variant], lines: dict[tuple[str, str], Line], metric: str
) -> tuple[float, float]:
    """Around means, intervals and nearly all dots."""
    shown = []
    for variant in variants:
        line = lines[variant.name, metric]
        shown += [line.value, line.high, np.maximum(line.low, 0.3 * line.value)]
        shown.append(typical(data.runs(variant)[metric].to_numpy(np.float64)))
    low, high = log_limits(shown)
    return low, (low * (high / low) ** HEADROOM if metric == "test_loss" else high)


def _mark_choice(data: StudyData, variant: Variant, axis: WeightDecayAxis, panel: Axes, named: bool) -> None:
    chosen = data.chosen(variant)
    if chosen is not None and len(variant.grid.weight_decay) > 1:
        mark_chosen(panel, float(axis.position(np.array(chosen))), named)
