"""What the models of one seed look like: their curves at three λ, the rows they saw, the cubic behind them.

The tables hold no weights: those after the last step are computed by the exact law from the seed's own data.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.statistics import FloatArray
from decaybench.analysis.weights import trained_state, why_no_weights
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Polynomial, Variant
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, label_ends
from decaybench.figures.data import StudyData
from decaybench.tasks import generate
from decaybench.tasks.polynomial import features, true_curve

COLOURS = (style.TEST, style.ACCENT, style.TRAIN)
X = np.linspace(-1.0, 1.0, 161)


def applies(data: StudyData) -> bool:
    """Polynomials, trained on all rows at once."""
    variant = data.base
    return has_law(variant) and bool(len(_curves(data)))


def has_law(variant: Variant) -> bool:
    """Whether the weights of a fitted polynomial are known exactly without training."""
    return isinstance(variant.task, Polynomial) and why_no_weights(variant) is None and is_full_batch(variant)


def draw(data: StudyData) -> Figure:
    """One panel: the base."""
    task, curves, chosen = data.base.task, _curves(data), data.chosen(data.base)
    assert isinstance(task, Polynomial)
    inputs, targets = generate(task, first_seed(data)).train
    names = {value: _name(value, chosen if len(curves) > 1 else None) for value in curves}
    page = canvas(
        1,
        (200,),
        axis_names=(labels.X, labels.Y),
        notes=[labels.SEED_ROWS.format(n=first_seed(data)), labels.EXACT],
        titles=[None],
        ends=[*names.values(), labels.TRUTH],
    )
    (panel,) = page.cells[0]
    truth = true_curve(X)
    set_up(panel, np.concatenate([targets, truth]))
    data.note("true_curve", "x", X, truth)
    data.note("training_rows", "x", inputs[:, 0] / np.sqrt(3), targets, seed=first_seed(data))
    panel.plot(X, truth, color=style.INK.light, linewidth=1.1, linestyle=style.DASHED, zorder=2)
    panel.plot(
        inputs[:, 0] / np.sqrt(3), targets, "o", color=style.BAND.light, markersize=4.5, markeredgewidth=0, zorder=2.5
    )
    ends = [(float(truth[-1]), labels.TRUTH, style.INK)]
    for colour, (value, curve) in zip(COLOURS, curves.items(), strict=False):
        data.note("fitted_curve", "x", X, curve, variant=data.base.name, weight_decay=value, seed=first_seed(data))
        panel.plot(X, curve, color=colour.light, linewidth=1.6, zorder=3)
        ends.append((float(curve[-1]), names[value], colour))
    label_ends(panel, ends)
    return page.figure


def _name(weight_decay: float, chosen: float | None) -> str:
    template = labels.PANEL_CHOSEN if weight_decay == chosen else labels.PANEL
    return template.format(weight_decay=weight_decay_label(weight_decay))


def first_seed(data: StudyData) -> int:
    return data.base.grid.seed_list()[0]


def _curves(data: StudyData) -> dict[float, FloatArray]:
    """At the smallest, the chosen and the largest λ, of those at which the seed did not diverge."""
    variant, seed = data.base, first_seed(data)
    runs = data.runs(variant)
    decays = np.sort(runs.loc[runs["seed"] == seed, "weight_decay"].to_numpy(np.float64))
    if not len(decays):
        return {}
    chosen = data.chosen(variant)
    middle = chosen if chosen in decays[1:-1] else decays[len(decays) // 2]
    return curves_at(data, np.unique([decays[0], middle, decays[-1]]), X)


def curves_at(data: StudyData, weight_decay: FloatArray, x: FloatArray) -> dict[float, FloatArray]:
    """The first seed's fitted curve at each λ, over `x` [points]; without λ at which it is not finite."""
    task = data.base.task
    assert isinstance(task, Polynomial)
    state = trained_state(data.base, first_seed(data), weight_decay)
    curves = state.weights @ features(x, task.degree).T + np.asarray(state.bias)[:, None]
    return {
        float(value): curve for value, curve in zip(weight_decay, curves, strict=True) if np.isfinite(curve).all()
    }


def set_up(panel: Axes, values: FloatArray) -> None:
    """Around rows and truth; a curve may leave the panel."""
    low, high = float(values.min()), float(values.max())
    linear_axis(panel, (low - 0.15 * (high - low), high + 0.15 * (high - low)))
    panel.set_xlim(-1.03, 1.03)
    panel.xaxis.set_major_locator(FixedLocator([-1, 0, 1]))
