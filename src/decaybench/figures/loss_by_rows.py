"""Test loss against the number of training rows, where variants differ in it: what more data cure, and n = p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from decaybench.analysis.results import FloatArray, Line, StudyResults, VariantResults, along, same_loss
from decaybench.cells.grid import weight_decay_label
from decaybench.config import GaussianLinear
from decaybench.figures import labels, overlay, style, sweep
from decaybench.figures.axes import log_axis, log_limits
from decaybench.figures.canvas import canvas, label_ends, say_all_diverged, seeds_note, text_width
from decaybench.figures.drawn import Drawn

FEWEST = 3  # numbers of rows that make a curve
BEYOND = 1.3  # the factor by which the axis may grow for n = p
LINES = 4
COLOURS = (style.TEST, style.ACCENT, style.ROW_SPACE, style.TRAIN)

Group = list[VariantResults]  # alike but for n_train, ascending in it


def applies(results: StudyResults) -> bool:
    """Where at least three variants differ in n_train alone."""
    return bool(_groups(results))


def draw(results: StudyResults) -> Drawn:
    """One cell a group of variants that are alike but for n_train."""
    groups = _groups(results)
    metric = "test_loss_median" if _wants_medians(groups) else "test_loss"
    drawn = [_lines(group, metric) for group in groups]
    laws = [_laws(group, metric) for group in groups]
    names = list(dict.fromkeys(name for lines in drawn for name in lines))
    theory = any(laws)
    ridgeless = [_ridgeless(results, group) for group in groups]
    shared = same_loss([group[0] for group in groups])
    page = canvas(
        len(groups),
        (190,) if len(groups) == 1 else (150,),
        axis_names=(labels.ROWS, sweep.loss_name([group[0] for group in groups])),
        notes=_notes(groups, drawn, metric, all(laws), any(len(line.x) for line in ridgeless)),
        titles=sweep.titles_of([min(group, key=results.variants.index) for group in groups]),
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
        if len(ridgeless[index].x):
            _draw_ridgeless(panel, axis, ridgeless[index])
        for line in laws[index]:
            overlay.draw_theory(panel, axis, line)
        ends = []
        for colour, (name, line) in zip(COLOURS, drawn[index].items(), strict=False):
            sweep.draw_line(panel, axis, line, colour, "" if laws[index] else "-")
            ends.append((line.value[-1], name, colour))
        if index == named:
            ends += [(line.value[-1], labels.THEORY, style.INK) for line in laws[index][:1]]
            label_ends(panel, ends, inside=not page.in_last_column(index))
    measured = [line for lines in drawn for line in lines.values()]
    return Drawn(page.figure, [*measured, *(line for own in laws for line in own), *ridgeless])


def _groups(results: StudyResults) -> list[Group]:
    """Variants on the base's seeds that are alike but for n_train and the grid, where there are enough of them."""
    groups = [family for family in results.families("task.n_train") if len(family) >= FEWEST]
    return groups[: style.MAX_PANELS]


def _limits(drawn: Sequence[dict[str, Line]]) -> tuple[float, float]:
    return log_limits([part for lines in drawn for line in lines.values() for part in (line.value, line.high)])


def _n_features(variant: VariantResults) -> int | None:
    return variant.task.n_features if isinstance(variant.task, GaussianLinear) else None


def _wants_medians(groups: list[Group]) -> bool:
    """Near n = p a few seeds decide the mean."""
    variants = [variant for group in groups for variant in group]
    return any(variant.near_threshold for variant in variants) and all(
        variant.counts("test_loss_median") for variant in variants
    )


def _lines(group: Group, metric: str) -> dict[str, Line]:
    """By name: a line a λ where all variants share few, else λ = 0 and the best of the others."""
    lines = {name: along(own, metric, "n_train") for name, own in _cells(group).items()}
    return {name: line for name, line in lines.items() if len(line.x)}


def _cells(group: Group) -> dict[str, list[tuple[float, VariantResults, float]]]:
    grids = {tuple(sorted(variant.grid.weight_decay)) for variant in group}
    if len(grids) == 1 and len(grid := next(iter(grids))) <= LINES:
        return {
            labels.PANEL.format(weight_decay=weight_decay_label(value)): [(v.task.n_train, v, value) for v in group]
            for value in grid
        }
    zero = [(float(v.task.n_train), v, 0.0) for v in group if 0 in v.grid.weight_decay]
    best = [(float(v.task.n_train), v, value) for v in group if (value := _best_positive(v)) is not None]
    return {labels.PANEL.format(weight_decay=weight_decay_label(0)): zero, labels.BEST_POSITIVE: best}


def _best_positive(variant: VariantResults) -> float | None:
    """The positive λ with the lowest mean validation loss."""
    line = variant.along_weight_decay("validation_loss")
    positive = line.x > 0
    return float(line.x[positive][line.value[positive].argmin()]) if positive.any() else None


def _laws(group: Group, metric: str) -> list[Line]:
    """Expected losses, where means are drawn and theory knows all of them."""
    if metric != "test_loss":
        return []
    cells = _cells(group).values()
    lines = [along(own, "theory_test_loss", "n_train") for own in cells]
    return lines if all(len(line.x) == len(own) for line, own in zip(lines, cells, strict=True)) else []


def _notes(
    groups: list[Group], drawn: Sequence[dict[str, Line]], metric: str, only_dots: bool, ridgeless: bool
) -> list[str]:
    """only_dots: the lines are theory's."""
    lines = [line for own in drawn for line in own.values()]
    seeds = [n for group in groups for variant in group for n in variant.counts()]
    diverged = sweep.diverged_notes([variant for group in groups for variant in group])
    if not lines:
        return diverged
    band = any(line.has_band for line in lines)
    means = (labels.DOT_ONLY, labels.DOT_BAND) if only_dots else (labels.MEAN_ONLY, labels.BAND)
    medians = (labels.MEDIAN_ONLY, labels.MEDIAN_BAND)
    notes = [(medians if metric == "test_loss_median" else means)[band], seeds_note(seeds), *diverged]
    if any(labels.BEST_POSITIVE in own for own in drawn):
        notes.append(labels.BEST_BY)
    if ridgeless:
        notes.append(labels.RIDGELESS)
    return notes


# --- theory and n = p ------------------------------------------------------------------------------


def _ridgeless(results: StudyResults, group: Group) -> Line:
    """Expected loss of the shortest weights that fit; without points where training does not lead to them."""
    series = results.series_of("loss_by_rows", "ridgeless_risk")
    return Line.of(series[series["variant"] == group[0].name])


def _draw_ridgeless(panel: Axes, axis: RowsAxis, line: Line) -> None:
    """Leaves the panel near n = p, where it is infinite."""
    top = panel.get_ylim()[1]
    panel.plot(
        axis.position(line.x), np.minimum(line.value, 10 * top), color=style.INK.light, linestyle=style.DOTTED,
        linewidth=1.1, zorder=2.5,
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
