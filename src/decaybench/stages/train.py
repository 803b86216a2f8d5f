"""One training job: keep the rows of a block that still hold, take those that another layout has, train the rest.

Snakemake deletes an output before its job runs and after a job has failed. What a block has trained therefore has a
second name that Snakemake does not know, .NNNN.kept beside NNNN.parquet (a hard link), and is never lost. The other
way, an output marked `update()`, would lose it: a failed job leaves the new parameters on record beside the old
rows, and with an executor of a cluster even the old rows are removed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from decaybench.cells import tables
from decaybench.cells.blocks import kept_name, other_layouts
from decaybench.cells.grid import Cell, cells_of
from decaybench.config import Study
from decaybench.learning import code_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--study", required=True, help="the study as JSON")
    parser.add_argument("--seeds", type=_seeds, help="of the block, FIRST-LAST; else all of the study")
    parser.add_argument("--seeds-per-block", type=int, help="of the study; else blocks of other layouts are not read")
    parser.add_argument("--output", type=Path, required=True, help="the file of the block")


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1)


def run(study: Study, output: Path, seeds: range | None = None, seeds_per_block: int | None = None) -> None:
    """Bring the file `output` of a block up to date. Without the study's own block size, only that block is read."""
    cells = cells_of(study, code_of, seeds)
    keeper = output.with_name(kept_name(output.name))
    old = _old_rows(output, keeper)
    started = _version(keeper)
    rows, missing = tables.select(old, cells)
    runs = tables.block_runs(old) if len(rows) else []
    print(f"{len(rows):,} of {len(cells):,} cells are there; {len(missing):,} to train", file=sys.stderr)
    if missing and seeds_per_block:
        rows, missing, runs = _with_other_layouts(rows, missing, runs, cells, output, seeds_per_block)
    if missing:
        from decaybench.learning.run import train_and_record

        fresh, record = train_and_record(missing)
        rows, _ = tables.select(pa.concat_tables([rows.replace_schema_metadata(), fresh]), cells)
        runs = [*runs, record]
    if _version(keeper) != started and not tables.select(tables.read_block(keeper), cells)[1]:
        # A scheduler had given this job up for lost, and its successor was faster.
        print("another job has finished this block meanwhile; its rows stay", file=sys.stderr)
    elif not (keeper.exists() and rows.equals(old)):
        tables.write_table(tables.with_runs(rows, runs), keeper)
    if keeper != output:
        _name_also(keeper, output)


def _with_other_layouts(
    rows: pa.Table, missing: Sequence[Cell], runs: list[dict[str, Any]], cells: Sequence[Cell], output: Path, own: int
) -> tuple[pa.Table, list[Cell], list[dict[str, Any]]]:
    """The rows with those of the missing cells that blocks of other layouts hold; what is missing still; the runs."""
    missing = list(missing)
    for path in other_layouts(output, sorted({cell.seed for cell in missing}), own):
        try:
            there = tables.read_block(path)
        except tables.TableError:
            continue  # not this job's file: whose it is will say so
        found, missing = tables.select(there, missing)
        if len(found):
            print(f"{len(found):,} cells are in {path.name}; {len(missing):,} to train", file=sys.stderr)
            rows = pa.concat_tables([rows.replace_schema_metadata(), found.replace_schema_metadata()])
            runs = [*runs, *(_share_of(run, len(found) / len(there)) for run in tables.block_runs(there))]
        if not missing:
            break
    return tables.select(rows, cells)[0], missing, runs


def _share_of(run: dict[str, Any], share: float) -> dict[str, Any]:
    """The machine record of a part of what a run has trained."""
    return {**run, "cells": round(run["cells"] * share), "seconds": round(run["seconds"] * share, 3)}


def _version(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced."""
    if not path.exists():
        return None
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns


def _old_rows(output: Path, keeper: Path) -> pa.Table:
    """The rows of a block's earlier runs; a bad file is moved aside, a bad second name removed, and both are said."""
    if output.exists():
        try:
            return tables.read_block(output)
        except tables.TableError as error:
            print(f"{error}; moved to {tables.set_aside(output).name}, training again", file=sys.stderr)
    if keeper.exists():
        try:
            return tables.read_block(keeper)
        except tables.TableError:
            keeper.unlink()
    return tables.BLOCK_SCHEMA.empty_table()


def _name_also(path: Path, name: Path) -> None:
    """Give a file a second name; where the file system has no hard links, a copy."""
    with tables.replacing(name) as beside:
        beside.unlink(missing_ok=True)
        try:
            os.link(path, beside)
        except OSError:
            shutil.copyfile(path, beside)
