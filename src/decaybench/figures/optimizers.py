"""Norm and test loss against λ, an optimizer a line: L2 in the gradient is not always decay."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from decaybench.config.models import Variant
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, name_panel
from decaybench.figures.data import Line, StudyData

SERIES = {
    "sgd": (labels.SGD, style.TRAIN),
    "adam": (labels.ADAM, style.TEST),
    "adamw": (labels.ADAMW, style.ACCENT),
}
METRICS = ("weight_norm", "test_loss")


def applies(data: StudyData) -> bool:
    """Where variants differ from the base in the optimizer alone, and two or more have something to show."""
    known = [v for v in _variants(data).values() if all(len(data.along_weight_decay(v, m).x) for m in METRICS)]
    return len(known) > 1


def draw(data: StudyData) -> Figure:
    """One cell: the norm above, the loss below."""
    variants = _variants(data)
    lines = {(name, m): data.along_weight_decay(v, m) for name, v in variants.items() for m in METRICS}
    page = canvas(
        1,
        (140, 120),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[
            *sweep.means_notes(list(lines.values()), [n for v in variants.values() for n in data.seeds(v)]),
            *sweep.diverged_notes(data, list(variants.values())),
        ],
        titles=[None],
        ends=[SERIES[name][0] for name in variants],
    )
    axis = WeightDecayAxis(tuple({w for variant in variants.values() for w in variant.grid.weight_decay}))
    y_names = (labels.NORM, sweep.loss_name(list(variants.values())))
    for panel, metric, y_name in zip(page.cells[0], METRICS, y_names, strict=True):
        axis.set_up(panel)
        name_panel(page.figure, panel, y_name)
        own = {name: lines[name, metric] for name in variants if len(lines[name, metric].x)}
        log_axis(panel, _limits(list(own.values())))
        for name, line in own.items():
            sweep.draw_line(panel, axis, line, SERIES[name][1])
        label_ends(panel, [(line.value[-1], *SERIES[name]) for name, line in own.items()])
    return page.figure


def _variants(data: StudyData) -> dict[str, Variant]:
    """The base and what is like it but for the optimizer, by optimizer."""
    found: dict[str, Variant] = {}
    for variant in data.variants:
        training = variant.training.model_copy(update={"optimizer": data.base.training.optimizer})
        alike = variant.model_copy(update={"training": training, "name": data.base.name, "grid": data.base.grid})
        if alike == data.base:
            found.setdefault(variant.training.optimizer, variant)
    return {name: found[name] for name in SERIES if name in found}


def _limits(lines: list[Line]) -> tuple[float, float]:
    return log_limits([part for line in lines for part in (line.value, line.high, np.fmax(line.low, line.value / 3))])
