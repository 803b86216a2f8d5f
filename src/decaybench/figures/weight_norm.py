"""The norm of the weights against λ; of linear models split into what the data reach and what they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, StudyResults, VariantResults
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import WeightDecayAxis, log_axis, log_limits, typical
from decaybench.figures.canvas import canvas, label_ends, label_exit, say_all_diverged
from decaybench.figures.drawn import Drawn

SERIES = (
    ("weight_norm", labels.TOTAL_NORM, style.INK),
    ("row_space_norm", labels.ROW_SPACE, style.ROW_SPACE),
    ("null_space_norm", labels.NULL_SPACE, style.NULL_SPACE),
)
NOTHING = 1e-9  # a null-space norm this far below ‖w‖ is rounding


def applies(results: StudyResults) -> bool:
    """Every model but one that knows no weight norm."""
    return bool(results.cells["weight_norm"].notna().any())


def draw(results: StudyResults) -> Drawn:
    """One cell a variant."""
    variants = sweep.shown_variants(results)
    lines = {variant.name: _lines(variant) for variant in variants}
    dots = sweep.Dots.of(variants, 1)
    known = [variant for variant in variants if "null_space_norm" in lines[variant.name]]
    laws = {variant.name: law for variant in known if len((law := law_of(results, variant)).x)}
    carried = [name for metric, name, _ in SERIES if any(metric in own for own in lines.values())]
    notes = sweep.notes_of(results, variants, [line for own in lines.values() for line in own.values()], dots)
    # Weights of another kind of model, or in units of another kind of results, are not shorter or longer than these.
    shared = len({(variant.model.kind, variant.task.kind) for variant in variants}) == 1
    page = canvas(
        len(variants),
        (190,) if len(variants) == 1 else (118,),
        axis_names=(labels.WEIGHT_DECAY, labels.NORM),
        notes=[*notes, *([labels.LAW] if laws else [])],
        titles=sweep.titles_of(variants),
        ends=carried or [labels.TOTAL_NORM],
        own_values=not shared,
    )
    limits = _limits(variants, lines) if shared else None
    alive = [index for index, variant in enumerate(variants) if lines[variant.name]]
    # The variant with most to name carries the names.
    richest = max((len(own) for own in lines.values()), default=0)
    right = [i for i in alive if page.in_last_column(i) and len(lines[variants[i].name]) == richest]
    named = next(iter(right or alive), None)
    # A null space in which nothing is left is listed, though not drawn.
    shown: list[Line | pd.DataFrame] = [v.along_weight_decay(metric) for v in variants for metric, *_ in SERIES]
    shown += laws.values()
    for index, (variant, (panel,)) in enumerate(zip(variants, page.cells, strict=True)):
        axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
        axis.set_up(panel)
        if index not in alive:
            say_all_diverged(panel)
            continue
        log_axis(panel, limits or _limits([variant], lines))
        if shared and index % page.columns:
            panel.tick_params(labelleft=False)
        shown.append(dots.draw(panel, axis, variant, "weight_norm", style.BAND))
        if variant.name in laws:
            _draw_law(panel, axis, laws[variant.name])
        own = lines[variant.name]
        for metric, _, colour in SERIES:
            if metric in own:
                # Where the law draws the line, the measured means are its dots.
                linestyle = "" if metric == "null_space_norm" and variant.name in laws else "-"
                width = 2.4 if metric == "weight_norm" else 1.4
                sweep.draw_line(panel, axis, own[metric], colour, linestyle, width)
        if index == named:
            _name_lines(panel, axis, own, inside=not page.in_last_column(index))
    return Drawn(page.figure, shown)


def _lines(variant: VariantResults) -> dict[str, Line]:
    """The norms that a variant has; a null space in which nothing is left is left out, with the row space."""
    lines = {metric: variant.along_weight_decay(metric) for metric, _, _ in SERIES}
    lines = {metric: line for metric, line in lines.items() if len(line.x)}
    null, total = lines.get("null_space_norm"), lines.get("weight_norm")
    if null is not None and total is not None and null.value.max() <= NOTHING * total.value.max():
        return {"weight_norm": total}
    return lines


def law_of(results: StudyResults, variant: VariantResults) -> Line:
    """What |1−ηλ|^T leaves of the initial norm in the null space; without points where it does not hold."""
    laws = results.series_of("weight_norm", "null_space_law")
    return Line.of(laws[laws["variant"] == variant.name])


def _name_lines(panel: Axes, axis: WeightDecayAxis, lines: dict[str, Line], inside: bool) -> None:
    """At the right ends, or where the null space leaves the panel."""
    bottom = panel.get_ylim()[0]
    ends = [(lines[m].value[-1], name, colour) for m, name, colour in SERIES if m in lines]
    ends = [end for end in ends if end[0] >= bottom]
    for metric, name, colour in SERIES:
        if metric in lines and lines[metric].value[-1] < bottom:
            below = lines[metric].x[int(np.argmax(lines[metric].value < bottom))]
            # Names of ends that stand inside of the panel may reach as far to the left.
            lift = (style.LABEL + 2) * len(ends) if inside else 0.0
            label_exit(panel, float(axis.position(below)), name, colour, lift=lift)
    label_ends(panel, ends, inside)


def _draw_law(panel: Axes, axis: WeightDecayAxis, law: Line) -> None:
    visible = (law.value > panel.get_ylim()[0] / 10) & np.isfinite(law.value)
    panel.plot(
        axis.position(law.x)[visible], law.value[visible], color=style.INK.light, linestyle=style.DOTTED,
        linewidth=1.3, zorder=4,
    )  # fmt: skip


def _limits(variants: list[VariantResults], lines: dict[str, dict[str, Line]]) -> tuple[float, float]:
    """Around ‖w‖ and its row space; the null space may vanish below the panel."""
    shown = []
    for variant in variants:
        shown += [line.value for metric, line in lines[variant.name].items() if metric != "null_space_norm"]
        shown.append(typical(variant.runs["weight_norm"].to_numpy(np.float64)))
    return log_limits(shown)
