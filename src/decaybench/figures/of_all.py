"""The figures of all studies together, each in two layouts: the whole folder or none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from decaybench.analysis.results import StudyResults
from decaybench.figures import claims_forest, practice_forest
from decaybench.figures.canvas import drawing_style
from decaybench.figures.drawing import replacing_folder
from decaybench.figures.layout import LAYOUTS
from decaybench.figures.svg import to_svg


def draw_all(claims: Sequence[Mapping[str, Any]], studies: Sequence[StudyResults], output: Path) -> None:
    """Draw `output`/<figure>.svg and <figure>-narrow.svg of those that apply."""
    with replacing_folder(output) as folder, drawing_style():
        for layout in LAYOUTS:
            if claims_forest.applies(claims):
                _write(claims_forest.draw(claims, layout), folder, f"claims_forest{layout.suffix}")
            if practice_forest.applies(studies):
                _write(practice_forest.draw(studies, layout), folder, f"practice_forest{layout.suffix}")


def _write(figure: Any, folder: Path, name: str) -> None:
    (folder / f"{name}.svg").write_text(to_svg(figure, f"all-{name}"), encoding="utf-8")
