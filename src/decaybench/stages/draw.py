"""The figures of a study, for the page."""

from __future__ import annotations

import argparse
from pathlib import Path

from decaybench.config import Study
from decaybench.figures.drawing import draw_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--study", required=True, help="the study as JSON")
    parser.add_argument("--folder", type=Path, required=True, help="of the study, with its tables and facts")


def run(study: Study, folder: Path) -> None:
    """Draw `folder`/figures/ from the tables and facts of the study there."""
    draw_study(study, folder / "facts.json", folder / "cells.parquet", folder / "series.parquet", folder / "figures")
