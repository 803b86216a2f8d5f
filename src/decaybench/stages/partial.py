"""A page from what is there while a sweep still runs: the rules' steps on the cells that are in, in a folder apart.

Nothing in the results folder is touched, so the running sweep does not notice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from decaybench.cells.grid import study_spec
from decaybench.cells.tables import present, write_json, write_table
from decaybench.config import Config, ConfigError, Study
from decaybench.learning import code_of

Verb = Callable[..., None]  # runs a verb of the command line, as a rule would
PROGRESS = "progress.json"  # per study, cells that are in and cells that the config asks for; marks a page as partial


def gather(config: Config, results: Path, scratch: Path, verb: Verb) -> Config:
    """Fill `scratch` like a results folder from the blocks in `results`; the config of the studies that have cells.

    Raises ConfigError when no study has any.
    """
    progress = {}
    studies = []
    for study in config.studies:
        there, asked = _collect(study, results, scratch)
        progress[study.name] = {"there": there, "asked": asked}
        if there:
            studies.append(study)
    if not studies:
        raise ConfigError(f"{results}: no cell of this config is there yet; start the sweep first")
    _analyse(config := config.model_copy(update={"studies": studies}), results, scratch, verb)
    write_json(progress, scratch / PROGRESS)
    return config


def _collect(study: Study, results: Path, scratch: Path) -> tuple[int, int]:
    cells = study_spec(study).cells(code_of)
    folder = scratch / study.name
    paths = sorted((results / study.name / "blocks").glob("*.parquet"))
    rows, history, runs = present(paths, cells, lambda bad: print(f"{bad}; passed over", file=sys.stderr))
    write_table(rows, folder / "cells.parquet")
    write_table(history, folder / "history.parquet")
    write_json(runs, folder / "timings.json")
    return len(rows), len(cells)


def _analyse(config: Config, results: Path, scratch: Path, verb: Verb) -> None:
    whole = config.model_dump_json()
    folders = [scratch / study.name for study in config.studies]

    def each(name: str) -> list[str]:
        return [str(folder / name) for folder in folders]

    for study, folder in zip(config.studies, folders, strict=True):
        shared = ("--study", study.model_dump_json(), "--cells", str(folder / "cells.parquet"), "--facts",
                  str(folder / "facts.json"), "--series", str(folder / "series.parquet"))  # fmt: skip
        verb(
            "analyse", *shared, "--history", str(folder / "history.parquet"), "--summary", str(folder / "summary.csv")
        )
        verb("draw", *shared, "--output", str(folder / "figures"))
    cost, claims = results / "_machine" / "timings.json", scratch / "claims.json"
    if not cost.exists():
        cost = scratch / "cost.json"
        cost.write_text(json.dumps([]), encoding="utf-8")
    verb("judge", "--config", whole, "--cells", *each("cells.parquet"), "--history", *each("history.parquet"),
         "--claims", str(claims))  # fmt: skip
    verb("gather", "--config", whole, "--cost", str(cost), "--claims", str(claims), "--study-facts",
         *each("facts.json"), "--study-timings", *each("timings.json"), "--facts", str(scratch / "facts.json"),
         "--timings", str(scratch / "timings.json"), "--manifest", str(scratch / "manifest.json"))  # fmt: skip
