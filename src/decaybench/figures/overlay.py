"""What stands beside measured lines: theory as a thin line, and levels that a loss can be held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from decaybench.analysis.results import Line, VariantResults, rows
from decaybench.figures import labels, style
from decaybench.figures.axes import Places

FARTHEST, SHARE = 0.5, 0.25  # decades, or this share of the axis: how much longer a level may make it


def draw_theory(
    axes: Axes,
    axis: Places,
    line: Line,
    linestyle: object = "-",
    colour: style.Colour = style.INK,
    width: float = 0.9,
) -> None:
    """A thin line through what was computed; the value at λ = 0 is a dash, left of the break."""
    bottom = axes.get_ylim()[0]
    x, y = axis.position(line.x), np.maximum(line.value, bottom / 10)
    rest = line.x > 0
    if rest.sum() > 1:
        axes.plot(x[rest], y[rest], color=colour.light, linewidth=width, linestyle=linestyle, zorder=4)
    alone = ~rest if rest.sum() > 1 else np.ones_like(rest)
    axes.plot(
        x[alone], y[alone], "_", color=colour.light, markersize=11, markeredgewidth=width, zorder=4,
    )  # fmt: skip


@dataclass(frozen=True)
class Level:
    """A loss that needs no training."""

    name: str
    value: float


def levels_of(variant: VariantResults) -> list[Level]:
    """Predicting the mean, and the noise that nothing predicts, as far as they are known."""
    guess = labels.CHANCE if variant.loss == "cross_entropy" else labels.MEAN_PREDICTOR
    known = [(guess, "baseline/mean_predictor"), (labels.NOISE_FLOOR, "baseline/noise_floor")]
    found = [(name, variant.value(rest)) for name, rest in known]
    return [Level(name, float(value)) for name, value in found if value is not None and value > 0]


def rows_of(variant: VariantResults) -> list[pd.DataFrame]:
    """The levels of a variant as rows."""
    return [rows(level.name, "level", None, [level.value], variant=variant.name) for level in levels_of(variant)]


def with_levels(
    limits: tuple[float, float], levels: Sequence[Level]
) -> tuple[tuple[float, float], list[Level], list[Level]]:
    """Limits of a logarithmic axis that hold the levels nearby; which levels those are, and which lie below.

    A level far off would press the measured lines together: it is put into words instead. One far above is
    left out.
    """
    low, high = limits
    room = max(FARTHEST, SHARE * log10(high / low))
    near, below = [], []
    for name in dict.fromkeys(level.name for level in levels):
        own = [level for level in levels if level.name == name]
        ends = min(level.value for level in own), max(level.value for level in own)
        if log10(low / ends[0]) > room:
            below += own
        elif log10(ends[1] / high) <= room:
            near += own
    values = [low * 1.12, high / 1.12, *(level.value for level in near)]
    return (min(values) / 1.12, max(values) * 1.12), near, below


def notes_below(levels: Sequence[Level]) -> list[str]:
    """Levels below a panel, in words."""
    notes = []
    for name, template in labels.BELOW.items():
        own = sorted({level.value for level in levels if level.name == name})
        if own:
            ends = dict.fromkeys(f"{value:.2g}" for value in (own[0], own[-1]))
            notes.append(template.format(value="–".join(ends)))
    return notes


def draw_level(axes: Axes, level: Level) -> None:
    """A thin dotted horizontal."""
    axes.axhline(level.value, color=style.MUTED.light, linewidth=0.9, linestyle=style.DOTTED, zorder=1.4)
