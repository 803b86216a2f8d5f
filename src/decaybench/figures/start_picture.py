"""Fewer rows than weights and a random start: how many directions training corrects, and what the others cost.

Above a square a direction; below the test error at λ = 0 as a bar, and that of the same training from zero weights.
"""

from __future__ import annotations

from math import ceil

from matplotlib.patches import Rectangle

from decaybench.analysis.results import StudyResults, VariantResults, rows
from decaybench.config import GaussianLinear
from decaybench.figures import labels, style
from decaybench.figures.drawn import Drawn
from decaybench.figures.layout import EDGE, LINE, WIDE, Layout, Sheet

SQUARES = 600  # more directions than these become one bar
BAR = 22.0
OPACITY = 0.75


def applies(results: StudyResults) -> bool:
    """Where a linear model starts from random weights and has directions that no row touches, trained at λ = 0."""
    task = results.base.task
    if not (results.base.starts_random and isinstance(task, GaussianLinear)):
        return False
    known = all(results.base.has("0", name) for name in ("null_space_norm", "test_loss"))
    return known and task.n_train < task.n_features and _untouched(results.base) <= _loss(results.base)


def draw(results: StudyResults, layout: Layout = WIDE) -> Drawn:
    """Squares, then bars of one scale."""
    own, zero = results.base, results.from_zero
    if zero is not None and not zero.has("0", "test_loss"):
        zero = None
    n, p = own.task.n_train, own.task.n_features
    across = 20 if layout.narrow else 40
    cell = (layout.width - 2 * EDGE) / across
    tall = cell * ceil(p / across) if p <= SQUARES else BAR
    sheet = Sheet(layout, tall + BAR * (1 if zero is None else 2) + LINE * (6 if zero is None else 7.4) + 6)
    y = LINE
    sheet.write(EDGE, y - 3, labels.OF_INPUTS, style.MUTED, small=True)
    _squares(sheet, y + 4, n, p, across, cell)
    y += tall + LINE + 4
    sheet.write(EDGE, y, labels.TOUCHED.format(n=f"{n:,}", total=f"{p:,}"), style.ROW_SPACE)
    y += LINE
    sheet.write(EDGE, y, labels.UNTOUCHED.format(n=f"{p - n:,}", total=f"{p:,}"), style.NULL_SPACE)
    y += 1.6 * LINE
    loss, untouched = _loss(own), _untouched(own)
    sheet.write(EDGE, y - 3, labels.OF_ERROR, style.MUTED, small=True)
    _bar(sheet, y + 4, [(untouched, style.NULL_SPACE), (loss - untouched, style.ROW_SPACE)], loss)
    y += BAR + LINE + 4
    sheet.write(
        EDGE, y, labels.ERROR_UNTOUCHED.format(part=_digits(untouched), whole=_digits(loss)), style.NULL_SPACE
    )
    shown = [rows("test_loss", "weight_decay", [0.0], [loss], variant=own.name)]
    if zero is not None:
        y += 0.5 * LINE
        _bar(sheet, y, [(_loss(zero), style.ROW_SPACE)], loss)
        sheet.write(EDGE, y + BAR + LINE, labels.ERROR_FROM_ZERO.format(loss=_digits(_loss(zero))), style.ROW_SPACE)
        shown.append(rows("test_loss", "weight_decay", [0.0], [_loss(zero)], variant=zero.name))
    part = rows("null_space_norm", "weight_decay", [0.0], [own.value("0/null_space_norm")], variant=own.name)
    return Drawn(sheet.figure, [*shown, part])


def _loss(own: VariantResults) -> float:
    return float(own.value("0/test_loss"))


def _untouched(own: VariantResults) -> float:
    """What weights outside of the rows' span add to the error: their squared length, for inputs of variance 1."""
    return float(own.value("0/null_space_norm")) ** 2


def _digits(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _squares(sheet: Sheet, top: float, n: int, p: int, across: int, cell: float) -> None:
    """The corrected directions first, row by row."""
    if p > SQUARES:
        _bar(sheet, top, [(n, style.ROW_SPACE), (p - n, style.NULL_SPACE)], p)
        return
    for index in range(p):
        row, column = divmod(index, across)
        colour = style.ROW_SPACE if index < n else style.NULL_SPACE
        place = EDGE + column * cell + 0.8, top + row * cell + 0.8
        box = Rectangle(
            place, cell - 1.6, cell - 1.6, linewidth=0.8, edgecolor=colour.light, alpha=OPACITY,
            facecolor=colour.light if index < n else "none",
        )  # fmt: skip
        sheet.paper.add_patch(box)


def _bar(sheet: Sheet, top: float, parts: list[tuple[float, style.Colour]], whole: float) -> None:
    left, scale = EDGE, (sheet.layout.width - 2 * EDGE) / whole
    for value, colour in parts:
        width = max(value * scale, 0.8)
        box = Rectangle((left, top), width, BAR, linewidth=0, facecolor=colour.light, alpha=OPACITY)
        sheet.paper.add_patch(box)
        left += width
