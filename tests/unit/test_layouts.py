"""Cutting work for N nodes changes no cell, and cells of one cut are found again in another."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import study_of

from decaybench.cells import tables
from decaybench.cells.blocks import block_name, block_names, kept_name, other_layouts
from decaybench.cells.grid import block_indices, block_seeds, cells_of, seeds_for_nodes
from decaybench.cli import main
from decaybench.config.parsing import parse_config
from decaybench.jobs.plan import Work, hint_at_nodes
from decaybench.stages import train as train_stage

QUICK = settings(deadline=None, max_examples=60, derandomize=True)
SMALL = {"task": {"n_train": 6, "n_features": 9}, "training": {"epochs": 2}}


@QUICK
@given(seeds=st.integers(1, 3000), own=st.integers(1, 500), nodes=st.integers(1, 300))
def test_n_nodes_get_about_n_blocks_or_as_many_as_there_are_seeds(seeds, own, nodes):
    study = study_of(grid={"weight_decay": [0], "seeds": seeds}, seeds_per_block=own)
    blocks = len(block_indices(study, seeds_for_nodes(study, nodes)))
    assert min(nodes, seeds) <= blocks <= max(2 * nodes + 1, 1)


@QUICK
@given(seeds=st.integers(1, 3_000_000))
def test_many_seeds_make_larger_default_blocks_and_at_most_500(seeds):
    study = study_of(grid={"weight_decay": [1], "seeds": seeds})
    size = seeds_for_nodes(study, None)
    assert size == 100 or seeds / size > 250
    assert -(-seeds // size) <= 500


def test_without_nodes_the_study_keeps_its_own_blocks():
    study = study_of(grid={"weight_decay": [0], "seeds": 1000}, seeds_per_block=30)
    assert seeds_for_nodes(study, None) == 30


def test_a_million_cells_are_at_most_500_jobs_for_grids_of_any_shape():
    for weight_decays in (1, 9, 48):
        seeds = -(-(10**6) // weight_decays)
        study = study_of(grid={"weight_decay": list(range(weight_decays)), "seeds": seeds})
        assert 240 <= len(block_indices(study, seeds_for_nodes(study, 240))) <= 500
        assert len(block_indices(study, seeds_for_nodes(study, None))) <= 500


def test_listed_seeds_are_cut_as_well():
    study = study_of(grid={"weight_decay": [0], "seeds": [5, 700, 701, 9000]})
    assert len(block_indices(study, seeds_for_nodes(study, 4))) == 4


def test_no_key_and_no_page_knows_how_the_work_is_cut():
    raw = {"studies": [{"name": "a", "grid": {"weight_decay": [0, 1], "seeds": 40}}]}
    one, other = parse_config(raw), parse_config({**raw, "nodes": 7})
    assert one.to_json() == other.to_json()
    assert "seeds_per_block" not in parse_config({"studies": [{"name": "a", "seeds_per_block": 3}]}).to_json()
    keys = [
        sorted(
            cell.key
            for seeds in Work(c.studies[0], c.nodes).blocks.values()
            for cell in cells_of(c.studies[0], lambda _: "code", seeds)
        )
        for c in (one, other)
    ]
    assert keys[0] == keys[1]
    assert Work(one.studies[0]).asked == Work(other.studies[0], 7).asked


def test_too_many_jobs_are_pointed_out():
    study = study_of(grid={"weight_decay": [0], "seeds": 10**6}, seeds_per_block=100)
    assert "10,000 jobs" in hint_at_nodes([Work(study)])
    assert hint_at_nodes([Work(study, 500)]) is None


def test_only_files_that_can_hold_a_seed_are_looked_at(tmp_path):
    for name in (".0000.kept", ".0001.kept", ".0000x50.kept", ".0003x50.kept", "0000.parquet", ".0001x10.kept"):
        (tmp_path / name).touch()
    found = [path.name for path in other_layouts(tmp_path / "0001x10.parquet", range(10, 20), own=100)]
    assert found == [".0000x50.kept", ".0000.kept", "0000.parquet"]


def train(study, folder, index, size, own):
    output = folder / f"{block_name(index, size, own)}.parquet"
    train_stage.run(study, output, block_seeds(index, size), own)


def test_another_layout_trains_nothing_again_and_makes_the_same_tables(tmp_path, capfd):
    study = study_of(**SMALL, grid={"weight_decay": [0, 1], "seeds": 6}, seeds_per_block=4)
    asked, merged = study.to_json(), []
    for size in (4, 3, 2):
        words = ["--study", asked, "--seeds-per-block", "4"]
        for name, seeds in block_names(study, size).items():
            output = str(tmp_path / "blocks" / f"{name}.parquet")
            assert main(["train", *words, "--seeds", f"{seeds[0]}-{seeds[-1]}", "--output", output]) == 0
        said = capfd.readouterr().err
        assert ("trained" in said) == (size == 4)
        assert main(["analyse", *words, "--seeds-in-blocks", str(size), "--folder", str(tmp_path)]) == 0
        merged.append([(tmp_path / f"{name}.parquet").read_bytes() for name in ("cells", "history")])
        runs = json.loads((tmp_path / "timings.json").read_text())
        assert sum(run["cells"] for run in runs) == 12
    assert merged[0] == merged[1] == merged[2]


def test_what_a_block_has_trained_outlives_its_output(tmp_path, capfd):
    study = study_of(**SMALL, grid={"weight_decay": [0, 1], "seeds": 4})
    train(study, tmp_path, 0, 100, own=100)
    before = (tmp_path / "0000.parquet").read_bytes()
    (tmp_path / "0000.parquet").unlink()
    capfd.readouterr()
    train(study, tmp_path, 0, 100, own=100)
    assert "8 of 8 cells are there; 0 to train" in capfd.readouterr().err
    assert (tmp_path / "0000.parquet").read_bytes() == before


def test_a_job_that_was_given_up_does_not_undo_its_successor(tmp_path, monkeypatch, capfd):
    from decaybench.learning import run as record

    study = study_of(**SMALL, grid={"weight_decay": [0, 1], "seeds": 4})
    train_and_record = record.train_and_record

    def slow(missing):
        monkeypatch.setattr(record, "train_and_record", train_and_record)
        train(study, tmp_path, 0, 100, own=100)  # the successor comes and goes meanwhile
        return train_and_record(missing)

    monkeypatch.setattr(record, "train_and_record", slow)
    train(study, tmp_path, 0, 100, own=100)
    assert "another job has finished this block meanwhile" in capfd.readouterr().err
    assert len(tables.read_block(tmp_path / "0000.parquet")) == 8


@pytest.mark.parametrize("nodes", [0, -1, "many", 1.5])
def test_impossible_numbers_of_nodes_are_refused(nodes):
    with pytest.raises(ValueError, match="nodes: "):
        parse_config({"studies": [{"name": "a"}], "nodes": nodes})


def test_kept_names():
    assert kept_name("0001x50.parquet") == ".0001x50.kept"
    assert kept_name("block.parquet") == "block.parquet"


def test_nodes_belongs_to_the_top():
    with pytest.raises(ValueError, match=r"studies\[0\].nodes: belongs at the top of the config, beside studies"):
        parse_config({"studies": [{"name": "a", "nodes": 3}]})
