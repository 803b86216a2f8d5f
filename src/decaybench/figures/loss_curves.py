"""Loss against epoch at up to four λ: what overfitting is, and what decay makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults, VariantResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import epoch_axis, log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, label_exit, panel_height, say_all_diverged
from decaybench.figures.drawn import Drawn

SERIES = (("train_loss", labels.TRAIN, style.TRAIN, style.DASHED), ("test_loss", labels.TEST, style.TEST, "-"))
DEPTH = 20.0  # the axis ends this factor below the lowest test loss: train loss may fall by ten decades more

Lines = dict[tuple[float, str], Line]


def applies(results: StudyResults) -> bool:
    """Every study has a history."""
    return True


def draw(results: StudyResults) -> Drawn:
    """One panel a λ of the base study."""
    variant = results.base
    chosen = variant.chosen_weight_decay
    grid = variant.telling_weight_decay
    lines = lines_of(results.series_of("loss_curves"))
    page = canvas(
        len(grid),
        (190,) if len(grid) == 1 else (112,),
        axis_names=(labels.EPOCH, sweep.loss_name([variant])),
        notes=_notes(variant, grid, lines),
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
    return Drawn(page.figure, [*lines.values()])


def lines_of(series: pd.DataFrame) -> Lines:
    """Losses over epochs by λ and metric."""
    parts = series.groupby(["weight_decay", "series"], sort=False)
    return {key: Line.of(own) for key, own in parts}  # type: ignore[misc]


def _title(weight_decay: float, chosen: float | None) -> str:
    template = labels.PANEL_CHOSEN if weight_decay == chosen else labels.PANEL
    return template.format(weight_decay=weight_decay_label(weight_decay))


def _notes(variant: VariantResults, grid: list[float], lines: Lines) -> list[str]:
    runs = variant.cells[variant.cells["weight_decay"].isin(grid)]
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
