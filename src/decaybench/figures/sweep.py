"""A metric against λ: every run a dot, the mean a line, its interval a band. Several figures are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import NDArray

from decaybench.analysis.results import FloatArray, Line, StudyResults, VariantResults, rows
from decaybench.figures import labels, style
from decaybench.figures.axes import Places, WeightDecayAxis
from decaybench.figures.canvas import seeds_note

STREAM = 20_250_601  # of the jitter and of the sample of seeds
MARKED = 16  # means; more of them make a line without dots


@dataclass(frozen=True)
class Dots:
    """Which seeds are drawn as dots, and how; the same for every panel of a figure."""

    seeds: frozenset[int] | None  # None: all
    n_seeds: int
    rasterized: bool

    @classmethod
    def of(cls, variants: Sequence[VariantResults], n_metrics: int) -> Dots:
        """All seeds, or a fixed sample of them when there are more marks than a figure can hold.

        Whole seeds are kept or left out, so that the dots of a seed can be compared across λ.
        """
        runs = [variant.runs for variant in variants]
        seeds = np.unique(np.concatenate([own["seed"].to_numpy() for own in runs]))
        marks = sum(len(own) for own in runs) * n_metrics
        if marks <= style.MAX_MARKS:
            return cls(None, len(seeds), marks > style.VECTOR_MARKS)
        keep = max(1, len(seeds) * style.MAX_MARKS // marks)
        chosen = np.random.Generator(np.random.Philox(key=STREAM)).choice(seeds, keep, replace=False)
        return cls(frozenset(int(seed) for seed in chosen), len(seeds), True)

    def draw(
        self, axes: Axes, axis: WeightDecayAxis, variant: VariantResults, metric: str, colour: style.Colour
    ) -> pd.DataFrame:
        """Dots of one panel and metric, and their rows.

        What lies above the y axis is drawn at its edge, what lies below is not.
        """
        runs = variant.runs
        own = runs if self.seeds is None else runs[runs["seed"].isin(self.seeds)]
        values = own[metric].to_numpy(np.float64)
        decays = own["weight_decay"].to_numpy(np.float64)
        bottom, top = axes.get_ylim()
        known = np.isfinite(values) & (values >= bottom)
        if known.any():
            jitter = np.random.Generator(np.random.Philox(key=STREAM)).uniform(-0.28, 0.28, len(own))
            places = axis.position(decays) + jitter * min(axis.step, 0.5)
            sns.scatterplot(
                x=places[known], y=np.minimum(values[known], top), ax=axes, s=5 if self.rasterized else 9,
                color=style.MID_TONE[colour] if self.rasterized else colour.light, alpha=0.42, linewidth=0,
                legend=False, rasterized=self.rasterized, zorder=1.2,
            )  # fmt: skip
        seeds = own["seed"].to_numpy()
        return rows(metric, "weight_decay", decays, values, variant=variant.name, weight_decay=decays, seed=seeds)

    @property
    def notes(self) -> list[str]:
        """What the dots leave out."""
        if self.seeds is None:
            return []
        return [labels.DOTS.format(shown=len(self.seeds), total=self.n_seeds)]


def draw_line(
    axes: Axes, axis: Places, line: Line, colour: style.Colour, linestyle: object = "-", width: float = 1.6
) -> None:
    """Means and intervals; the one at λ = 0 stands alone, left of the break."""
    bottom, top = axes.get_ylim()
    line = line.within(bottom, top)
    x = axis.position(line.x)
    rest = line.x > 0
    joined = int(rest.sum()) > 1
    seen = np.where(line.value >= bottom, line.value, np.nan)
    dotted = rest.sum() <= MARKED or not linestyle
    y = line.value if axes.get_yscale() == "linear" else np.where(line.value > 0, line.value, bottom / 10)
    sns.lineplot(
        x=x[rest], y=y[rest], ax=axes, color=colour.light,
        errorbar=None, estimator=None, sort=False, linestyle=linestyle, linewidth=width, legend=False, zorder=3,
    )  # fmt: skip
    if dotted:
        _markers(axes, x, seen, colour)
    elif not rest.all():
        _markers(axes, x[~rest], seen[~rest], colour)
    if line.has_band:
        if joined:
            axes.fill_between(
                x[rest], line.low[rest], line.high[rest], color=colour.light, alpha=style.BAND_OPACITY, linewidth=0,
                zorder=2,
            )  # fmt: skip
        alone = ~rest if joined else np.ones_like(rest)
        axes.vlines(x[alone], line.low[alone], line.high[alone], color=colour.light, linewidth=1.2, zorder=3)
    _mark_below(axes, x, line.value, bottom, colour, keep=~rest | (not joined))


def _markers(axes: Axes, x: FloatArray, y: FloatArray, colour: style.Colour) -> None:
    known = np.isfinite(y)
    axes.plot(
        x[known], y[known], "o", color=colour.light, markersize=4, markeredgewidth=0, zorder=3.2,
    )  # fmt: skip


def _mark_below(
    axes: Axes, x: FloatArray, value: FloatArray, bottom: float, colour: style.Colour, keep: NDArray[np.bool_]
) -> None:
    """A lone mean below the axis becomes an arrow head at its lower end; a line simply leaves the panel."""
    below = (value < bottom) & keep
    if below.any():
        axes.plot(
            x[below], np.full(int(below.sum()), 0.05), "v", color=colour.light, markersize=5, markeredgewidth=0,
            transform=axes.get_xaxis_transform(), zorder=3.2,
        )  # fmt: skip


def shown_variants(results: StudyResults) -> list[VariantResults]:
    """The variants that get a panel: those with more than one λ, where there are any."""
    swept = [variant for variant in results.variants if len(variant.grid.weight_decay) > 1]
    return (swept or list(results.variants))[: style.MAX_PANELS]


def notes_of(
    results: StudyResults, variants: Sequence[VariantResults], lines: Sequence[Line], dots: Dots
) -> list[str]:
    """What a reader must know of the numbers: band, n, runs that are missing, variants that are."""
    notes = [*means_notes(lines, [n for variant in variants for n in variant.counts()]), *dots.notes]
    notes += diverged_notes(variants)
    if len(variants) < len(results.variants):
        notes.append(labels.VARIANTS.format(shown=len(variants), total=len(results.variants)))
    return notes


def diverged_notes(variants: Sequence[VariantResults]) -> list[str]:
    """How many runs are missing, where some are."""
    counts = [(v.value("n_diverged") or 0, v.value("n_cells") or 0) for v in variants]
    diverged, total = (sum(column) for column in zip(*counts, strict=True))
    return [labels.DIVERGED.format(n=diverged, total=total)] if diverged else []


def means_notes(lines: Sequence[Line], seeds: Sequence[int]) -> list[str]:
    """What lines and bands are, and of how many seeds; nothing where no run is left."""
    if not seeds:
        return []
    return [labels.BAND if any(line.has_band for line in lines) else labels.MEAN_ONLY, seeds_note(seeds)]


def dots_notes(line: Line, seeds: Sequence[int]) -> list[str]:
    """The same where means are dots alone."""
    return [labels.DOT_BAND if line.has_band else labels.DOT_ONLY, seeds_note(seeds)] if seeds else []


def loss_name(variants: Sequence[VariantResults]) -> str:
    """The name of the axis of losses."""
    cross_entropy = {variant.loss == "cross_entropy" for variant in variants}
    if len(cross_entropy) > 1:
        return labels.LOSS
    return labels.CROSS_ENTROPY if True in cross_entropy else labels.SQUARED_ERROR


def titles_of(variants: Sequence[VariantResults]) -> list[str | None]:
    """The names of variants, none where there is only one."""
    return [variant.name if len(variants) > 1 else None for variant in variants]
