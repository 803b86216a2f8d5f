"""Test loss against the number of training rows, where variants differ in it: what more data cure, and n = p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from decaybench.analysis import contrasts
from decaybench.analysis.contrasts import near_threshold
from decaybench.analysis.statistics import FloatArray
from decaybench.cells.grid import weight_decay_label
from decaybench.config import GaussianLinear, Linear, Variant
from decaybench.figures import labels, overlay, style, sweep
from decaybench.figures.axes import log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, say_all_diverged, seeds_note, text_width
from decaybench.figures.data import Line, StudyData
from decaybench.theory.ridge import ridgeless_risk

FEWEST = 3  # numbers of rows that make a curve
BEYOND = 1.3  # the factor by which the axis may grow for n = p
LINES = 4
COLOURS = (style.TEST, style.ACCENT, style.ROW_SPACE, style.TRAIN)

Group = list[Variant]  # alike but for n_train, ascending in it


def applies(data: StudyData) -> bool:
    """Where at least three variants differ in n_train alone."""
    return bool(_groups(data))


def draw(data: StudyData) -> Figure:
    """One cell a group of variants that are alike but for n_train."""
    groups = _groups(data)
    metric = "test_loss_median" if _wants_medians(data, groups) else "test_loss"
    drawn = [_lines(data, group, metric) for group in groups]
    laws = [_laws(data, group, metric) for group in groups]
    names = list(dict.fromkeys(name for lines in drawn for name in lines))
    theory = any(laws)
    shared = contrasts.same_loss(*(group[0] for group in groups))
    page = canvas(
        len(groups),
        (190,) if len(groups) == 1 else (150,),
        axis_names=(labels.ROWS, sweep.loss_name([group[0] for group in groups])),
        notes=_notes(data, groups, drawn, metric, only_dots=all(laws)),
        titles=sweep.titles_of([min(group, key=data.variants.index) for group in groups]),
        ends=[*names, *([labels.THEORY] if theory else [])] or [labels.TEST],
        own_values=not shared,
    )
    alive = [index for index, lines in enumerate(drawn) if lines]
    named = next((index for index in alive if page.in_last_column(index)), alive[0] if alive else None)
    for index, (group, (panel,)) in enumerate(zip(groups, page.cells, strict=True)):
        axis = RowsAxis(tuple(variant.task.n_train for variant in group), _n_features(group[0]))
        axis.set_up(panel)
        if index not in alive:
            say_all_diverged(panel)
            continue
        log_axis(panel, _limits(drawn if shared else [drawn[index]]))
        if shared and index % page.columns:
            panel.tick_params(labelleft=False)
        axis.mark_threshold(panel, named=index == alive[0])
        if _reaches_ridgeless(group):
            _draw_ridgeless(data, panel, axis, group[0])
        for line in laws[index]:
            overlay.draw_theory(panel, axis, line)
        ends = []
        for colour, (name, line) in zip(COLOURS, drawn[index].items(), strict=False):
            sweep.draw_line(panel, axis, line, colour, "" if laws[index] else "-")
            ends.append((line.value[-1], name, colour))
        if index == named:
            ends += [(line.value[-1], labels.THEORY, style.INK) for line in laws[index][:1]]
            label_ends(panel, ends, inside=not page.in_last_column(index))
    return page.figure


def _groups(data: StudyData) -> list[Group]:
    """Variants on the base's seeds that are alike but for n_train and the grid, where there are enough of them."""
    paired = [variant for variant in data.variants if contrasts.same_seeds(variant, data.base)]
    groups = [family for family in contrasts.families(paired, contrasts.ROWS) if len(family) >= FEWEST]
    return groups[: style.MAX_PANELS]


def _limits(drawn: Sequence[dict[str, Line]]) -> tuple[float, float]:
    return log_limits([part for lines in drawn for line in lines.values() for part in (line.value, line.high)])


def _n_features(variant: Variant) -> int | None:
    return variant.task.n_features if isinstance(variant.task, GaussianLinear) else None


def _wants_medians(data: StudyData, groups: list[Group]) -> bool:
    """Near n = p a few seeds decide the mean."""
    variants = [variant for group in groups for variant in group]
    return near_threshold(variants) and all(
        len(data.along_weight_decay(v, "test_loss_median", noted=False).x) for v in variants
    )


def _lines(data: StudyData, group: Group, metric: str) -> dict[str, Line]:
    """By name: a line a λ where all variants share few, else λ = 0 and the best of the others."""
    cells = _cells(data, group)
    lines = {name: data.along(own, metric, "n_train") for name, own in cells.items()}
    return {name: line for name, line in lines.items() if len(line.x)}


def _cells(data: StudyData, group: Group) -> dict[str, list[tuple[float, Variant, float]]]:
    grids = {tuple(sorted(variant.grid.weight_decay)) for variant in group}
    if len(grids) == 1 and len(grid := next(iter(grids))) <= LINES:
        return {
            labels.PANEL.format(weight_decay=weight_decay_label(value)): [(v.task.n_train, v, value) for v in group]
            for value in grid
        }
    zero = [(float(v.task.n_train), v, 0.0) for v in group if 0 in v.grid.weight_decay]
    best = [(float(v.task.n_train), v, value) for v in group if (value := _best_positive(data, v)) is not None]
    return {labels.PANEL.format(weight_decay=weight_decay_label(0)): zero, labels.BEST_POSITIVE: best}


