"""A study's tables, merged from its blocks, and what they say: facts with intervals, and a summary."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from decaybench.analysis.facts import study_facts, summary
from decaybench.analysis.findings.table import study_findings
from decaybench.analysis.results import StudyResults
from decaybench.analysis.series import study_series
from decaybench.cells import tables
from decaybench.cells.blocks import block_names
from decaybench.cells.grid import cells_of
from decaybench.config import Study
from decaybench.learning import code_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--study", required=True, help="the study as JSON")
    parser.add_argument("--folder", type=Path, required=True, help="of the study, with its blocks; all goes there")
    parser.add_argument("--seeds-per-block", type=int, help="of the study; by default that of its model")
    parser.add_argument("--seeds-in-blocks", type=int, help="that the blocks were cut to; by default the same")


def run(study: Study, folder: Path, seeds_per_block: int | None = None, seeds_in_blocks: int | None = None) -> None:
    """Merge `folder`/blocks/ into cells.parquet, history.parquet and timings.json, and write what they say.

    That is facts.json, findings.json, summary.csv and series.parquet, the curves of figures.

    A block that is corrupt, or lacks cells that it should have, is set aside, so that a next run makes it again; then
    TableError is raised, and the files that were there stay.
    """
    blocks = block_names(study, seeds_in_blocks, seeds_per_block)
    paths = [folder / "blocks" / f"{name}.parquet" for name in blocks]
    write(study, folder, *tables.collect(paths, cells_of(study, code_of), _set_aside))


def write(study: Study, folder: Path, cells: pa.Table, history: pa.Table, runs: list[dict[str, Any]]) -> None:
    """Write the tables of a study and what they say; nothing before all is known."""
    rows, epochs = cells.to_pandas(), history.to_pandas()
    facts = study_facts(study, rows, epochs, tables.parameters_told(cells))
    series = study_series(StudyResults(study, facts, rows, epochs))
    found = study_findings(study, facts)
    overview = summary(facts, study)
    tables.write_table(cells, folder / "cells.parquet")
    tables.write_table(history, folder / "history.parquet")
    tables.write_json(runs, folder / "timings.json")
    with tables.replacing(folder / "summary.csv") as beside:
        overview.to_csv(beside, index=False)
    tables.write_table(series, folder / "series.parquet")
    tables.write_json(found, folder / "findings.json")
    tables.write_json(facts, folder / "facts.json")


def _set_aside(path: Path, why: str) -> None:
    print(f"{why}; moved to {tables.set_aside(path).name}" if path.exists() else why, file=sys.stderr)
