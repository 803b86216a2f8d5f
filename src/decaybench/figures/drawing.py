"""Drawing a study: every figure that applies to it, the whole folder or none of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from decaybench.analysis.results import StudyResults
from decaybench.config import Study
from decaybench.figures import FIGURES, MODULES
from decaybench.figures.canvas import drawing_style
from decaybench.figures.drawn import Drawn
from decaybench.figures.slides import write
from decaybench.figures.svg import to_svg

SLIDES = "slides"  # a folder beside the page's figures


def draw_study(study: Study, facts: Path, cells: Path, series: Path, output: Path) -> None:
    """Draw every figure that applies to a study: the whole folder or none of it.

    `output`/<figure>.svg is for the page, `output`/slides/<figure>.{svg,png,csv} for everything else.
    """
    results = StudyResults.read(study, facts, cells, series)
    with _replacing_folder(output) as folder:
        for name in FIGURES:
            drawn = figure_svg(name, results, folder / SLIDES)
            if drawn is not None:
                (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def figure_svg(name: str, results: StudyResults, slides: Path | None = None) -> str | None:
    """One figure as inline SVG, None when it does not apply; also as files for slides in a folder."""
    module = import_module(MODULES[name])
    if not module.applies(results):
        return None
    with drawing_style():
        drawn: Drawn = module.draw(results)
        inline = to_svg(drawn.figure, f"{results.name}-{name}")
        if slides is not None:
            write(drawn, slides, name)
    return inline


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