def _best_positive(data: StudyData, variant: Variant) -> float | None:
    """The positive λ with the lowest mean validation loss."""
    line = data.along_weight_decay(variant, "validation_loss", noted=False)
    positive = line.x > 0
    return float(line.x[positive][line.value[positive].argmin()]) if positive.any() else None


def _laws(data: StudyData, group: Group, metric: str) -> list[Line]:
    """Expected losses, where means are drawn and theory knows all of them."""
    if metric != "test_loss":
        return []
    cells = _cells(data, group).values()
    lines = [data.along(own, "theory_test_loss", "n_train") for own in cells]
    return lines if all(len(line.x) == len(own) for line, own in zip(lines, cells, strict=True)) else []


def _notes(
    data: StudyData, groups: list[Group], drawn: Sequence[dict[str, Line]], metric: str, only_dots: bool
) -> list[str]:
    """only_dots: the lines are theory's."""
    lines = [line for own in drawn for line in own.values()]
    seeds = [n for group in groups for variant in group for n in data.seeds(variant)]
    diverged = sweep.diverged_notes(data, [variant for group in groups for variant in group])
    if not lines:
        return diverged
    band = any(line.has_band for line in lines)
    means = (labels.DOT_ONLY, labels.DOT_BAND) if only_dots else (labels.MEAN_ONLY, labels.BAND)
    medians = (labels.MEDIAN_ONLY, labels.MEDIAN_BAND)
    notes = [(medians if metric == "test_loss_median" else means)[band], seeds_note(seeds), *diverged]
    if any(labels.BEST_POSITIVE in own for own in drawn):
        notes.append(labels.BEST_BY)
    if any(_reaches_ridgeless(group) for group in groups):
        notes.append(labels.RIDGELESS)
    return notes


# --- theory and n = p ------------------------------------------------------------------------------


def _reaches_ridgeless(group: Group) -> bool:
    """Whether training without decay leads to the shortest weights that fit: from zero, all rows a step."""
    first = group[0]
    model, training = first.model, first.training
    if not isinstance(first.task, GaussianLinear) or not isinstance(model, Linear) or model.dropout:
        return False
    from_zero = model.init_std == model.init_mean == 0
    whole = training.batch_size >= max(variant.task.n_train for variant in group)
    return from_zero and whole and training.optimizer == "sgd"


def _draw_ridgeless(data: StudyData, panel: Axes, axis: RowsAxis, variant: Variant) -> None:
    """Leaves the panel near n = p, where it is infinite."""
    task = variant.task
    assert isinstance(task, GaussianLinear)
    n = np.unique(np.round(np.geomspace(min(axis.rows), max(axis.rows), 160)))
    signal = task.n_features * task.weight**2
    risk = ridgeless_risk(n, task.n_features, signal, task.noise_std)
    data.note("ridgeless_risk", "n_train", n, risk, weight_decay=0.0)
    top = panel.get_ylim()[1]
    panel.plot(
        axis.position(n), np.minimum(risk, 10 * top), color=style.INK.light, linestyle=style.DOTTED, linewidth=1.1,
        zorder=2.5,
    )  # fmt: skip


@dataclass(frozen=True)
class RowsAxis:
    """Numbers of rows on a logarithmic axis, with p where it is near."""

    rows: tuple[int, ...]
    n_features: int | None

    @property
    def threshold(self) -> int | None:
        """p, where the axis can hold it."""
        p = self.n_features
        return p if p is not None and min(self.rows) / BEYOND <= p <= max(self.rows) * BEYOND else None

    def position(self, values: FloatArray, /) -> FloatArray:
        return np.log10(np.asarray(values, dtype=np.float64))

    def set_up(self, panel: Axes) -> None:
        """Limits, and ticks at the numbers that were measured, as many as fit."""
        inside = [*self.rows, *([self.threshold] if self.threshold else [])]
        low, high = log10(min(inside)), log10(max(inside))
        margin = 0.05 * (high - low)
        panel.set_xlim(low - margin, high + margin)
        scale = panel.get_position().width * style.WIDTH / (high - low + 2 * margin)
        panel.xaxis.set_major_locator(FixedLocator([log10(n) for n in self.rows]))
        panel.xaxis.set_minor_locator(NullLocator())
        shown: list[int] = []
        for n in (min(self.rows), max(self.rows), *self.rows):
            room = text_width(f"{max(self.rows):,}", style.TICK) + 5
            if all(abs(log10(n) - log10(other)) * scale >= room for other in shown):
                shown.append(n)
        names = [f"{n:,}" if n in shown else "" for n in self.rows]
        panel.xaxis.set_major_formatter(FuncFormatter(lambda _, index: names[index or 0]))

    def mark_threshold(self, panel: Axes, named: bool) -> None:
        """A vertical line at n = p."""
        if self.threshold is None:
            return
        x, (left, right) = log10(self.threshold), panel.get_xlim()
        panel.axvline(x, color=style.MUTED.light, linewidth=0.9, linestyle=style.DASHED, zorder=1.4)
        if named:
            on_left = (x - left) / (right - left) > 0.5
            panel.annotate(
                labels.N_EQUALS_P, (x, 0), xycoords=panel.get_xaxis_transform(), xytext=(-4 if on_left else 4, 4),
                textcoords="offset points", ha="right" if on_left else "left", va="baseline",
                color=style.MUTED.light,
            )  # fmt: skip
