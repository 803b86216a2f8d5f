"""A page from what is there while a sweep still runs: the stages on the cells that are in, in a folder apart.

Nothing in the results folder is touched, so the running sweep does not notice.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from decaybench.cells.grid import cells_of
from decaybench.cells.tables import present, write_json
from decaybench.config import Config, ConfigError
from decaybench.learning import code_of
from decaybench.report.render import render
from decaybench.stages import analyse, draw, judge

PROGRESS = "progress.json"  # per study, cells that are in and cells that the config asks for; marks a page as partial


def run(config: Config, results: Path, pages: Mapping[str, Path]) -> None:
    """Write the page of each language from the blocks in `results`, and print where it is.

    Raises ConfigError when no cell of any study is there.
    """
    with TemporaryDirectory(prefix="decaybench-partial-") as folder:
        scratch = Path(folder)
        there = _fill(config, results, scratch)
        for language, page in pages.items():
            render(there, language, scratch, page)
            print(page)


def _fill(config: Config, results: Path, scratch: Path) -> Config:
    """Make `scratch` a results folder of the cells in `results`; the config of the studies that have some."""
    progress, studies = {}, []
    for study in config.studies:
        asked = cells_of(study, code_of)
        paths = sorted((results / study.name / "blocks").glob("*.parquet"))
        cells, history, runs = present(paths, asked, lambda bad: print(f"{bad}; passed over", file=sys.stderr))
        progress[study.name] = {"there": len(cells), "asked": len(asked)}
        if len(cells):
            studies.append(study)
            analyse.write(study, scratch / study.name, cells, history, runs)
            draw.run(study, scratch / study.name)
    if not studies:
        raise ConfigError(f"{results}: no cell of this config is there yet; start the sweep first")
    steps = Path("_machine", "timings.json")
    if (results / steps).exists():
        (scratch / steps).parent.mkdir()
        shutil.copyfile(results / steps, scratch / steps)
    there = config.model_copy(update={"studies": studies})
    judge.run(there, scratch)
    write_json(progress, scratch / PROGRESS)
    return there
