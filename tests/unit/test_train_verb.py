"""`decaybench train` keeps what holds, trains what lacks, and does not start torch for nothing."""

import subprocess
import sys

import pytest
from oracles import study_of

from decaybench.cells import tables
from decaybench.cells.grid import block_specs, study_spec
from decaybench.cli import main

SMALL = {"task": {"n_train": 6, "n_features": 9}, "training": {"epochs": 2}}


def small_study(weight_decay, seeds=2, **keys):
    return study_of(**{**SMALL, **keys}, grid={"weight_decay": weight_decay, "seeds": seeds})


def train(study, path):
    (spec,) = block_specs(study).values()
    return main(["train", "--spec", spec.to_json(), "--output", str(path)])


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
    (spec,) = block_specs(small_study(weight_decay)).values()
    said = run_in_fresh_process(WITHOUT_TORCH, "train", "--spec", spec.to_json(), "--output", path)
    assert said.split() == [str(imports_torch)]
    assert keys_in(path) == [("base", w, s) for w in weight_decay for s in (0, 1)]


def test_collect_writes_both_tables_or_names_the_bad_block(tmp_path, capsys):
    study, block = small_study([0, 3]), tmp_path / "0000.parquet"
    train(study, block)
    outputs = {name: tmp_path / f"{name}.out" for name in ("cells", "history", "timings")}
    arguments = [part for name, path in outputs.items() for part in (f"--{name}", str(path))]
    collect = ["collect", "--spec", study_spec(study).to_json(), *arguments, str(block)]
    assert main(collect) == 0
    frame = tables.read_table(outputs["cells"])
    assert (len(frame), len(tables.read_table(outputs["history"]))) == (4, 8)
    for path in outputs.values():
        path.unlink()
    block.write_bytes(b"nothing")
    capsys.readouterr()
    assert main(collect) == 1
    said = capsys.readouterr().err.splitlines()
    assert str(block) in said[0]
    assert "0000.parquet.corrupt" in said[0]
    assert said[1].startswith("decaybench collect: ")
    assert not any(path.exists() for path in outputs.values())
    assert train(study, block) == 0
    assert main(collect) == 0
