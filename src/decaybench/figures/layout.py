"""Two layouts of one figure: for a page, and for a phone, where a point is about a pixel wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decaybench.figures import style
from decaybench.figures.canvas import text_width

EDGE = 8.0  # points between the drawing and its frame
LINE = 16.0  # points from line to line of text


@dataclass(frozen=True)
class Layout:
    """The width of a figure in points, and its smallest letters."""

    suffix: str  # of the file's name
    width: float
    small: float

    @property
    def narrow(self) -> bool:
        return bool(self.suffix)


WIDE = Layout("", 560.0, 10.0)
NARROW = Layout("-narrow", 330.0, 11.0)
LAYOUTS = (WIDE, NARROW)


class Sheet:
    """An empty figure whose places are points from its upper left corner."""

    def __init__(self, layout: Layout, height: float) -> None:
        self.layout, self.height = layout, height
        self.figure = Figure(figsize=(layout.width / 72, height / 72))
        self.paper = self.figure.add_axes((0, 0, 1, 1))
        self.paper.set_xlim(0, layout.width)
        self.paper.set_ylim(height, 0)
        self.paper.axis("off")

    def panel(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at a place."""
        whole, tall = self.layout.width, self.height
        axes = self.figure.add_axes((left / whole, 1 - (top + height) / tall, width / whole, height / tall))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=self.layout.small)
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        colour: style.Colour = style.INK,
        align: str = "left",
        small: bool = False,
    ) -> None:
        """A text whose baseline begins, or ends, at a place."""
        size = self.layout.small if small else style.LABEL
        self.paper.text(x, y, text, color=colour.light, ha=align, va="baseline", fontsize=size)

    def notes(self, y: float, notes: Sequence[str]) -> None:
        """Notes in as many lines as `note_lines` says; y: of the first baseline."""
        for row, line in enumerate(self._lines(notes)):
            for x, text in line:
                self.write(x, y + LINE * row, text, style.MUTED, small=True)

    def _lines(self, notes: Sequence[str]) -> list[list[tuple[float, str]]]:
        return flow([text_width(note, self.layout.small) for note in notes], notes, self.layout.width)


def flow(widths: Sequence[float], things: Sequence[str], room: float) -> list[list[tuple[float, str]]]:
    """Things side by side in lines, each with its x."""
    lines: list[list[tuple[float, str]]] = []
    x = room
    for width, thing in zip(widths, things, strict=True):
        if x + width > room - EDGE:
            lines.append([])
            x = EDGE
        lines[-1].append((x, thing))
        x += width + 16
    return lines


def note_lines(layout: Layout, notes: Sequence[str]) -> int:
    """How many lines notes take."""
    return len(flow([text_width(note, layout.small) for note in notes], notes, layout.width))
