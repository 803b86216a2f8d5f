"""The tables: what they hold, and that a bad file is named and never believed."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import cells_of, study_of, trained

from decaybench.cells import tables
from decaybench.cells.tables import (
    BLOCK_SCHEMA,
    TableError,
    block_runs,
    collect,
    read_block,
    select,
    with_runs,
    write_table,
)
from decaybench.learning.block import train_cells

SHORT = {"epochs": 2, "record_every": 1}
SMALL = {"n_train": 6, "n_features": 9, "n_validation": 5, "n_test": 5}
RUNS = [{"device": "cpu", "seconds": 1.5}]


def small_study(seeds=(0, 1), **keys):
    grid = {"weight_decay": [0, 3], "seeds": list(seeds)}
    return study_of(**{"task": SMALL, "training": SHORT, "grid": grid, **keys})


def rows_of_cells(cells):
    return train_cells(cells)[0]


@pytest.fixture
def block(tmp_path):
    """A block's file, its table and its cells."""
    cells = cells_of(small_study())
    path = tmp_path / "0000.parquet"
    table = with_runs(rows_of_cells(cells), RUNS)
    write_table(table, path)
    return path, table, cells


def collected(paths, cells):
    bad = []
    return *collect(paths, cells, lambda path, why: bad.append((path, why))), bad


# --- round trips -----------------------------------------------------------------------------------


def test_a_block_comes_back_as_it_was_written(block, tmp_path):
    path, table, _ = block
    assert read_block(path).equals(table)
    assert block_runs(read_block(path)) == RUNS
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_failed_write_leaves_nothing_and_keeps_the_old(block, monkeypatch):
    path, table, _ = block

    def half_a_file(_, beside, **__):
        beside.write_bytes(b"PAR1 half")
        raise OSError("no space left on device")

    monkeypatch.setattr(tables.pq, "write_table", half_a_file)
    with pytest.raises(OSError, match="no space"):
        write_table(table.slice(0, 1), path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert read_block(path).equals(table)


# --- bad files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"not parquet at all", b"PAR1" + bytes(100) + b"PAR1"],
    ids=["empty", "magic", "text", "zeros"],
)
def test_a_foreign_file_is_refused_by_name(content, tmp_path):
    path = tmp_path / "0003.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"0003\.parquet"):
        read_block(path)


def test_another_table_is_no_block(tmp_path):
    path = tmp_path / "0003.parquet"
    pq.write_table(pa.table({"cell_key": ["a"]}), path)
    with pytest.raises(TableError, match=r"0003\.parquet: has other columns"):
        read_block(path)


def test_a_missing_block_is_named(tmp_path):
    with pytest.raises((TableError, OSError), match="gone"):
        read_block(tmp_path / "gone.parquet")


@settings(deadline=None, max_examples=40, derandomize=True)
@given(data=st.data())
def test_a_truncated_block_is_refused_by_name(data, tmp_path_factory):
    content, _ = written_block(tmp_path_factory)
    path = tmp_path_factory.getbasetemp() / "cut.parquet"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(TableError, match=r"cut\.parquet"):
        read_block(path)


def written_block(tmp_path_factory, made=[]):  # noqa: B006
    """The bytes of a block's file and its table, written once."""
    if not made:
        path = tmp_path_factory.mktemp("block") / "whole.parquet"
        table = with_runs(rows_of_cells(cells_of(small_study(seeds=[0]))), RUNS)
        write_table(table, path)
        made += [path.read_bytes(), table]
    return made


@settings(deadline=None, max_examples=400, derandomize=True)
@given(data=st.data())
def test_one_flipped_bit_never_changes_a_number(data, tmp_path_factory):
    """It is refused by name, or it hit bytes that say nothing (statistics) and the rows are the same."""
    content, table = written_block(tmp_path_factory)
    flipped = bytearray(content)
    flipped[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.getbasetemp() / "flipped.parquet"
    path.write_bytes(flipped)
    try:
        found = read_block(path)
    except TableError as error:
        assert "flipped.parquet" in str(error)
        assert "\n" not in str(error)
    else:
        assert found.equals(table)
        assert isinstance(block_runs(found), list)


def test_a_flipped_bit_in_the_numbers_is_refused(tmp_path_factory):
    content, _ = written_block(tmp_path_factory)
    path = tmp_path_factory.getbasetemp() / "flipped.parquet"
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    refused, positions = 0, range(40, footer, 31)
    for position in positions:
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        try:
            read_block(path)
        except TableError:
            refused += 1
    assert refused > 0.6 * len(positions)  # the rest hit statistics in page headers


def test_a_broken_record_of_runs_is_refused(block):
    path, table, _ = block
    write_table(table.replace_schema_metadata({tables.RUNS: b'[{"seconds": '}), path)
    with pytest.raises(TableError, match=r"0000\.parquet"):
        read_block(path)


# --- collecting ------------------------------------------------------------------------------------


def two_blocks(tmp_path, **keys):
    study = small_study(seeds=[0, 1, 2, 3], **keys)
    cells, paths = cells_of(study), [tmp_path / "0000.parquet", tmp_path / "0001.parquet"]
    for path, seeds in zip(paths, ([0, 1], [2, 3]), strict=True):
        write_table(with_runs(rows_of_cells([cell for cell in cells if cell.seed in seeds]), RUNS), path)
    return paths, cells


def test_blocks_are_merged_in_the_order_of_the_study(tmp_path):
    paths, cells = two_blocks(tmp_path)
    for order in (paths, paths[::-1]):
        merged, history, runs, bad = collected(order, cells)
        assert [tuple(row[k] for k in ("variant", "weight_decay", "seed")) for row in merged.to_pylist()] == [
            (cell.variant, cell.weight_decay, cell.seed) for cell in cells
        ]
        assert (len(history), runs, bad) == (3 * len(cells), RUNS * 2, [])


def test_a_corrupt_block_is_handed_over_and_the_others_are_not(tmp_path):
    paths, cells = two_blocks(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:-30])
    bad = []
    with pytest.raises(TableError, match="run again"):
        collect(paths, cells, lambda path, why: bad.append((path, why)))
    assert [path for path, _ in bad] == [paths[1]]
    assert "0001.parquet" in bad[0][1]


