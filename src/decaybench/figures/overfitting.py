"""What overfitting looks like: train and test loss over the epochs without decay, where the test loss rises most."""

from __future__ import annotations

import numpy as np

from decaybench.analysis.results import Line, StudyResults
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, label_exit
from decaybench.figures.drawn import Drawn
from decaybench.figures.loss_curves import SERIES, lines_of

BELOW_TEST = 100.0  # the axis ends this factor below the lowest test loss


def applies(results: StudyResults) -> bool:
    """Where some variant has test losses without decay that can be drawn over the epochs."""
    return len(results.series_of("overfitting")) > 0


def draw(results: StudyResults) -> Drawn:
    """One panel: the variant whose mean test loss rises most after its lowest value."""
    own = results.series_of("overfitting")
    variant = next(each for each in results.variants if each.name == own["variant"].iloc[0])
    lines = lines_of(own)
    train, test = (lines[0.0, metric] for metric, *_ in SERIES)
    page = canvas(
        1,
        (210,),
        axis_names=(labels.EPOCH, sweep.loss_name([variant])),
        notes=sweep.means_notes([train, test], [int(own["n"].iloc[0])]),
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
    shown: list[Line] = [train, test]
    reference = variant.value("baseline/mean_predictor")
    if reference is not None and bottom < reference < top:
        panel.axhline(reference, color=style.MUTED.light, linewidth=1, linestyle=style.DOTTED, zorder=1.5)
        ends.append((reference, labels.MEAN_PREDICTOR, style.MUTED))
    panel.plot(test.x[lowest], test.value[lowest], "o", color=style.TEST.light, markersize=6, zorder=4)
    label_ends(panel, ends)
    return Drawn(page.figure, shown)
