"""How the weights of one seed are spread at three λ, beside the weights it started from and the true one.

Twice: on one scale, where the start can be seen to shrink, and enlarged, where the truth can be seen.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from decaybench.analysis.prediction import initial_state
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.weights import is_zero_start, trained_state, true_weights, why_no_weights
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas
from decaybench.figures.data import StudyData

ARTICLE = 3.0  # the λ that the article's readers run beside λ = 0
BINS = 25
WIDE = 3.6  # standard deviations of the weights that a scale reaches
FEWEST = 20  # weights, of which a histogram says something


def applies(data: StudyData) -> bool:
    """Where weights start from a spread and can be computed again at two or more λ."""
    variant = data.base
    known = why_no_weights(variant) is None and not is_zero_start(variant)
    if not known or len(initial_state(variant, _seed(data))[0]) < FEWEST:
        return False
    return len(shown(data)) > 1


def draw(data: StudyData) -> Figure:
    """A row a λ: left on one scale, right enlarged."""
    variant, seed = data.base, _seed(data)
    decays = shown(data)
    start = initial_state(variant, seed)[0]
    weights = trained_state(variant, seed, decays).weights
    truth = true_weights(variant)
    same = float(truth[0]) if truth is not None and np.ptp(truth) == 0 else None
    titles = [labels.PANEL.format(weight_decay=weight_decay_label(value)) for value in decays]
    page = canvas(
        2 * len(decays),
        (56,),
        axis_names=(labels.WEIGHT, labels.SHARE_OF_WEIGHTS),
        notes=[labels.ONE_SCALE, labels.BEFORE_TRAINING, labels.SEED.format(n=seed)],
        titles=[title for row in titles for title in (row, None)],
        ends=[""],
        own_values=True,
    )
    inputs = np.arange(1, len(start) + 1)
    data.note("initial_weight", "input", inputs, start, seed=seed)
    for value, own in zip(decays, weights, strict=True):
        data.note("weight", "input", inputs, own, weight_decay=value, seed=seed)
    widest = WIDE * float(max(start.std(), weights.std(axis=1).max())) or 1.0
    for row, own in enumerate(weights):
        _draw(page.cells[2 * row][0], own, start, widest, None)
        narrow = WIDE * float(max(own.std(), abs(own.mean())))
        if same is not None:
            narrow = max(narrow, 1.25 * abs(same))
        narrow = narrow or widest  # all weights are exactly zero: nothing to enlarge
        _draw(page.cells[2 * row + 1][0], own, start, narrow, same, named=row == len(weights) - 1)
    return page.figure


def shown(data: StudyData) -> list[float]:
    """The smallest λ at which the seed stayed finite, the article's or the chosen one, and the largest."""
    runs = data.runs(data.base)
    decays = np.sort(runs.loc[runs["seed"] == _seed(data), "weight_decay"].to_numpy(np.float64))
    if not len(decays):
        return []
    inside = decays[1:-1]
    wanted = [value for value in (ARTICLE, data.chosen(data.base)) if value in inside]
    middle = [wanted[0]] if wanted else list(inside[len(inside) // 2 :][:1])
    return [float(value) for value in dict.fromkeys([decays[0], *middle, decays[-1]])]


def _seed(data: StudyData) -> int:
    return data.base.grid.seed_list()[0]


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
