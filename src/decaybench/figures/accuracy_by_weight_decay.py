"""Train and test accuracy against λ, for tasks with classes; with wrong labels, how many must be known by heart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from decaybench.analysis.results import Line, StudyResults, VariantResults, differ_only_in
from decaybench.figures import labels, style, sweep
from decaybench.figures.axes import WeightDecayAxis, mark_chosen, share_axis, typical
from decaybench.figures.canvas import canvas, label_ends, say_all_diverged
from decaybench.figures.drawn import Drawn

SERIES = (
    ("train_accuracy", labels.TRAIN, style.TRAIN, style.DASHED),
    ("test_accuracy", labels.TEST, style.TEST, "-"),
)
MEMORISED = ("memorised", labels.MEMORISED, style.NULL_SPACE, style.DOTTED)


def applies(results: StudyResults) -> bool:
    """Only classes are right or wrong."""
    return any(variant.n_classes is not None for variant in sweep.shown_variants(results))


def draw(results: StudyResults) -> Drawn:
    """One cell a variant, all on one axis."""
    variants = [variant for variant in sweep.shown_variants(results) if variant.n_classes is not None]
    by_noise = differ_only_in(variants, "task.label_noise")
    if by_noise:
        variants = sorted(variants, key=_noise)
    series = [*SERIES, MEMORISED]
    lines = {(v.name, s[0]): v.along_weight_decay(s[0]) for v in variants for s in series}
    wrong = any(len(lines[v.name, MEMORISED[0]].x) for v in variants)
    dots = sweep.Dots.of(variants, len(SERIES))
    page = canvas(
        len(variants),
        (170,) if len(variants) == 1 else (110,),
        axis_names=(labels.WEIGHT_DECAY, labels.SHARE if wrong else labels.ACCURACY),
        notes=[
            *sweep.notes_of(results, variants, list(lines.values()), dots),
            *([labels.MEMORISED_NOTE] if wrong else []),
        ],
        titles=(
            [labels.WRONG_LABELS.format(n=f"{100 * _noise(v):g}") for v in variants]
            if by_noise
            else sweep.titles_of(variants)
        ),
        ends=[name for _, name, *_ in (series if wrong else SERIES)],
    )
    seen = [line.value for line in lines.values()]
    seen += [typical(v.runs[s[0]].to_numpy(np.float64)) for v in variants for s in SERIES]
    joined = np.concatenate(seen)
    low = max(0.0, float(joined.min()) - 0.03) if len(joined) else 0.0
    # Room above 1 for the name of the chosen λ; there is no tick there.
    limits = (low, 1.0 + 0.16 * (1.0 - low))
    alive = [index for index, variant in enumerate(variants) if len(lines[variant.name, "test_accuracy"].x)]
    right = [index for index in alive if page.in_last_column(index)] or alive
    told = [index for index in right if len(lines[variants[index].name, MEMORISED[0]].x)]
    named = next(iter(told or right), None)  # the panel with most to name
    shown: list[Line | pd.DataFrame] = [*lines.values()]
    for index, (variant, (panel,)) in enumerate(zip(variants, page.cells, strict=True)):
        axis = WeightDecayAxis(tuple(variant.grid.weight_decay))
        axis.set_up(panel)
        if index not in alive:
            say_all_diverged(panel)
            continue
        share_axis(panel, limits)
        if index % page.columns:
            panel.tick_params(labelleft=False)
        ends = []
        for metric, name, colour, linestyle in SERIES:
            line = lines[variant.name, metric].within(0.0, 1.0)
            shown.append(dots.draw(panel, axis, variant, metric, colour))
            sweep.draw_line(panel, axis, line, colour, linestyle)
            ends.append((line.value[-1], name, colour))
        memorised = lines[variant.name, MEMORISED[0]].within(0.0, 1.0)
        if len(memorised.x):
            sweep.draw_line(panel, axis, memorised, MEMORISED[2], MEMORISED[3])
            ends.append((memorised.value[-1], MEMORISED[1], MEMORISED[2]))
        if index == named:
            label_ends(panel, ends, inside=not page.in_last_column(index))
        chosen = variant.chosen_weight_decay
        if chosen is not None and len(variant.grid.weight_decay) > 1:
            mark_chosen(panel, float(axis.position(np.array(chosen))), named=index == alive[0])
    return Drawn(page.figure, shown)


def _noise(variant: VariantResults) -> float:
    """The share of training labels that are wrong."""
    return float(getattr(variant.task, "label_noise", 0.0))
