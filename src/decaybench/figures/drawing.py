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
from decaybench.figures import FIGURES, MODULES, NARROW_TOO
from decaybench.figures.canvas import drawing_style
from decaybench.figures.drawn import Drawn
from decaybench.figures.layout import LAYOUTS, WIDE, Layout
from decaybench.figures.slides import write
from decaybench.figures.svg import to_svg


def draw_study(study: Study, facts: Path, cells: Path, series: Path, output: Path) -> None:
    """Draw every figure that applies to a study as `output`/<figure>.svg: the whole folder or none of it."""
    results = StudyResults.read(study, facts, cells, series)
    with replacing_folder(output) as folder:
        for name in FIGURES:
            for layout in LAYOUTS if name in NARROW_TOO else (WIDE,):
                inline = figure_svg(name, results, layout)
                if inline is not None:
                    (folder / f"{name}{layout.suffix}.svg").write_text(inline, encoding="utf-8")


def draw_slides(study: Study, facts: Path, cells: Path, series: Path, output: Path) -> None:
    """Draw the same figures as `output`/<figure>.{svg,png,csv}, for slides and papers."""
    results = StudyResults.read(study, facts, cells, series)
    with replacing_folder(output) as folder:
        for name in FIGURES:
            with _drawn(name, results) as drawn:
                if drawn is not None:
                    write(drawn, folder, name)


def figure_svg(name: str, results: StudyResults, layout: Layout = WIDE) -> str | None:
    """One figure as inline SVG, None when it does not apply."""
    with _drawn(name, results, layout) as drawn:
        return None if drawn is None else to_svg(drawn.figure, f"{results.name}-{name}{layout.suffix}")


@contextmanager
def _drawn(name: str, results: StudyResults, layout: Layout = WIDE) -> Iterator[Drawn | None]:
    """A figure in its style, None when it does not apply."""
    module = import_module(MODULES[name])
    if not module.applies(results):
        yield None
        return
    with drawing_style():
        yield module.draw(results, layout) if name in NARROW_TOO else module.draw(results)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
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
