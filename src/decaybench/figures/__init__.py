"""Figures: one file each, which says whether it applies to a study and draws it.

Importing this package imports no drawing library: a figure's module is imported when it is drawn.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decaybench.config.models import Study

if TYPE_CHECKING:
    from decaybench.figures.data import StudyData

FIGURES = {
    "explorer": "decaybench.figures.explorer",
    "loss_curves": "decaybench.figures.loss_curves",
    "loss_by_weight_decay": "decaybench.figures.loss_by_weight_decay",
    "accuracy_by_weight_decay": "decaybench.figures.accuracy_by_weight_decay",
    "weight_norm": "decaybench.figures.weight_norm",
    "occam": "decaybench.figures.occam",
    "start_terms": "decaybench.figures.start_terms",
    "optimizers": "decaybench.figures.optimizers",
    "published_norms": "decaybench.figures.published_norms",
    "fitted_curve": "decaybench.figures.fitted_curve",
    "weight_histogram": "decaybench.figures.weight_histogram",
    "coefficient_paths": "decaybench.figures.coefficient_paths",
    "spectral_filters": "decaybench.figures.spectral_filters",
    "remedies": "decaybench.figures.remedies",
    "loss_by_rows": "decaybench.figures.loss_by_rows",
}

SLIDES = "slides"  # a folder beside the page's figures


def draw_study(study: Study, cells: Path, history: Path, facts: Path, output: Path) -> None:
    """Draw every figure that applies to a study: the whole folder or none of it.

    `output`/<figure>.svg is for the page, `output`/slides/<figure>.{svg,png,csv} for everything else.
    """
    from decaybench.figures.data import StudyData

    data = StudyData.read(study, cells, history, facts)
    with _replacing_folder(output) as folder:
        for name in FIGURES:
            drawn = figure_svg(name, data, folder / SLIDES)
            if drawn is not None:
                (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def figure_svg(name: str, data: StudyData, slides: Path | None = None) -> str | None:
    """One figure as inline SVG, None when it does not apply; also as files for slides in a folder."""
    from decaybench.figures.canvas import drawing_style
    from decaybench.figures.slides import write
    from decaybench.figures.svg import to_svg

    module = import_module(FIGURES[name])
    if not module.applies(data):
        return None
    data.drawn()  # what `applies` looked at is not drawn
    with drawing_style():
        figure = module.draw(data)
        inline = to_svg(figure, f"{data.study.name}-{name}")
        if slides is not None:
            write(figure, data.drawn(), slides, name)
    return inline


def cost_svg(measured: Sequence[Mapping[str, Any]]) -> str | None:
    """The timings of a step, a fact of the machine and of no study, as inline SVG; None when none were taken."""
    from decaybench.figures.canvas import drawing_style
    from decaybench.figures.cost import draw
    from decaybench.figures.svg import to_svg

    if not measured:
        return None
    with drawing_style():
        return to_svg(draw(measured), "machine-cost")


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path` that takes its place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        if path.exists():
            path.replace(old)
        beside.replace(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
