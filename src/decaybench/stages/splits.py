"""Which rows of a table each seed trains on, chooses on and reports on: everything can be computed again from it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa

from decaybench.cells.tables import write_table
from decaybench.config import Study, Table
from decaybench.tasks.table import parts_of

SCHEMA = pa.schema(
    [("variant", pa.string()), ("seed", pa.int64()), ("row", pa.int64()), ("role", pa.string())]
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """The rule's params and outputs."""
    parser.add_argument("--study", required=True, help="the study as JSON")
    parser.add_argument("--output", type=Path, required=True)


def run(study: Study, output: Path) -> None:
    """Write splits.parquet: a row for each row of the file that a seed of a variant uses."""
    write_table(splits_of(study), output)


def splits_of(study: Study) -> pa.Table:
    """variant, seed, row (of the file, from 0), role (train, validation, test), in this order."""
    tables = [SCHEMA.empty_table()]
    for variant in study.resolved():
        if not isinstance(variant.task, Table):
            continue
        for seed in variant.grid.seed_list():
            for role, rows in parts_of(variant.task, seed)._asdict().items():
                columns = [[variant.name] * len(rows), np.full(len(rows), seed), np.sort(rows), [role] * len(rows)]
                tables.append(pa.table(columns, schema=SCHEMA))
    return pa.concat_tables(tables).combine_chunks()
