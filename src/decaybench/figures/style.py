"""Colours, sizes and ids of every figure. The page's style sheet is made from them, too."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Colour(NamedTuple):
    """A role: a CSS variable of the page, with what it stands for in light and in dark."""

    variable: str
    light: str
    dark: str


INK = Colour("--ink", "#1B1F24", "#E6E8EA")
MUTED = Colour("--muted", "#57606A", "#A3ACB5")
GRID = Colour("--grid", "#D0D5DA", "#3A4148")
TRAIN = Colour("--train", "#0072B2", "#56B4E9")
TEST = Colour("--test", "#B84A00", "#F0A35E")
ACCENT = Colour("--accent", "#7A3E9D", "#C79BE3")
ROW_SPACE = Colour("--row-space", "#00705A", "#4CC7A8")
NULL_SPACE = Colour("--null-space", "#A3195B", "#F08DB8")
BAND = Colour("--band", "#6E7781", "#8B949E")

PALETTE = (INK, MUTED, GRID, TRAIN, TEST, ACCENT, ROW_SPACE, NULL_SPACE, BAND)

# A raster layer cannot follow the page's variables: these are seen on white and on black.
MID_TONE = {TRAIN: "#2B93D1", TEST: "#D4742B", BAND: "#808890"}

WIDTH = 374.4  # points: 5.2 inches
LABEL = 11.0  # points, also of titles
TICK = 10.0
NOTE = 9.0

BAND_OPACITY = 0.22
DASHED = (0, (4, 2))
DOTTED = (0, (1, 1.6))

VECTOR_MARKS = 300  # more dots than these become one PNG layer
MAX_MARKS = 1_600  # dots of a figure; beyond, a fixed sample of seeds is drawn
RASTER_DPI = 130
MAX_PANELS = 4


def id_prefix(name: str) -> str:
    """What all ids inside of the figure `name` begin with.

    Short, since a dot refers to its shape: the name of a study, a thousand times, would outweigh the figure.
    """
    return f"f{hashlib.sha256(name.encode()).hexdigest()[:9]}"
