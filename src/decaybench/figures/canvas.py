"""The empty figure: sizes in points, panels in a grid, notes below, labels beside the lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from decaybench.figures import labels, style, svg

LEFT = 60.0  # points: ticks and the name of the axis
TITLE, BELOW = 19.0, 19.0  # points above a panel for its title, below it for ticks
AXIS_NAME, NOTE_LINE = 17.0, 13.0
INNER_GAP = 9.0

THEME: dict[str, Any] = {
    **svg.RC,
    "text.parse_math": False,  # a dollar in a name is a dollar, and every label stays one text node
    "font.size": style.LABEL,
    "axes.labelsize": style.LABEL,
    "axes.titlesize": style.LABEL,
    "axes.linewidth": 0.8,
    "axes.edgecolor": style.MUTED.light,
    "axes.labelcolor": style.INK.light,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": style.INK.light,
    "xtick.labelsize": style.TICK,
    "ytick.labelsize": style.TICK,
    "xtick.color": style.MUTED.light,
    "ytick.color": style.MUTED.light,
    "xtick.labelcolor": style.INK.light,
    "ytick.labelcolor": style.INK.light,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "grid.color": style.GRID.light,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "path.simplify": False,
}


@contextmanager
def drawing_style() -> Iterator[None]:
    """The look of every figure, whatever the reader's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(THEME)  # type: ignore[arg-type]
        yield


@dataclass(frozen=True)
class Canvas:
    """A figure and its cells; a cell is a stack of panels, the first on top."""

    figure: Figure
    cells: list[list[Axes]]
    columns: int

    def in_last_column(self, index: int) -> bool:
        return index % self.columns == self.columns - 1 or index == len(self.cells) - 1


def canvas(
    n_cells: int,
    heights: Sequence[float],
    *,
    axis_names: tuple[str, str],
    notes: Sequence[str],
    titles: Sequence[str | None],
    ends: Sequence[str],
    own_values: bool = False,
    small_ends: Sequence[str] = (),
) -> Canvas:
    """Cells in one or two columns.

    heights: points of each panel of a cell. axis_names: of x and of y. ends: names that lines
    will carry at their right ends. own_values: every cell has its own y
    axis, which takes room for its ticks. small_ends: further names, in the size of notes.
    """
    columns = 1 if n_cells == 1 else 2
    rows = ceil(n_cells / columns)
    gap = LEFT - 12 if own_values else 24.0
    widths = [text_width(name) for name in ends] + [text_width(name, style.NOTE) for name in small_ends]
    right = max(widths) + 8
    width = (style.WIDTH - LEFT - right - gap * (columns - 1)) / columns
    title = TITLE if any(titles) else 8.0
    cell_height = title + sum(heights) + INNER_GAP * (len(heights) - 1) + BELOW
    lines = _flow(notes)
    height = rows * cell_height + AXIS_NAME + NOTE_LINE * len(lines) + 4
    figure = Figure(figsize=(style.WIDTH / 72, height / 72))
    cells = []
    for index in range(n_cells):
        row, column = divmod(index, columns)
        left = LEFT + column * (width + gap)
        top = height - row * cell_height - title
        own = [
            _panel(figure, left, top, width, heights, position, (style.WIDTH, height))
            for position in range(len(heights))
        ]
        named = titles[index]
        if named:
            own[0].set_title(fitting(named, width + gap - 4), loc="left", pad=5)
        if index + columns >= n_cells:
            own[-1].set_xlabel(axis_names[0], labelpad=3)
        cells.append(own)
    middle = height - rows * cell_height / 2 + (BELOW - title) / 2
    figure.text(11 / style.WIDTH, middle / height, axis_names[1], rotation=90, ha="center", va="center")
    for number, line in enumerate(lines):
        for x, text in line:
            figure.text(
                x / style.WIDTH, (NOTE_LINE * (len(lines) - 1 - number) + 4) / height, text,
                fontsize=style.NOTE, color=style.MUTED.light, va="baseline",
            )  # fmt: skip
    return Canvas(figure, cells, columns)


def _panel(
    figure: Figure, left: float, top: float, width: float, heights: Sequence[float], position: int,
    size: tuple[float, float],
) -> Axes:  # fmt: skip
    bottom = top - sum(heights[: position + 1]) - INNER_GAP * position
    axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], heights[position] / size[1]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    if position < len(heights) - 1:
        axes.tick_params(labelbottom=False)
    return axes


