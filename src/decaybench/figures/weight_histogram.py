"""How the weights of one seed are spread at three λ, beside the weights it started from and the true one.

Twice: on one scale, where the start can be seen to shrink, and enlarged, where the truth can be seen.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from decaybench.analysis.results import FloatArray, StudyResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas
from decaybench.figures.drawn import Drawn

BINS = 25
WIDE = 3.6  # standard deviations of the weights that a scale reaches


def applies(results: StudyResults) -> bool:
    """Where weights start from a spread and can be computed again at two or more λ."""
    return len(results.series_of("weight_histogram")) > 0


def draw(results: StudyResults) -> Drawn:
    """A row a λ: left on one scale, right enlarged."""
    series = results.series_of("weight_histogram")
    after = series[series["series"] == "weight"]
    decays = [float(value) for value in after["weight_decay"].unique()]
    weights = after["value"].to_numpy(np.float64).reshape(len(decays), -1)  # [L, p]
    start, truth = (
        series.loc[series["series"] == name, "value"].to_numpy(np.float64)
        for name in ("initial_weight", "true_weight")
    )
    same = float(truth[0]) if len(truth) else None
    titles = [labels.PANEL.format(weight_decay=weight_decay_label(value)) for value in decays]
    page = canvas(
        2 * len(decays),
        (56,),
        axis_names=(labels.WEIGHT, labels.SHARE_OF_WEIGHTS),
        notes=[labels.ONE_SCALE, labels.BEFORE_TRAINING, labels.SEED.format(n=results.base.first_seed)],
        titles=[title for row in titles for title in (row, None)],
        ends=[""],
        own_values=True,
    )
    widest = WIDE * float(max(start.std(), weights.std(axis=1).max())) or 1.0
    for row, own in enumerate(weights):
        _draw(page.cells[2 * row][0], own, start, widest, None)
        narrow = WIDE * float(max(own.std(), abs(own.mean())))
        if same is not None:
            narrow = max(narrow, 1.25 * abs(same))
        narrow = narrow or widest  # all weights are exactly zero: nothing to enlarge
        _draw(page.cells[2 * row + 1][0], own, start, narrow, same, named=row == len(weights) - 1)
    return Drawn(page.figure, [series])


def _draw(
    panel: Axes, weights: FloatArray, start: FloatArray, reach: float, truth: float | None, named: bool = False
) -> None:
    """Shares of the weights in bins of equal width; what lies beyond `reach` is left out."""
    edges = np.linspace(-reach, reach, BINS + 1)
    shares = np.histogram(weights, edges)[0] / len(weights)
    before = np.histogram(start, edges)[0] / len(start)
    panel.set_xlim(-reach, reach)
    linear_axis(panel, (0.0, 1.18 * float(shares.max()) or 1.0))
    panel.stairs(shares, edges, fill=True, color=style.TRAIN.light, alpha=0.45, linewidth=0)
    panel.stairs(shares, edges, color=style.TRAIN.light, linewidth=1.1)
    if reach > 2 * start.std():  # else only the middle of it would be seen
        panel.stairs(before, edges, color=style.INK.light, linewidth=0.9, linestyle=style.DASHED, baseline=None)
    tick = float(f"{reach * 0.6:.0e}")
    panel.xaxis.set_major_locator(FixedLocator([-tick, 0, tick]))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.6g}".replace("-", "−")))
    if truth is None:
        return
    panel.axvline(truth, color=style.TEST.light, linewidth=1.2, linestyle=style.DOTTED, zorder=4)
    if named:
        on_left = truth > 0
        panel.annotate(
            labels.TRUE_WEIGHT, (truth, 1), xycoords=panel.get_xaxis_transform(), xytext=(-4 if on_left else 4, -1),
            textcoords="offset points", ha="right" if on_left else "left", va="top", color=style.TEST.light,
            fontsize=style.NOTE,
        )  # fmt: skip
