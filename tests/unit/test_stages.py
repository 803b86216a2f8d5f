"""What the stages of a study share: JSON, folders, and what is left when something is wrong."""

import json

import pytest
from oracles import study_of

from decaybench.cells.tables import TableError, read_table
from decaybench.cli import VERBS, main
from decaybench.stages import analyse, train

MADE = (
    "cells.parquet",
    "history.parquet",
    "timings.json",
    "facts.json",
    "findings.json",
    "summary.csv",
    "series.parquet",
)


@pytest.fixture
def study():
    return study_of(task={"n_train": 6, "n_features": 9}, training={"epochs": 2},
                    grid={"weight_decay": [0, 3], "seeds": 2})  # fmt: skip


@pytest.fixture
def folder(study, tmp_path):
    """A study's folder with its only block."""
    train.run(study, tmp_path / "blocks" / "0000.parquet")
    return tmp_path


def made(folder):
    return {name: (folder / name).read_bytes() for name in MADE if (folder / name).exists()}


def test_analyse_writes_tables_and_what_they_say(study, folder):
    assert main(["analyse", "--study", study.to_json(), "--folder", str(folder)]) == 0
    assert (len(read_table(folder / "cells.parquet")), len(read_table(folder / "history.parquet"))) == (4, 8)
    assert json.loads((folder / "facts.json").read_text())["a/base/0/test_loss"]["n"] == 2
    assert set(made(folder)) == set(MADE)
    assert {path.name for path in folder.iterdir()} == {*MADE, "blocks"}


def test_a_bad_block_is_set_aside_and_what_was_there_stays(study, folder, capsys):
    analyse.run(study, folder)
    before = made(folder)
    block = folder / "blocks" / "0000.parquet"
    block.write_bytes(b"nothing")
    assert main(["analyse", "--study", study.to_json(), "--folder", str(folder)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert str(block) in said[0] and "0000.parquet.corrupt" in said[0]
    assert said[1].startswith("decaybench analyse: run again")
    assert made(folder) == before
    train.run(study, block)
    analyse.run(study, folder)
    assert made(folder)["cells.parquet"] == before["cells.parquet"]


def test_nothing_is_written_before_all_is_known(study, folder, monkeypatch):
    analyse.run(study, folder)
    before = made(folder)
    train.run(study_of(**{**study.model_dump(exclude={"name"}), "grid": {"weight_decay": [0, 3, 9], "seeds": 2}}),
              folder / "blocks" / "0000.parquet")  # fmt: skip
    monkeypatch.setattr(analyse, "summary", lambda *_: pytest.fail("of a kind that is not foreseen"))
    with pytest.raises(pytest.fail.Exception):
        analyse.run(study, folder)
    assert made(folder) == before


def test_a_missing_block_is_said(study, tmp_path):
    with pytest.raises(TableError, match="run again"):
        analyse.run(study, tmp_path)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([verb, "--help"])
    assert leaving.value.code == 0
    assert f"usage: decaybench {verb}" in capsys.readouterr().out
