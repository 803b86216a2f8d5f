"""A figure as files for slides and papers: SVG with plain colours, PNG at 300 dots an inch, CSV of what is drawn."""

from __future__ import annotations

from pathlib import Path

from decaybench.figures.drawn import Drawn
from decaybench.figures.svg import settle

DPI = 300


def write(drawn: Drawn, folder: Path, name: str) -> None:
    """Write `folder`/<name>.svg, .png and .csv; equal bytes for equal figures."""
    folder.mkdir(exist_ok=True)
    figure = drawn.figure
    settle(figure)
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(folder / f"{name}.png", dpi=DPI, facecolor="white", metadata={"Software": None})
    drawn.table().to_csv(folder / f"{name}.csv", index=False)
