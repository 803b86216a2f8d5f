"""Norm and test loss against λ, an optimizer a line: L2 in the gradient is not always decay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from decaybench.analysis.results import Line, StudyResults, VariantResults, along, common_weight_decay
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, name_panel
from decaybench.figures.drawn import Drawn

SERIES = {
    "sgd": (labels.SGD, style.TRAIN),
    "adam": (labels.ADAM, style.TEST),
    "adamw": (labels.ADAMW, style.ACCENT),
}
METRICS = ("weight_norm", "test_loss")


def applies(results: StudyResults) -> bool:
    """Where variants differ from the base in the optimizer alone, and two or more have something to show."""
    variants = _variants(results)
    known = [v for v in variants.values() if all(len(_line(v, variants, m).x) for m in METRICS)]
    return len(known) > 1


def draw(results: StudyResults) -> Drawn:
    """One cell: the norm above, the loss below."""
    variants = _variants(results)
    lines = {(name, m): _line(v, variants, m) for name, v in variants.items() for m in METRICS}
    page = canvas(
        1,
        (140, 120),
        axis_names=(labels.WEIGHT_DECAY, ""),
        notes=[
            *sweep.means_notes(list(lines.values()), [n for v in variants.values() for n in v.counts()]),
            *sweep.diverged_notes(list(variants.values())),
        ],
        titles=[None],
        ends=[SERIES[name][0] for name in variants],
    )
    axis = WeightDecayAxis(tuple(common_weight_decay(list(variants.values()))))
    y_names = (labels.NORM, sweep.loss_name(list(variants.values())))
    for panel, metric, y_name in zip(page.cells[0], METRICS, y_names, strict=True):
        axis.set_up(panel)
        name_panel(page.figure, panel, y_name)
        own = {name: lines[name, metric] for name in variants if len(lines[name, metric].x)}
        log_axis(panel, _limits(list(own.values())))
        for name, line in own.items():
            sweep.draw_line(panel, axis, line, SERIES[name][1])
        label_ends(panel, [(line.value[-1], *SERIES[name]) for name, line in own.items()])
    return Drawn(page.figure, [*lines.values()])


def _variants(results: StudyResults) -> dict[str, VariantResults]:
    """By optimizer, in the order of SERIES."""
    found = results.by_optimizer()
    return {name: found[name] for name in SERIES if name in found}


def _line(variant: VariantResults, variants: Mapping[str, VariantResults], metric: str) -> Line:
    """A metric at the λ that all optimizers have."""
    common = common_weight_decay(list(variants.values()))
    return along([(decay, variant, decay) for decay in common], metric)


def _limits(lines: list[Line]) -> tuple[float, float]:
    return log_limits([part for line in lines for part in (line.value, line.high, np.fmax(line.low, line.value / 3))])
