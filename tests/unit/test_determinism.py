"""A cell's bits are its own: they do not depend on which cells share its batch, its block or its process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import blocks_of, cells_of, study_of, trained

from decaybench.cells import tables
from decaybench.cli import main
from decaybench.learning import batch, block, code_of, device, linear

PROPERTY = settings(deadline=None, max_examples=12, derandomize=True)
LADDER = [round(0.1 * step, 1) for step in range(30)]  # more than the 24 columns of a lane
SHORT = {"epochs": 3, "record_every": 2}
NEIGHBOURS = {
    "zero": {"model.init_std": 0},
    "half": {"training.loss": "half_mse", "training.learning_rate": 0.001},
    "noisy": {"task.noise_std": 2},
    "fewer": {"task.n_train": 6},
    "heavy": {"training.momentum": 0.9},
}
ON_REAL_DATA = {
    "other-start": {"training.learning_rate": 0.01},
    "heavy": {"training.momentum": 0.5},
    "fewer": {"task.n_train": 30},
}
LINEAR = {
    "span": {},
    "general": {"training": {"in_span": False}},
    "full batch": {"training": {"batch_size": 20}},
    "full batch, many rows": {"task": {"n_train": 61, "n_features": 33}, "training": {"batch_size": 61}},
    "odd sizes, span": {"task": {"n_train": 7, "n_features": 33}, "training": {"batch_size": 3}},
    "odd sizes": {"task": {"n_train": 7, "n_features": 33}, "training": {"batch_size": 3, "in_span": False}},
    "one row left": {"task": {"n_train": 9, "n_features": 5}, "training": {"batch_size": 4}},
    "adam": {"training": {"optimizer": "adam"}},
    "dropout": {"model": {"dropout": 0.2}},
    "diabetes": {"task": {"kind": "diabetes", "n_train": 31}},
}
NETWORKS = {
    "softmax regression": {"task": {"kind": "digits", "n_train": 61}},
    "mlp": {"task": {"kind": "digits", "n_train": 60}, "model": {"kind": "mlp", "hidden": [32]}},
    "mlp, odd sizes": {
        "task": {"kind": "digits", "n_train": 61, "n_validation": 31, "n_test": 101},
        "model": {"kind": "mlp", "hidden": [33, 7], "dropout": 0.1},
    },
    "mlp of one output": {
        "task": {"n_train": 7, "n_features": 33},
        "model": {"kind": "mlp", "hidden": [17]},
        "training": {"batch_size": 6},
    },
    "module": {
        "task": {"n_train": 9, "n_features": 33},
        "model": {"kind": "module", "factory": "small_modules:two_layers"},
    },
}


def study_with(keys, weight_decays, seeds, variants=()):
    known = ON_REAL_DATA if "kind" in keys.get("task", {}) else NEIGHBOURS
    chosen = {name: known[name] for name in variants if name in known}
    if keys.get("model", {}).get("kind") in ("mlp", "module") or keys.get("training", {}).get("optimizer") == "adam":
        chosen = {n: c for n, c in chosen.items() if not any("init" in k or "momentum" in k for k in c)}
    training = {**SHORT, **keys.get("training", {})}
    return study_of(
        **{**keys, "training": training}, grid={"weight_decay": weight_decays, "seeds": seeds}, variants=chosen
    )


def check_company(keys, data):
    """Train one cell alone and among others, drawn by hypothesis; compare bits."""
    weight_decays = data.draw(st.lists(st.sampled_from(LADDER), min_size=1, unique=True), label="weight_decay")
    seeds = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True), label="seeds")
    variants = data.draw(st.sets(st.sampled_from([*NEIGHBOURS, *ON_REAL_DATA])), label="variants")
    company = cells_of(study_with(keys, weight_decays, seeds, sorted(variants)))
    cell = data.draw(st.sampled_from([c for c in company if c.variant == "base"]), label="cell")
    shuffled = data.draw(st.permutations(company), label="order")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "CPU_BATCH_BYTES", data.draw(st.sampled_from([1, 60_000, 6 * 2**20]), label="bytes"))
        patch.setattr(linear, "SEEDS_AT_ONCE", data.draw(st.sampled_from([1, 2, 64]), label="seeds at once"))
        patch.setattr(batch, "ORDER_BUFFER", data.draw(st.sampled_from([1, 100, 2_000_000]), label="buffer"))
        rows = {row["cell_key"]: row for row in trained(shuffled)}
    assert len(rows) == len(company)
    assert rows[cell.key] == trained([cell])[0]


@pytest.mark.parametrize("keys", LINEAR.values(), ids=LINEAR)
@PROPERTY
@given(data=st.data())
def test_a_linear_cell_has_the_same_bits_in_any_company(keys, data):
    check_company(keys, data)


@pytest.mark.parametrize("keys", NETWORKS.values(), ids=NETWORKS)
@settings(PROPERTY, max_examples=6)
@given(data=st.data())
def test_a_network_has_the_same_bits_in_any_company(keys, data):
    check_company(keys, data)


@pytest.mark.parametrize("keys", [LINEAR["span"], NETWORKS["mlp"]], ids=["linear", "mlp"])
def test_blocks_of_any_size_hold_the_same_rows(keys):
    def rows(size):
        study = study_with({**keys, "seeds_per_block": size}, [0, 1, 3], 5)
        blocks = blocks_of(study, code_of)
        assert len(blocks) == -(-5 // size)
        parts = [block.train_cells(cells)[0] for cells in blocks]
        return tables.select(pa.concat_tables(parts), cells_of(study, code_of))

    whole, missing = rows(5)
    assert not missing
    assert all(rows(size)[0].equals(whole) for size in (1, 2, 3))


def train_verb(study, path):
    assert main(["train", "--study", study.to_json(), "--output", str(path)]) == 0
    return tables.read_block(path).replace_schema_metadata()


@pytest.mark.parametrize("keys", [*LINEAR.values(), *NETWORKS.values()], ids=[*LINEAR, *NETWORKS])
def test_a_grid_that_grew_equals_one_that_was_trained_at_once(keys, tmp_path):
    small = study_with(keys, [0.1, 3], [0, 2])
    large = study_with(keys, [3, 1, 0.1, 0, 10], [0, 1, 2], ["noisy", "other-start"])
    grown = tmp_path / "grown.parquet"
    first = train_verb(small, grown)
    assert train_verb(large, grown).equals(train_verb(large, tmp_path / "once.parquet"))
    assert train_verb(small, grown).equals(first)


def test_an_interrupted_run_leaves_the_old_block_and_a_second_one_completes_it(tmp_path, monkeypatch):
    path = tmp_path / "block.parquet"
    before = train_verb(study_with({}, [0, 3], 2), path)
    larger = study_with({}, [0, 1, 3], 2)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tables.pq, "write_table", killed)
        with pytest.raises(KeyboardInterrupt):
            train_verb(larger, path)
    assert tables.read_block(path).replace_schema_metadata().equals(before)
    assert [entry.name for entry in tmp_path.iterdir()] == ["block.parquet"]
    assert train_verb(larger, path).equals(train_verb(larger, tmp_path / "once.parquet"))


def rows_as_text():
    """Cells of three kinds of model, as exact text."""
    keys = [LINEAR["span"], LINEAR["general"], LINEAR["full batch"], NETWORKS["mlp"], NETWORKS["softmax regression"]]
    return json.dumps([trained(cells_of(study_with(key, LADDER[:5], 2))) for key in keys])


def test_the_number_of_threads_does_not_matter():
    torch.set_num_threads(2)
    here = rows_as_text()
    assert torch.get_num_threads() == 1
    threads = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    there = subprocess.run(
        [sys.executable, "-c", "import test_determinism as t; print(t.rows_as_text())"],
        env={**os.environ, **threads, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here