def test_a_block_that_lacks_cells_is_handed_over(tmp_path):
    paths, cells = two_blocks(tmp_path)
    write_table(read_block(paths[0]).slice(1), paths[0])
    bad = []
    with pytest.raises(TableError, match=r"1 of 8 cells of study a .* weight_decay 0, seed 0"):
        collect(paths, cells, lambda path, why: bad.append((path, why)))
    assert [path for path, _ in bad] == [paths[0]]


def test_blocks_of_other_code_are_handed_over(tmp_path):
    paths, _ = two_blocks(tmp_path)
    newer = cells_of(small_study(seeds=[0, 1, 2, 3], training={**SHORT, "learning_rate": 0.001}))
    bad = []
    with pytest.raises(TableError, match="8 of 8 cells"):
        collect(paths, newer, lambda path, why: bad.append(path))
    assert bad == paths


def test_a_block_without_rows_is_handed_over(tmp_path):
    paths, cells = two_blocks(tmp_path)
    write_table(BLOCK_SCHEMA.empty_table(), paths[1])
    bad = []
    with pytest.raises(TableError, match="4 of 8 cells"):
        collect(paths, cells, lambda path, why: bad.append(path))
    assert bad == [paths[1]]


def test_set_aside_moves_and_deletes_nothing(block):
    path, _, _ = block
    content = path.read_bytes()
    assert tables.set_aside(path).name == "0000.parquet.corrupt"
    assert not path.exists()
    assert path.with_name("0000.parquet.corrupt").read_bytes() == content


# --- columns ---------------------------------------------------------------------------------------

CELL_COLUMNS = {
    "study": "string", "variant": "string", "weight_decay": "double", "seed": "int64", "steps": "int64",
    "diverged": "bool", "train_loss": "double", "validation_loss": "double", "test_loss": "double",
    "train_accuracy": "double", "validation_accuracy": "double", "test_accuracy": "double", "weight_norm": "double",
    "row_space_norm": "double", "null_space_norm": "double", "bias": "double", "init_norm": "double",
    "initial_null_space_norm": "double",
}  # fmt: skip
HISTORY_COLUMNS = {
    "study": "string", "variant": "string", "weight_decay": "double", "seed": "int64", "epoch": "int64",
    "train_loss": "double", "validation_loss": "double", "test_loss": "double", "train_accuracy": "double",
    "validation_accuracy": "double", "test_accuracy": "double", "weight_norm": "double",
}  # fmt: skip
ACCURACIES = ["train_accuracy", "validation_accuracy", "test_accuracy"]
GEOMETRY = ["row_space_norm", "null_space_norm", "initial_null_space_norm"]
DIGITS = {"kind": "digits", "n_train": 20, "n_validation": 10, "n_test": 10}


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        ({}, ACCURACIES),
        ({"task": DIGITS}, ["bias"]),
        ({"task": DIGITS, "model": {"kind": "mlp", "hidden": [4]}}, ["bias", *GEOMETRY]),
        ({"model": {"kind": "mlp", "hidden": [4]}}, ["bias", *GEOMETRY, *ACCURACIES]),
    ],
    ids=["linear", "softmax", "mlp of classes", "mlp of numbers"],
)
def test_every_study_has_every_column_and_null_where_it_does_not_apply(keys, missing, tmp_path):
    cells = cells_of(small_study(**keys))
    write_table(rows_of_cells(cells), tmp_path / "0.parquet")
    merged, history, _, _ = collected([tmp_path / "0.parquet"], cells)
    assert {field.name: str(field.type) for field in merged.schema} == CELL_COLUMNS
    assert {field.name: str(field.type) for field in history.schema} == HISTORY_COLUMNS
    assert sorted(n for n in CELL_COLUMNS if merged[n].null_count) == sorted(missing)
    assert all(merged[name].null_count in (0, len(cells)) for name in CELL_COLUMNS)
    assert all(history[name].null_count == (name in missing) * len(history) for name in HISTORY_COLUMNS)