def _flow(notes: Sequence[str]) -> list[list[tuple[float, str]]]:
    """Notes side by side, in as many lines as they need; each with its x in points."""
    lines: list[list[tuple[float, str]]] = []
    x = style.WIDTH
    for note in notes:
        length = text_width(note, style.NOTE)
        if x + length > style.WIDTH:
            lines.append([])
            x = 6.0
        lines[-1].append((x, note))
        x += length + 14
    return lines


def text_width(text: str, size: float = style.LABEL) -> float:
    """Points that a text needs in matplotlib's own font, which is wider than most."""
    return float(_metrics().get_text_width_height_descent(text, FontProperties(size=size), ismath=False)[0])


@cache
def _metrics() -> TextToPath:
    return TextToPath()


def fitting(text: str, width: float) -> str:
    """The text, or as much of it as there is room for."""
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text + "…"


def seeds_note(counts: Sequence[int]) -> str:
    """How many seeds stand behind a mean: one number, or a range where they differ."""
    low, high = min(counts, default=0), max(counts, default=0)
    return labels.SEEDS.format(n=low if low == high else f"{low}–{high}")


def panel_height(axes: Axes) -> float:
    """Points."""
    return float(axes.bbox.height) * 72 / axes.figure.dpi


def label_ends(
    axes: Axes,
    entries: Sequence[tuple[float, str, style.Colour]],
    inside: bool = False,
    small: Collection[str] = (),
) -> None:
    """Names at the right ends of lines, moved apart where the lines end close together.

    entries: y of the end, name, colour. inside: left of the panel's edge, where a neighbour begins. small:
    names in the size of notes.
    """
    height = panel_height(axes)
    to_points = axes.transScale + axes.transLimits
    wanted = sorted((float(to_points.transform((0, y))[1]) * height, text, colour) for y, text, colour in entries)
    places = _apart([min(max(y, 5), height - 5) for y, _, _ in wanted], style.LABEL + 2, height)
    for place, (_, text, colour) in zip(places, wanted, strict=True):
        axes.annotate(
            text, (1, place / height), xycoords="axes fraction", xytext=(-4 if inside else 5, 0),
            textcoords="offset points", ha="right" if inside else "left", va="center_baseline", color=colour.light,
            fontsize=style.NOTE if text in small else style.LABEL,
        )  # fmt: skip


def label_exit(
    axes: Axes, x: float, text: str, colour: style.Colour, on_right: bool | None = None, lift: float = 0.0
) -> None:
    """The name of a line that leaves the panel through its lower edge at x, beside that place.

    on_right: None puts it where there is more room. lift: points above the edge, over other names there.
    """
    left, right = axes.get_xlim()
    if on_right is None:
        on_right = (x - left) / (right - left) < 0.6
    axes.annotate(
        text, (x, 0), xycoords=axes.get_xaxis_transform(), xytext=(5 if on_right else -7, 4 + lift),
        textcoords="offset points", ha="left" if on_right else "right", va="baseline", color=colour.light,
    )  # fmt: skip


def _apart(places: list[float], distance: float, height: float) -> list[float]:
    """Ascending places moved by as little as needed to be `distance` apart, upwards and downwards alike.

    Within the height, where there is room for all.
    """
    for _ in range(50):
        crowded = False
        for lower, upper in pairwise(range(len(places))):
            short = distance - (places[upper] - places[lower])
            if short > 1e-6:
                places[lower] -= short / 2
                places[upper] += short / 2
                crowded = True
        if not crowded:
            break
    lowest, highest = 4.0, max(height - 4, 4 + distance * (len(places) - 1))
    places = [max(place, lowest + distance * index) for index, place in enumerate(places)]
    return [min(place, highest - distance * index) for index, place in enumerate(reversed(places))][::-1]


def name_panel(figure: Figure, panel: Axes, name: str) -> None:
    """The name of one panel's own y axis, where the panels of a cell measure different things."""
    box = panel.get_position()
    figure.text(11 / style.WIDTH, (box.y0 + box.y1) / 2, name, rotation=90, ha="center", va="center")


def say_all_diverged(axes: Axes) -> None:
    """An empty panel with the reason."""
    axes.set_yticks([])
    axes.grid(False)
    axes.text(
        0.5, 0.5, labels.ALL_DIVERGED, transform=axes.transAxes, ha="center", va="center", color=style.MUTED.light
    )
