"""The two tables: their columns, reading, writing, and a block's file.

A block's file has one row a cell: its columns of cells.parquet, its history as lists, and the key by which
the row is judged when the block runs again.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from decaybench.cells.grid import Cell
from decaybench.config import InputError

if TYPE_CHECKING:  # costs more to import than a merge takes
    import pandas as pd

KEYS = {"study": pa.string(), "variant": pa.string(), "weight_decay": pa.float64(), "seed": pa.int64()}
SPLITS = ("train", "validation", "test")
LOSSES = [f"{split}_loss" for split in SPLITS]
ACCURACIES = [f"{split}_accuracy" for split in SPLITS]
NORMS = [
    "weight_norm", "row_space_norm", "null_space_norm", "bias", "init_norm", "initial_null_space_norm",
]  # fmt: skip
CELL_COLUMNS = {
    **KEYS,
    "steps": pa.int64(),
    "diverged": pa.bool_(),
    **dict.fromkeys([*LOSSES, *ACCURACIES, *NORMS], pa.float64()),
}
HISTORY_METRICS = [*LOSSES, *ACCURACIES, "weight_norm"]
HISTORY_COLUMNS = {**KEYS, "epoch": pa.int64(), **dict.fromkeys(HISTORY_METRICS, pa.float64())}
BLOCK_COLUMNS = {
    **CELL_COLUMNS,
    "cell_key": pa.string(),
    "parameters": pa.string(),  # of an own module: which are biases, frozen, without gradient; as JSON
    "history_epoch": pa.list_(pa.int64()),
    **{f"history_{metric}": pa.list_(pa.float64()) for metric in HISTORY_METRICS},
}
CELL_SCHEMA, HISTORY_SCHEMA, BLOCK_SCHEMA = (
    pa.schema(list(columns.items())) for columns in (CELL_COLUMNS, HISTORY_COLUMNS, BLOCK_COLUMNS)
)
RUNS = b"decaybench.runs"  # file metadata of a block: which machine trained how many cells in what time

PARAMETERS = b"decaybench.parameters"  # file metadata of cells.parquet: what own modules' parameters are


class TableError(InputError):
    """A table that cannot be used; the message names the file."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` only when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_table(table: pa.Table, path: Path) -> None:
    """Write Parquet with checksums, whole or not at all."""
    with replacing(path) as beside:
        pq.write_table(table, beside, compression="zstd", write_page_checksum=True)


def write_json(content: Any, path: Path) -> None:
    """Sorted, indented JSON, whole or not at all; NaN is refused."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def read_table(path: Path) -> pd.DataFrame:
    """cells.parquet or history.parquet of a study as a data frame."""
    return pq.read_table(path).to_pandas()


# --- blocks ----------------------------------------------------------------------------------------


def read_block(path: Path) -> pa.Table:
    """A block's file. Raises TableError when it is truncated, corrupt or not a block."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        block_runs(table)
    except (OSError, ValueError, pa.ArrowException) as error:  # ValueError: what is not JSON or not text
        reason = str(error).strip().splitlines()[0]
        raise TableError(f"{path}: not a readable block ({reason})") from None
    if not table.schema.equals(BLOCK_SCHEMA):
        raise TableError(f"{path}: has other columns than a block of this version")
    return table


def set_aside(path: Path) -> Path:
    """Move a bad file out of the way, so that it is made again; nothing is deleted."""
    corrupt = path.with_name(path.name + ".corrupt")
    path.replace(corrupt)
    return corrupt


def block_runs(table: pa.Table) -> list[dict[str, Any]]:
    """The machine records of all runs that trained rows of a block."""
    return json.loads((table.schema.metadata or {}).get(RUNS, b"[]"))