def test_history_starts_at_epoch_0_and_ends_with_the_row_of_the_cell(tmp_path):
    cells = cells_of(small_study(training={"epochs": 7, "record_every": 3}))
    write_table(rows_of_cells(cells), tmp_path / "0.parquet")
    merged, history, _, _ = collected([tmp_path / "0.parquet"], cells)
    merged, history = merged.to_pandas(), history.to_pandas()
    for key, group in history.groupby(["weight_decay", "seed"]):
        row = merged.set_index(["weight_decay", "seed"]).loc[key]
        assert group["epoch"].tolist() == [0, 3, 6, 7]
        assert group["weight_norm"].iloc[0] == pytest.approx(row["init_norm"], rel=1e-14)
        last = group.iloc[-1]
        assert last["test_loss"] == row["test_loss"]
        assert row["steps"] == 7 * 2
    starts = history[history["epoch"] == 0].groupby("seed")["train_loss"].nunique()
    assert (starts == 1).all()  # every λ of a seed starts from the same weights on the same data


def test_histories_of_different_lengths_keep_their_rows_apart(tmp_path):
    study = small_study(
        task={**SMALL, "n_train": 6},
        grid={"weight_decay": [0, 1e4], "seeds": 2},
        training={"epochs": 4, "record_every": 1},
        variants={"long": {"training.epochs": 9}},
    )
    cells = cells_of(study)
    write_table(rows_of_cells(cells), tmp_path / "0.parquet")
    merged, history, _, _ = collected([tmp_path / "0.parquet"], cells)
    by_cell = {(r["variant"], r["weight_decay"], r["seed"]): r for r in trained_rows(cells)}
    for key, group in history.to_pandas().groupby(["variant", "weight_decay", "seed"]):
        assert group["epoch"].tolist() == by_cell[key]["history_epoch"]
        assert group["train_loss"].tolist() == by_cell[key]["history_train_loss"]
    calm = [row for row in by_cell.values() if row["weight_decay"] == 0]
    assert {row["variant"]: row["history_epoch"][-1] for row in calm} == {"base": 4, "long": 9}
    assert set(merged["diverged"].to_pylist()) == {True, False}


def trained_rows(cells):
    return [{**row, "variant": cell.variant} for cell, row in zip(cells, trained(cells), strict=True)]


def test_accuracies_of_a_study_with_and_without_classes_keep_their_place(tmp_path):
    study = small_study(task=DIGITS, variants={"numbers": {"task.kind": "gaussian_linear"}})
    cells = cells_of(study)
    write_table(rows_of_cells(cells), tmp_path / "0.parquet")
    merged, history, _, _ = collected([tmp_path / "0.parquet"], cells)
    for frame in (merged.to_pandas(), history.to_pandas()):
        by_variant = frame.groupby("variant")["test_accuracy"]
        assert by_variant.count().to_dict() == {"base": (frame["variant"] == "base").sum(), "numbers": 0}
    last = history.to_pandas().query("epoch == 2 and variant == 'base'")["test_accuracy"].to_numpy()
    assert np.array_equal(last, merged.to_pandas().query("variant == 'base'")["test_accuracy"].to_numpy())


def test_variants_with_equal_recipes_both_get_rows(tmp_path):
    cells = cells_of(small_study(variants={"same": {"model.init_std": 1}}))
    rows = rows_of_cells(cells)
    assert len(rows) == len(cells) // 2  # trained once
    write_table(rows, tmp_path / "0.parquet")
    merged, _, _, _ = collected([tmp_path / "0.parquet"], cells)
    merged = merged.to_pandas()
    base, same = (merged[merged["variant"] == name].drop(columns="variant") for name in ("base", "same"))
    pd.testing.assert_frame_equal(base.reset_index(drop=True), same.reset_index(drop=True))
    assert len(base) == len(cells) // 2


def test_select_renames_and_says_what_is_missing(block):
    _, table, _ = block
    wanted = cells_of(small_study(seeds=[1, 5]).model_copy(update={"name": "renamed"}))
    rows, missing = select(table, wanted)
    assert rows["study"].to_pylist() == ["renamed"] * 2
    assert rows["seed"].to_pylist() == [1, 1]
    assert [cell.seed for cell in missing] == [5, 5]
    assert rows.schema.equals(BLOCK_SCHEMA)


def test_json_is_written_sorted_whole_and_without_nan(tmp_path):
    path = tmp_path / "deep" / "facts.json"
    tables.write_json({"b": 1, "a": "λ"}, path)
    text = path.read_text(encoding="utf-8")
    assert (list(json.loads(text)), "λ" in text) == (["a", "b"], True)
    with pytest.raises(ValueError, match="JSON compliant"):
        tables.write_json({"a": float("nan")}, path)
    assert path.read_text(encoding="utf-8") == text
