"""Our weight norms beside those that other people's executions printed: did we rerun what they ran?"""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from decaybench.analysis.results import StudyResults
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.axes import linear_axis
from decaybench.figures.canvas import canvas, label_ends, seeds_note
from decaybench.figures.drawn import Drawn

VERSIONS = {"concise": labels.CONCISE, "from-scratch": labels.FROM_SCRATCH}
APART = 0.13  # of ours and theirs, where versions are 1 apart


class Norm(NamedTuple):
    """Mean, and one standard deviation below and above it."""

    mean: float
    low: float
    high: float
    n: int


def applies(results: StudyResults) -> bool:
    """Where a variant trains what was published, with more than one seed."""
    return len(results.series_of("published_norms")) > 0


def draw(results: StudyResults) -> Drawn:
    """One cell a λ; versions side by side."""
    pairs = _pairs(results)
    decays = sorted({decay for _, decay in pairs})
    versions = [version for version in VERSIONS if any(version == name for name, _ in pairs)]
    page = canvas(
        len(decays),
        (150,),
        axis_names=(labels.VERSION, labels.NORM),
        notes=[
            labels.SPREAD,
            seeds_note([ours.n for ours, _ in pairs.values()]),
            *(labels.EXECUTIONS.format(n=n) for n in sorted({theirs.n for _, theirs in pairs.values()})),
        ],
        titles=[labels.PANEL.format(weight_decay=weight_decay_label(decay)) for decay in decays],
        ends=[labels.OURS, labels.PUBLISHED],
        own_values=True,
    )
    for index, (decay, (panel,)) in enumerate(zip(decays, page.cells, strict=True)):
        own = {name: pairs[name, decay] for name in versions if (name, decay) in pairs}
        edges = [edge for pair in own.values() for norm in pair for edge in (norm.low, norm.high)]
        margin = 0.12 * (max(edges) - min(edges)) or 0.1 * max(edges)
        linear_axis(panel, (min(edges) - margin, max(edges) + margin))
        panel.set_xlim(-0.5, len(versions) - 0.5)
        panel.xaxis.set_major_locator(FixedLocator(list(range(len(versions)))))
        names = [VERSIONS[version] for version in versions]
        panel.xaxis.set_major_formatter(FuncFormatter(lambda _, place, names=names: names[place or 0]))
        for name, (ours, theirs) in own.items():
            place = versions.index(name)
            _draw(panel, place - APART, ours, style.TEST)
            _draw(panel, place + APART, theirs, style.INK)
        if page.in_last_column(index):
            ours, theirs = own[list(own)[-1]]
            label_ends(panel, [(ours.mean, labels.OURS, style.TEST), (theirs.mean, labels.PUBLISHED, style.INK)])
    return Drawn(page.figure, [results.series_of("published_norms")])


def _draw(panel: Axes, x: float, norm: Norm, colour: style.Colour) -> None:
    panel.vlines(x, norm.low, norm.high, color=colour.light, linewidth=1.4)
    panel.plot([x], [norm.mean], "o", color=colour.light, markersize=5.5, markeredgewidth=0)


def _pairs(results: StudyResults) -> dict[tuple[str, float], tuple[Norm, Norm]]:
    """Ours and theirs, by version and λ."""
    sides = []
    for whose in ("ours", "published"):
        own = results.series_of("published_norms", f"weight_norm_{whose}_mean_and_sd")
        norms = map(Norm, own["value"], own["low"], own["high"], own["n"].astype(int))
        sides.append(dict(zip(zip(own["setting"], own["weight_decay"], strict=True), norms, strict=True)))
    ours, theirs = sides
    return {key: (ours[key], theirs[key]) for key in ours}