def with_runs(table: pa.Table, runs: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The table with machine records attached."""
    return table.replace_schema_metadata({RUNS: json.dumps(list(runs), sort_keys=True).encode()})


def rows_of(
    cells: Sequence[Cell],
    columns: Mapping[str, np.ndarray],
    epochs: Sequence[int],
    history: Mapping[str, np.ndarray],
    n_records: np.ndarray,
) -> pa.Table:
    """Rows of a block for freshly trained cells.

    columns: final values, [cells] each; history: [cells, records] each, of which cell i keeps the first
    n_records[i]. What a model does not have is null.
    """
    n = len(cells)
    keep = np.arange(len(epochs))[None, :] < n_records[:, None]
    offsets = pa.array(np.concatenate([[0], np.cumsum(n_records)]), pa.int32())

    def ragged(values: np.ndarray | None, kind: pa.DataType) -> pa.Array:
        if values is None:
            return pa.nulls(n, pa.list_(kind))
        return pa.ListArray.from_arrays(offsets, pa.array(values[keep], kind))

    arrays: dict[str, pa.Array] = {
        "study": pa.array([cell.study for cell in cells]),
        "variant": pa.array([cell.variant for cell in cells]),
        "weight_decay": pa.array([cell.weight_decay for cell in cells], pa.float64()),
        "seed": pa.array([cell.seed for cell in cells], pa.int64()),
        "cell_key": pa.array([cell.key for cell in cells]),
        "parameters": pa.array(columns["parameters"], pa.string())
        if "parameters" in columns
        else pa.nulls(n, pa.string()),
        "history_epoch": ragged(np.broadcast_to(np.asarray(epochs), keep.shape), pa.int64()),
    }
    for metric in HISTORY_METRICS:
        arrays[f"history_{metric}"] = ragged(history.get(metric), pa.float64())
    for name, kind in CELL_COLUMNS.items():
        if name not in arrays:
            arrays[name] = pa.array(columns[name], kind) if name in columns else pa.nulls(n, kind)
    return pa.table([arrays[name] for name in BLOCK_COLUMNS], schema=BLOCK_SCHEMA)


def select(table: pa.Table, cells: Sequence[Cell]) -> tuple[pa.Table, list[Cell]]:
    """The rows of those `cells` that the table has, in their order and under their names; and the missing."""
    wanted = pa.array([cell.key for cell in cells], pa.string())
    positions = pc.index_in(wanted, value_set=table["cell_key"].combine_chunks())
    there = positions.is_valid().to_numpy(zero_copy_only=False)
    found = [cell for cell, is_there in zip(cells, there, strict=True) if is_there]
    missing = [cell for cell, is_there in zip(cells, there, strict=True) if not is_there]
    rows = table.take(positions.drop_null())
    for name in ("study", "variant"):
        values = pa.array([getattr(cell, name) for cell in found], pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows, missing


# --- a study's tables ------------------------------------------------------------------------------


def collect(
    paths: Sequence[Path], cells: Sequence[Cell], on_bad: Callable[[Path, str], None]
) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """Merge blocks into the study's two tables, in the order of `cells`; and the runs that made them.

    Blocks that are corrupt, or lack cells that they should have, are handed to `on_bad`; then TableError is
    raised, and a next run makes them again.
    """
    tables: dict[Path, pa.Table] = {}
    for path in paths:
        try:
            tables[path] = read_block(path)
        except TableError as error:
            on_bad(path, str(error))
    if len(tables) < len(paths):
        raise TableError("run again to train the blocks that were set aside")
    rows, missing = select(pa.concat_tables(t.replace_schema_metadata() for t in tables.values()), cells)
    if missing:
        lost = {cell.seed for cell in missing}
        for path, table in tables.items():
            if not table.num_rows or lost & set(table["seed"].to_pylist()):
                on_bad(path, f"{path}: lacks cells of this config and code")
        first = missing[0]
        raise TableError(
            f"{len(missing)} of {len(cells)} cells of study {first.study} are in no block (the first: variant "
            f"{first.variant}, weight_decay {first.weight_decay:g}, seed {first.seed}); run again to train them"
        )
    runs = [run for table in tables.values() for run in block_runs(table)]
    return _cell_table(rows), _exploded(rows), runs


def present(
    paths: Sequence[Path], cells: Sequence[Cell], on_bad: Callable[[str], None]
) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """As `collect`, of the cells that are there by now; what cannot be read is said and left where it is."""
    tables = []
    for path in paths:
        try:
            tables.append(read_block(path))
        except TableError as error:
            on_bad(str(error))
    merged = pa.concat_tables([BLOCK_SCHEMA.empty_table(), *(t.replace_schema_metadata() for t in tables)])
    rows, _ = select(merged, cells)
    return _cell_table(rows), _exploded(rows), [run for t in tables for run in block_runs(t)]


def parameters_told(cells: pa.Table) -> dict[str, dict[str, Any]]:
    """What the table of cells tells of the parameters of own modules, by variant; empty for other models."""
    return json.loads((cells.schema.metadata or {}).get(PARAMETERS, b"{}"))


def _cell_table(rows: pa.Table) -> pa.Table:
    """The columns of cells.parquet, and in its metadata the parameters of own modules."""
    told: dict[str, dict[str, Any]] = {}
    for group in (
        rows.select(["variant", "parameters"])
        .group_by(["variant", "parameters"], use_threads=False)
        .aggregate([])
        .to_pylist()
    ):
        if group["parameters"]:
            known = told.setdefault(group["variant"], {})
            for name, value in json.loads(group["parameters"]).items():
                known[name] = _joined(known.get(name), value)
    table = rows.select(list(CELL_COLUMNS)).replace_schema_metadata()
    return table.replace_schema_metadata({PARAMETERS: json.dumps(told, sort_keys=True).encode()}) if told else table


def _joined(known: Any, value: Any) -> Any:
    """Names that some cell has, in their order; of what is true or false, whether it is true of all."""
    if isinstance(value, list):
        return list(dict.fromkeys([*(known or []), *value]))
    return value if known is None else known and value


def _exploded(rows: pa.Table) -> pa.Table:
    """One row a cell and recorded epoch."""
    epochs = rows["history_epoch"].combine_chunks()
    parents = pc.list_parent_indices(epochs)
    columns = {name: rows[name].take(parents) for name in KEYS}
    columns["epoch"] = pc.list_flatten(epochs)
    for metric in HISTORY_METRICS:
        values = rows[f"history_{metric}"].combine_chunks()
        if values.null_count == 0:
            columns[metric] = pc.list_flatten(values)
        else:
            columns[metric] = _with_gaps(values, np.asarray(pc.list_value_length(epochs)))
    return pa.table([columns[name] for name in HISTORY_COLUMNS], schema=HISTORY_SCHEMA)


def _with_gaps(values: pa.ListArray, lengths: np.ndarray) -> pa.Array:
    """Flatten lists of which some cells have none (accuracies of a variant without classes)."""
    filled: list[float | None] = []
    for value, length in zip(values.to_pylist(), lengths, strict=True):
        filled.extend(value if value is not None else [None] * length)
    return pa.array(filled, pa.float64())
