"""`decaybench train` keeps what holds, trains what lacks, and does not start torch for nothing."""

import subprocess
import sys

import pytest
from oracles import study_of

from decaybench.cells import tables
from decaybench.cli import main

SMALL = {"task": {"n_train": 6, "n_features": 9}, "training": {"epochs": 2}}


def small_study(weight_decay, seeds=2, **keys):
    return study_of(**{**SMALL, **keys}, grid={"weight_decay": weight_decay, "seeds": seeds})


def train(study, path):
    return main(["train", "--study", study.to_json(), "--output", str(path)])


def keys_in(path):
    return [(r["variant"], r["weight_decay"], r["seed"]) for r in tables.read_block(path).to_pylist()]


def test_only_missing_cells_are_trained(tmp_path, capfd):
    path = tmp_path / "0000.parquet"
    assert train(small_study([0, 3]), path) == 0
    assert "0 of 4 cells are there; 4 to train" in capfd.readouterr().err
    assert train(small_study([0, 1, 3], seeds=3), path) == 0
    assert "4 of 9 cells are there; 5 to train" in capfd.readouterr().err
    assert keys_in(path) == [("base", w, s) for w in (0, 1, 3) for s in (0, 1, 2)]
    assert [run["cells"] for run in tables.block_runs(tables.read_block(path))] == [4, 5]


def test_a_renamed_variant_keeps_its_rows(tmp_path, capfd):
    path = tmp_path / "0000.parquet"
    train(small_study([0], variants={"v": {"model.init_std": 0}}), path)
    capfd.readouterr()
    train(small_study([0], variants={"w": {"model": {"init_std": 0}}}), path)
    assert "4 of 4 cells are there; 0 to train" in capfd.readouterr().err
    assert {key[0] for key in keys_in(path)} == {"base", "w"}


def test_a_changed_recipe_replaces_all_rows_and_their_runs(tmp_path):
    path = tmp_path / "0000.parquet"
    train(small_study([0, 3]), path)
    before = tables.read_block(path)
    train(small_study([0, 3], training={"epochs": 3}), path)
    after = tables.read_block(path)
    assert not set(after["cell_key"].to_pylist()) & set(before["cell_key"].to_pylist())
    assert [run["cells"] for run in tables.block_runs(after)] == [4]


def test_a_corrupt_block_is_moved_aside_and_trained_again(tmp_path, capfd):
    path = tmp_path / "0000.parquet"
    train(small_study([0]), path)
    whole = tables.read_block(path)
    path.write_bytes(path.read_bytes()[:-40])
    broken = path.read_bytes()
    capfd.readouterr()
    assert train(small_study([0]), path) == 0
    said = capfd.readouterr().err
    assert str(path) in said
    assert "0000.parquet.corrupt" in said
    assert (tmp_path / "0000.parquet.corrupt").read_bytes() == broken
    assert tables.read_block(path).equals(whole)


def run_in_fresh_process(code, *arguments):
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return result.stdout


WITHOUT_TORCH = """
import sys
from decaybench.cli import main
assert main(sys.argv[1:]) == 0
print("torch" in sys.modules)
"""


@pytest.mark.parametrize(("weight_decay", "imports_torch"), [([0], False), ([0, 3], False), ([0, 1], True)])
def test_removing_a_weight_decay_drops_rows_without_torch(weight_decay, imports_torch, tmp_path):
    path = tmp_path / "0000.parquet"
    train(small_study([0, 3]), path)
    asked = small_study(weight_decay).to_json()
    said = run_in_fresh_process(WITHOUT_TORCH, "train", "--study", asked, "--output", path)
    assert said.split() == [str(imports_torch)]
    assert keys_in(path) == [("base", w, s) for w in weight_decay for s in (0, 1)]
