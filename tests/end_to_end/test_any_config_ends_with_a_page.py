"""Every valid config ends with exit 0 and a page: two odd ones by the workflow.

Many more go through the same stages in one process, in `tests/unit/report/test_any_config.py`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from decaybench.cells.tables import CELL_COLUMNS, HISTORY_COLUMNS
from decaybench.config.parsing import parse_config

ROOT = Path(__file__).parents[2]
SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")
SMALL_TASK = {"kind": "gaussian_linear", "n_train": 6, "n_features": 12, "n_validation": 6, "n_test": 6}
SMALL_TRAINING = {"epochs": 3, "record_every": 1, "learning_rate": 0.01, "batch_size": 3}


def small(**study):
    defaults = {"name": "odd", "task": SMALL_TASK, "training": SMALL_TRAINING}
    return {"studies": [{**defaults, "grid": {"weight_decay": [0, 1], "seeds": 3}, **study}]}


# Through the workflow itself; tests/unit/report/test_any_config.py takes many more through its stages in one process.
ODD = {
    "every cell diverges": small(training={**SMALL_TRAINING, "learning_rate": 1e6, "epochs": 40}),
    "variants with other models, grids and tasks": small(
        variants={
            "net": {"model": {"kind": "mlp", "hidden": [3]}, "grid": {"seeds": 2}},
            "poly": {"task": {"kind": "polynomial", "n_train": 6}},
            "adam": {"training.optimizer": "adam", "model.dropout": 0.5},
            "late": {"grid.seeds": [100]},
            "same": {},
        }
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_config_ends_with_a_page(name, tmp_path):
    config = ODD[name]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [SNAKEMAKE, "--directory", str(tmp_path), "--configfile", str(tmp_path / "mine.yaml"), "--cores", "1"],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    for language in config.get("report", {}).get("languages", ["en", "zh"]):
        page = (tmp_path / "results" / f"report.{language}.html").read_text(encoding="utf-8")
        assert ">nan<" not in page and ">None<" not in page and ">inf<" not in page
    for study in parse_config(config).studies:
        folder = tmp_path / "results" / study.name
        cells, history = pd.read_parquet(folder / "cells.parquet"), pd.read_parquet(folder / "history.parquet")
        assert list(cells.columns) == list(CELL_COLUMNS) and list(history.columns) == list(HISTORY_COLUMNS)
        variants = study.resolved()
        assert len(cells) == sum(len(v.grid.weight_decay) * len(v.grid.seed_list()) for v in variants)
        assert history["epoch"].min() == 0
        assert (folder / "summary.csv").stat().st_size > 0


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_configs_that_come_along_are_valid(path):
    config = parse_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert all(study.resolved() for study in config.studies)


def test_the_schema_and_the_table_of_keys_are_those_of_the_models():
    from decaybench.config import reference as schema

    assert (ROOT / schema.SCHEMA).read_text(encoding="utf-8") == schema.json_schema()
    text = (ROOT / schema.REFERENCE).read_text(encoding="utf-8")
    assert text.partition(schema.BEGIN)[2].partition(schema.END)[0].strip() == schema.key_tables().strip()
