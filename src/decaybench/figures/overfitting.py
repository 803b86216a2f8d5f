"""What overfitting looks like: train and test loss over the epochs without decay, where the test loss rises most."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from decaybench.config import Variant
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, label_exit
from decaybench.figures.data import Line, StudyData
from decaybench.figures.loss_curves import SERIES

BELOW_TEST = 100.0  # the axis ends this factor below the lowest test loss


def applies(data: StudyData) -> bool:
    """Where some variant has test losses without decay that can be drawn over the epochs."""
    return _steepest(data) is not None


def draw(data: StudyData) -> Figure:
    """One panel: the variant whose mean test loss rises most after its lowest value."""
    found = _steepest(data)
    assert found is not None
    variant, (train, test) = found
    page = canvas(
        1,
        (210,),
        axis_names=(labels.EPOCH, sweep.loss_name([variant])),
        notes=sweep.means_notes([train, test], data.seeds(variant)),
        titles=[None],
        ends=[labels.TEST, labels.TRAIN, labels.MEAN_PREDICTOR],
    )
    ((panel,),) = page.cells
    epoch_axis(panel, variant.training.epochs)
    lowest = int(np.argmin(test.value))
    floor = test.value[lowest] / BELOW_TEST
    log_axis(panel, log_limits([np.maximum(train.value, floor), test.value, test.high]))
    bottom, top = panel.get_ylim()
    ends = []
    for line, (_, name, colour, linestyle) in zip((train, test), SERIES, strict=True):
        cut = line.within(bottom, top)
        if cut.has_band:
            panel.fill_between(
                cut.x, cut.low, cut.high, color=colour.light, alpha=style.BAND_OPACITY, linewidth=0, zorder=2
            )
        panel.plot(cut.x, np.maximum(cut.value, bottom / 10), color=colour.light, linestyle=linestyle, zorder=3)
        if line.value[-1] >= bottom:
            ends.append((float(line.value[-1]), name, colour))
        else:
            label_exit(panel, float(line.x[int(np.argmax(line.value < bottom))]), name, colour)
    reference = data.fact(variant, "baseline/mean_predictor")
    if reference is not None and bottom < reference < top:
        panel.axhline(reference, color=style.MUTED.light, linewidth=1, linestyle=style.DOTTED, zorder=1.5)
        data.note("mean_predictor", "epoch", test.x[[0, -1]], reference, variant=variant.name)
        ends.append((reference, labels.MEAN_PREDICTOR, style.MUTED))
    panel.plot(test.x[lowest], test.value[lowest], "o", color=style.TEST.light, markersize=6, zorder=4)
    label_ends(panel, ends)
    return page.figure


def _steepest(data: StudyData) -> tuple[Variant, tuple[Line, Line]] | None:
    rises = []
    for variant in data.variants:
        if 0 not in variant.grid.weight_decay:
            continue
        lines = data.along_epochs(variant, [0.0], [metric for metric, *_ in SERIES])
        train, test = (lines.get((0.0, metric)) for metric, *_ in SERIES)
        if train is None or test is None or len(test.x) < 2 or not (test.value > 0).all():
            continue
        rises.append((float(test.value[-1] / test.value.min()), variant, (train, test)))
        data.drawn()  # what was only looked at is not drawn
    if not rises:
        return None
    _, variant, lines_of = max(rises, key=lambda entry: entry[0])
    for name, line in zip(("train_loss", "test_loss"), lines_of, strict=True):
        data.note(
            name, "epoch", line.x, line.value, variant=variant.name, weight_decay=0.0, low=line.low, high=line.high
        )  # fmt: skip
    return variant, lines_of
