"""One training job: keep the rows of a block that still hold, take those that another layout has, train the rest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from decaybench import cells as tables
from decaybench.grid import BlockSpec, Cell
from decaybench.layouts import other_layouts
from decaybench.learning import code_of


def train_block(spec: BlockSpec, output: Path, own_seeds_per_block: int | None) -> None:
    """Bring the file `output` of a block up to date. Without the study's own block size, only that file is read."""
    cells = spec.cells(code_of)
    started = _version(output)
    kept = _old_rows(output)
    rows, missing = tables.select(kept, cells)
    runs = tables.block_runs(kept) if len(rows) else []
    print(f"{len(rows):,} of {len(cells):,} cells are there; {len(missing):,} to train", file=sys.stderr)
    if missing and own_seeds_per_block:
        rows, missing, runs = _with_other_layouts(rows, missing, runs, cells, output, own_seeds_per_block)
    if missing:
        from decaybench.learning.record import train_and_record

        fresh, run = train_and_record(missing)
        rows, _ = tables.select(pa.concat_tables([rows.replace_schema_metadata(), fresh]), cells)
        runs = [*runs, run]
        if _version(output) != started and not tables.select(_old_rows(output), cells)[1]:
            # The scheduler had given this job up for lost, and its successor was faster.
            print("another job has finished this block meanwhile; its file stays", file=sys.stderr)
            return
    tables.write_table(tables.with_runs(rows, runs), output)


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


def _old_rows(path: Path) -> pa.Table:
    """The rows of a block's earlier runs; a bad file is moved aside and said."""
    if path.exists():
        try:
            return tables.read_block(path)
        except tables.TableError as error:
            print(f"{error}; moved to {tables.set_aside(path).name}, training again", file=sys.stderr)
    return tables.BLOCK_SCHEMA.empty_table()
