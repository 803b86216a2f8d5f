"""Every claim a row, every setting that it was tried in a mark: how far beyond the smallest effect that counts.

No figure of a study. Right of 1 the estimate is as the sentence says; the outcome, which also asks the interval, is
the mark's shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from decaybench.figures import labels, style
from decaybench.figures.canvas import text_width
from decaybench.figures.forest import Forest, forest
from decaybench.figures.layout import EDGE, LINE, Layout, flow

Claim = Mapping[str, Any]  # an entry of claims.json


class Look(NamedTuple):
    """How an outcome is drawn."""

    name: str
    colour: style.Colour
    mark: str
    filled: bool


LOOKS = {
    "held": Look(labels.HELD, style.ROW_SPACE, "o", True),
    "failed": Look(labels.FAILED, style.INK, "s", False),
    "reversed": Look(labels.REVERSED, style.NULL_SPACE, "D", True),
    "open": Look(labels.OPEN, style.MUTED, "o", False),
}
FAR = 20.0  # ratios beyond it, either way, stand at the edge as arrows
SIZE = 6.0  # of a mark
ROW = 34.0


def tried(claim: Claim) -> list[Mapping[str, Any]]:
    """The settings of a claim that are counted and have an estimate."""
    return [own for own in claim["regimes"] if own["outcome"] in LOOKS and own["estimate"] is not None]


def applies(claims: Sequence[Claim]) -> bool:
    """Where a claim was judged in some setting."""
    return any(tried(claim) for claim in claims)


def draw(claims: Sequence[Claim], layout: Layout) -> Figure:
    """A row a claim that has settings."""
    shown = [claim for claim in claims if tried(claim)]
    counts = [
        labels.OUT_OF.format(n=claim["counts"]["held"], total=len(tried(claim))) for claim in shown
    ]  # fmt: skip
    far = any(not 1 / FAR < beyond(claim, own) < FAR for claim in shown for own in tried(claim))
    keys = _keys(layout)
    head = LINE * (len(keys) + 1) + 8
    page = forest(
        layout,
        [labels.CLAIMS.get(claim["id"], str(claim["id"])) for claim in shown],
        counts,
        row=ROW,
        head=head,
        limits=(1 / (1.3 * FAR), 1.3 * FAR),
        axis_name=labels.BEYOND,
        notes=[labels.COUNT_HELD, *([labels.BEYOND_AXIS] if far else [])],
    )
    _legend(page, keys)
    _name_sides(page, head - 5)
    for claim, middle in zip(shown, page.middles, strict=True):
        _draw_row(page, claim, middle)
    return page.figure


def beyond(claim: Claim, setting: Mapping[str, Any]) -> float:
    """The estimate over the smallest effect, or under it where the sentence says "less than"."""
    ratio = float(setting["estimate"]) / float(claim["smallest_effect"])
    return ratio if claim["direction"] == "at least" else 1 / ratio


def _keys(layout: Layout) -> list[list[tuple[float, str]]]:
    return flow([text_width(look.name) + 14 for look in LOOKS.values()], list(LOOKS), layout.width)


def _legend(page: Forest, keys: list[list[tuple[float, str]]]) -> None:
    for row, line in enumerate(keys):
        for x, outcome in line:
            look, y = LOOKS[outcome], LINE * (row + 1) - 2
            _mark(page.sheet.paper, x + 4, y - 4, look, look.mark)
            page.sheet.write(x + 14, y, look.name, look.colour)


def _name_sides(page: Forest, y: float) -> None:
    box = page.panel.get_position()
    width = page.sheet.layout.width
    middle = (box.x0 + box.x1) / 2 * width
    page.sheet.write(middle + EDGE, y, labels.HOLDS, style.MUTED, small=True)
    page.sheet.write(middle - EDGE, y, labels.OPPOSITE, style.MUTED, align="right", small=True)


def _draw_row(page: Forest, claim: Claim, middle: float) -> None:
    """Marks of a row, moved up and down where they would cover each other."""
    taken: list[tuple[float, float]] = []
    for own in sorted(tried(claim), key=lambda own: beyond(claim, own)):
        look, ratio = LOOKS[own["outcome"]], beyond(claim, own)
        mark = "<" if ratio < 1 / FAR else ">" if ratio > FAR else look.mark
        ratio = min(max(ratio, 1 / FAR), FAR)
        x = _points(page, ratio)
        lane = next(
            (lane for lane in _lanes() if all(abs(x - at) > SIZE + 1 for at, at_lane in taken if at_lane == lane)),
            0.0,
        )
        taken.append((x, lane))
        _mark(page.panel, ratio, middle + lane, look, mark)


def _lanes() -> list[float]:
    return [0.0, -(SIZE + 1), SIZE + 1, -2 * (SIZE + 1) + 2, 2 * (SIZE + 1) - 2]


def _points(page: Forest, ratio: float) -> float:
    place = (page.panel.transScale + page.panel.transLimits).transform((ratio, 1.0))[0]
    return float(place * page.panel.get_position().width * page.sheet.layout.width)


def _mark(axes: Any, x: float, y: float, look: Look, mark: str) -> None:
    axes.plot(
        x, y, mark, color=look.colour.light, markersize=SIZE if mark != "D" else SIZE - 1,
        markerfacecolor=look.colour.light if look.filled else "none", markeredgewidth=1.2, zorder=3,
    )  # fmt: skip
