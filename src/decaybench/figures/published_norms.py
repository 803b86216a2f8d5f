"""Our weight norms beside those that other people's executions printed: did we rerun what they ran?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from decaybench.analysis.published import published, repeats
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, label_ends, seeds_note
from decaybench.figures.data import StudyData

VERSIONS = {"concise": labels.CONCISE, "from-scratch": labels.FROM_SCRATCH}
APART = 0.13  # of ours and theirs, where versions are 1 apart


class Pair(NamedTuple):
    """Mean and standard deviation of both."""

    ours: tuple[float, float]
    theirs: tuple[float, float]
    n: tuple[int, int]


def applies(data: StudyData) -> bool:
    """Where a variant trains what was published, with more than one seed."""
    return bool(_pairs(data))


def draw(data: StudyData) -> Figure:
    """One cell a λ; versions side by side."""
    pairs = _pairs(data)
    decays = sorted({decay for _, decay in pairs})
    versions = [version for version in VERSIONS if any(version == name for name, _ in pairs)]
    page = canvas(
        len(decays),
        (150,),
        axis_names=(labels.VERSION, labels.NORM),
        notes=[
            labels.SPREAD,
            seeds_note([pair.n[0] for pair in pairs.values()]),
            *(labels.EXECUTIONS.format(n=n) for n in sorted({pair.n[1] for pair in pairs.values()})),
        ],
        titles=[labels.PANEL.format(weight_decay=weight_decay_label(decay)) for decay in decays],
        ends=[labels.OURS, labels.PUBLISHED],
        own_values=True,
    )
    for index, (decay, (panel,)) in enumerate(zip(decays, page.cells, strict=True)):
        own = {name: pairs[name, decay] for name in versions if (name, decay) in pairs}
        edges = [mean + sign * sd for pair in own.values() for mean, sd in pair[:2] for sign in (-1, 1)]
        margin = 0.12 * (max(edges) - min(edges)) or 0.1 * max(edges)
        linear_axis(panel, (min(edges) - margin, max(edges) + margin))
        panel.set_xlim(-0.5, len(versions) - 0.5)
        panel.xaxis.set_major_locator(FixedLocator(list(range(len(versions)))))
        names = [VERSIONS[version] for version in versions]
        panel.xaxis.set_major_formatter(FuncFormatter(lambda _, place, names=names: names[place or 0]))
        for name, pair in own.items():
            place = versions.index(name)
            for whose, (mean, sd) in (("ours", pair.ours), ("published", pair.theirs)):
                data.note(
                    f"weight_norm_{whose}_mean_and_sd", "version", [name], mean, weight_decay=decay, low=mean - sd,
                    high=mean + sd,
                )  # fmt: skip
            _draw(panel, place - APART, pair.ours, style.TEST)
            _draw(panel, place + APART, pair.theirs, style.INK)
        if page.in_last_column(index):
            last = own[list(own)[-1]]
            label_ends(
                panel, [(last.ours[0], labels.OURS, style.TEST), (last.theirs[0], labels.PUBLISHED, style.INK)]
            )
    return page.figure


def _draw(panel: Axes, x: float, value: tuple[float, float], colour: style.Colour) -> None:
    mean, sd = value
    panel.vlines(x, mean - sd, mean + sd, color=colour.light, linewidth=1.4)
    panel.plot([x], [mean], "o", color=colour.light, markersize=5.5, markeredgewidth=0)


def _pairs(data: StudyData) -> dict[tuple[str, float], Pair]:
    """By version and λ; of the first variant that repeats a version."""
    found: dict[tuple[str, float], Pair] = {}
    for result in published():
        key = result["version"], float(result["weight_decay"])
        label = weight_decay_label(key[1])
        for variant in (v for v in data.variants if repeats(v, result)):
            values = [data.fact(variant, f"{label}/{name}") for name in ("weight_norm", "weight_norm_sd")]
            theirs = [data.fact(variant, f"{label}/{name}") for name in ("published_mean", "published_sd")]
            if None in values or None in theirs or key in found:
                continue
            n = len(np.unique(data.runs(variant).query("weight_decay == @key[1]")["seed"]))
            found[key] = Pair((values[0], values[1]), (theirs[0], theirs[1]), (n, int(result["n"])))
    return found
