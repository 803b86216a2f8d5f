"""Loss against epoch at up to four λ: what overfitting is, and what decay makes of it."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decaybench.cells.grid import weight_decay_label
from decaybench.config import Variant
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, label_exit, panel_height, say_all_diverged
from decaybench.figures.data import Line, StudyData

SERIES = (("train_loss", labels.TRAIN, style.TRAIN, style.DASHED), ("test_loss", labels.TEST, style.TEST, "-"))
DEPTH = 20.0  # the axis ends this factor below the lowest test loss: train loss may fall by ten decades more

Lines = dict[tuple[float, str], Line]


def applies(data: StudyData) -> bool:
    """Every study has a history."""
    return True


def draw(data: StudyData) -> Figure:
    """One panel a λ of the base study."""
    variant = data.base
    chosen = data.chosen(variant)
    grid = telling(sorted(variant.grid.weight_decay), chosen)
    lines = data.along_epochs(variant, grid, [metric for metric, *_ in SERIES])
    page = canvas(
        len(grid),
        (190,) if len(grid) == 1 else (112,),
        axis_names=(labels.EPOCH, sweep.loss_name([variant])),
        notes=_notes(data, variant, grid, lines),
        titles=[_title(value, chosen if len(grid) > 1 else None) for value in grid],
        ends=[name for _, name, *_ in SERIES],
    )
    limits = limits_of(lines)
    alive = [index for index, value in enumerate(grid) if (value, "test_loss") in lines]
    named = next((index for index in alive if page.in_last_column(index)), alive[0] if alive else None)
    for index, (value, (panel,)) in enumerate(zip(grid, page.cells, strict=True)):
        epoch_axis(panel, variant.training.epochs)
        if index not in alive:
            say_all_diverged(panel)
            continue
        log_axis(panel, limits)
        if index % page.columns:
            panel.tick_params(labelleft=False)
        own = [lines[value, metric] for metric, *_ in SERIES]
        _shade_gap(panel, own[0], own[1], named=index == alive[0])
        for line, (_, _, colour, linestyle) in zip(own, SERIES, strict=True):
            _draw_line(panel, line, colour, linestyle)
        if index == named:
            _name_lines(panel, own, inside=not page.in_last_column(index))
    return page.figure


def telling(grid: list[float], chosen: float | None) -> list[float]:
    """At most four λ of an ascending grid: the smallest, a small one, the chosen one, the largest.

    A grid of four or fewer is shown whole. Where the chosen one is an end of the grid, two between its ends
    take the places.
    """
    if len(grid) <= 4:
        return grid
    positive = [value for value in grid if value > 0]
    last = len(positive) - 1
    below = [value for value in positive if chosen is not None and value < chosen]
    if chosen in (None, 0, grid[-1]) or not below:
        between = [positive[round(last / 3)], positive[round(last * 2 / 3)]]
    else:
        between = [below[(len(below) - 1) // 2]]
    known = [] if chosen is None else [chosen]
    return sorted({grid[0], *between, *known, grid[-1]})


def _title(weight_decay: float, chosen: float | None) -> str:
    template = labels.PANEL_CHOSEN if weight_decay == chosen else labels.PANEL
    return template.format(weight_decay=weight_decay_label(weight_decay))


def _notes(data: StudyData, variant: Variant, grid: list[float], lines: Lines) -> list[str]:
    runs = data.cells[(data.cells["variant"] == variant.name) & data.cells["weight_decay"].isin(grid)]
    diverged = int(runs["diverged"].sum())
    healthy = runs[~runs["diverged"]].groupby("weight_decay")["seed"].nunique()
    notes = sweep.means_notes(list(lines.values()), [int(n) for n in healthy])
    if diverged:
        notes.append(labels.DIVERGED.format(n=diverged, total=len(runs)))
    return notes


def limits_of(lines: Lines) -> tuple[float, float]:
    """Around test losses; train losses may leave the panel at the bottom."""
    test = [line for (_, metric), line in lines.items() if metric == "test_loss"]
    positive = [line.value[line.value > 0] for line in test if (line.value > 0).any()]
    if not positive:
        return log_limits([line.value for line in lines.values()])
    floor = min(values.min() for values in positive) / DEPTH
    return log_limits([np.maximum(part, floor) for line in lines.values() for part in (line.value, line.high)])


def _shade_gap(panel: Axes, train: Line, test: Line, named: bool) -> None:
    bottom = panel.get_ylim()[0]
    low = np.maximum(train.value, bottom)
    panel.fill_between(
        train.x, low, test.value, where=test.value > low, color=style.BAND.light, alpha=0.13, linewidth=0, zorder=1
    )
    middle = len(train.x) * 5 // 8
    # Between the bands, where there are any.
    edges = (np.fmax(low, train.high)[middle], np.fmin(test.value, test.low)[middle])
    to_panel = panel.transScale + panel.transLimits
    ends = [float(to_panel.transform((0, edge))[1]) for edge in edges]
    if named and (ends[1] - ends[0]) * panel_height(panel) > 2 * style.LABEL:
        panel.annotate(
            labels.GAP, (train.x[middle] / panel.get_xlim()[1], sum(ends) / 2), xycoords="axes fraction",
            ha="center", va="center", color=style.MUTED.light,
        )  # fmt: skip


def _name_lines(panel: Axes, lines: list[Line], inside: bool) -> None:
    """At the right ends, or where a line leaves the panel."""
    bottom = panel.get_ylim()[0]
    ends = []
    for line, (_, name, colour, _) in zip(lines, SERIES, strict=True):
        if line.value[-1] >= bottom:
            ends.append((line.value[-1], name, colour))
        else:
            label_exit(panel, line.x[int(np.argmax(line.value < bottom))], name, colour)
    label_ends(panel, ends, inside)


def _draw_line(panel: Axes, line: Line, colour: style.Colour, linestyle: object) -> None:
    bottom, top = panel.get_ylim()
    cut = line.within(bottom, top)
    if cut.has_band:
        panel.fill_between(
            cut.x, cut.low, cut.high, color=colour.light, alpha=style.BAND_OPACITY, linewidth=0, zorder=2
        )
    # Far below the panel is as good as the value itself: a path to 1e-15 would only be clipped.
    sns.lineplot(
        x=cut.x, y=np.maximum(cut.value, bottom / 10), ax=panel, color=colour.light, linestyle=linestyle,
        errorbar=None, estimator=None, sort=False, legend=False, zorder=3,
    )  # fmt: skip
