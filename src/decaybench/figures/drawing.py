"""Drawing a study: every figure that applies to it, the whole folder or none of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from matplotlib.figure import Figure

from decaybench.config import Study
from decaybench.figures import FIGURES
from decaybench.figures.canvas import drawing_style
from decaybench.figures.data import StudyData
from decaybench.figures.slides import write
from decaybench.figures.svg import to_svg


def draw_study(study: Study, cells: Path, history: Path, facts: Path, output: Path) -> None:
    """Draw every figure that applies to a study as `output`/<figure>.svg: the whole folder or none of it."""
    data = StudyData.read(study, cells, history, facts)
    with _replacing_folder(output) as folder:
        for name in FIGURES:
            drawn = figure_svg(name, data)
            if drawn is not None:
                (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def draw_slides(study: Study, cells: Path, history: Path, facts: Path, output: Path) -> None:
    """Draw the same figures as `output`/<figure>.{svg,png,csv}, for slides and papers."""
    data = StudyData.read(study, cells, history, facts)
    with _replacing_folder(output) as folder:
        for name in FIGURES:
            with _drawn(name, data) as figure:
                if figure is not None:
                    write(figure, data.drawn(), folder, name)


def figure_svg(name: str, data: StudyData) -> str | None:
    """One figure as inline SVG, None when it does not apply."""
    with _drawn(name, data) as figure:
        return None if figure is None else to_svg(figure, f"{data.study.name}-{name}")


@contextmanager
def _drawn(name: str, data: StudyData) -> Iterator[Figure | None]:
    """A figure in its style, None when it does not apply; `data.drawn()` says then what it draws."""
    module = import_module(FIGURES[name])
    if not module.applies(data):
        yield None
        return
    data.drawn()  # what `applies` looked at is not drawn
    with drawing_style():
        yield module.draw(data)


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
