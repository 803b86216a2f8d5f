"""Test and train loss against λ: test above, on its own scale, where a U can be seen; train below.

On the test loss lie what theory says of it and what needs no training, as far as the facts know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults, VariantResults, same_loss
from decaybench.figures import labels, overlay, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits, mark_chosen, typical
from decaybench.figures.canvas import canvas, label_ends, say_all_diverged
from decaybench.figures.drawn import Drawn
from decaybench.figures.overlay import Level

SERIES = (("test_loss", labels.TEST, style.TEST, "-"), ("train_loss", labels.TRAIN, style.TRAIN, style.DASHED))
THEORY = "theory_test_loss"
HEADROOM = 1.16  # of a logarithmic axis, for the name of the chosen λ

Lines = Mapping[tuple[str, str], Line]
Levels = dict[str, list[Level]]


def applies(results: StudyResults) -> bool:
    """Every study has losses."""
    return True


def draw(results: StudyResults) -> Drawn:
    """One cell a variant."""
    variants = sweep.shown_variants(results)
    metrics = [THEORY, *(metric for metric, *_ in SERIES)]
    lines = {(v.name, metric): v.along_weight_decay(metric) for v in variants for metric in metrics}
    measured = [line for (_, metric), line in lines.items() if metric != THEORY]
    dots = sweep.Dots.of(variants, len(SERIES))
    shared = same_loss(variants)
    alive = [index for index, variant in enumerate(variants) if len(lines[variant.name, "test_loss"].x)]
    limits, levels, below = _test_limits([variants[index] for index in alive], lines, shared)
    names = list(dict.fromkeys(level.name for own in levels.values() for level in own))
    theory = any(metric == THEORY and len(line.x) for (_, metric), line in lines.items())
    large = [labels.LARGE_DOTS] if theory else []  # the line is theory's, and the runs are dots, too
    page = canvas(
        len(variants),
        (140, 74) if len(variants) == 1 else (88, 50),
        axis_names=(labels.WEIGHT_DECAY, sweep.loss_name(variants)),
        notes=[*sweep.notes_of(results, variants, measured, dots), *large, *overlay.notes_below(below)],
        titles=sweep.titles_of(variants),
        ends=[*(name for _, name, *_ in SERIES), *([labels.THEORY] if theory else [])],
        own_values=not shared,
        small_ends=names,
    )
    # The variant with most to name carries the names.
    right = [index for index in alive if page.in_last_column(index)] or alive[:1]
    named = max(
        right, key=lambda i: len(levels[variants[i].name]) + len(lines[variants[i].name, THEORY].x), default=-1
    )
    shown: list[Line | pd.DataFrame] = [*lines.values()]
    for index in alive:
        shown += overlay.rows_of(variants[index])
    for index, (variant, panels) in enumerate(zip(variants, page.cells, strict=True)):
        axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
        for panel, (metric, name, colour, linestyle) in zip(panels, SERIES, strict=True):
            axis.set_up(panel)
            if index not in alive:
                say_all_diverged(panel)
                continue
            test = metric == "test_loss"
            own = limits[variant.name] if test else _limits(variants if shared else [variant], lines, metric)
            log_axis(panel, own)
            if shared and index % page.columns:
                panel.tick_params(labelleft=False)
            line = lines[variant.name, metric]
            shown.append(dots.draw(panel, axis, variant, metric, colour))
            _mark_choice(variant, axis, panel, named=index == alive[0] and test)
            ends = [(line.value[-1], name, colour)]
            law = lines[variant.name, THEORY] if test else Line(*np.empty((4, 0)))
            # Where theory draws the line, the measured means are its dots.
            sweep.draw_line(panel, axis, line, colour, "" if len(law.x) == len(line.x) else linestyle)
            if len(law.x):
                overlay.draw_theory(panel, axis, law)
                ends.append((law.value[-1], labels.THEORY, style.INK))
            for level in levels[variant.name] if test else ():
                overlay.draw_level(panel, level)
                ends.append((level.value, level.name, style.MUTED))
            if index == named:
                label_ends(panel, ends, inside=not page.in_last_column(index), small=names)
    return Drawn(page.figure, shown)


def _test_limits(
    variants: Sequence[VariantResults], lines: Lines, shared: bool
) -> tuple[dict[str, tuple[float, float]], Levels, list[Level]]:
    """Limits of the test loss and the levels within them by variant; the levels below any panel."""
    limits: dict[str, tuple[float, float]] = {}
    levels: Levels = {}
    below: list[Level] = []
    for together in [variants] if shared else [[variant] for variant in variants]:
        found = [level for variant in together for level in overlay.levels_of(variant)]
        bounds, near, far = overlay.with_levels(_limits(together, lines, "test_loss"), found)
        below += far
        for variant in together:
            limits[variant.name] = bounds[0], bounds[0] * (bounds[1] / bounds[0]) ** HEADROOM
            levels[variant.name] = [level for level in overlay.levels_of(variant) if level in near]
    return limits, levels, below


def _limits(variants: Sequence[VariantResults], lines: Lines, metric: str) -> tuple[float, float]:
    """Around means, intervals and nearly all dots."""
    shown = []
    for variant in variants:
        line = lines[variant.name, metric]
        shown += [line.value, line.high, np.maximum(line.low, 0.3 * line.value)]
        shown.append(typical(variant.runs[metric].to_numpy(np.float64)))
        if metric == "test_loss":
            shown.append(lines[variant.name, THEORY].value)
    return log_limits(shown)


def _mark_choice(variant: VariantResults, axis: WeightDecayAxis, panel: Axes, named: bool) -> None:
    chosen = variant.chosen_weight_decay
    if chosen is not None and len(variant.grid.weight_decay) > 1:
        mark_chosen(panel, float(axis.position(np.array(chosen))), named)
