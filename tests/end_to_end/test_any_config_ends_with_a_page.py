"""Every valid config ends with exit 0 and a page, also the odd ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from decaybench.cells.tables import CELL_COLUMNS, HISTORY_COLUMNS
from decaybench.config.parsing import parse_config
from tests.end_to_end.in_one_process import nonsense_in, pages_of
from tests.end_to_end.small_configs import configs

ROOT = Path(__file__).parents[2]
SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")
SMALL_TASK = {"kind": "gaussian_linear", "n_train": 6, "n_features": 12, "n_validation": 6, "n_test": 6}
SMALL_TRAINING = {"epochs": 3, "record_every": 1, "learning_rate": 0.01, "batch_size": 3}


def small(**study):
    defaults = {"name": "odd", "task": SMALL_TASK, "training": SMALL_TRAINING}
    return {"studies": [{**defaults, "grid": {"weight_decay": [0, 1], "seeds": 3}, **study}]}


ODD = {
    "one λ, one seed": small(grid={"weight_decay": [0.5], "seeds": 1}),
    "no λ of zero, a list of seeds": small(grid={"weight_decay": ["1e-4", 10], "seeds": [7, 3, 205]}),
    "every cell diverges": small(training={**SMALL_TRAINING, "learning_rate": 1e6, "epochs": 40}),
    "one λ diverges": small(grid={"weight_decay": [0, 1000], "seeds": 3}, training={**SMALL_TRAINING, "epochs": 60}),
    "a linear model of classes": small(
        task={"kind": "breast_cancer", "n_train": 30, "n_validation": 30, "n_test": 30},
        model={"kind": "linear", "init_std": 0},
    ),
    "a network on numbers": small(model={"kind": "mlp", "hidden": 4, "dropout": 0.2}),
    "variants with other models, grids and tasks": small(
        variants={
            "net": {"model": {"kind": "mlp", "hidden": [3]}, "grid": {"seeds": 2}},
            "poly": {"task": {"kind": "polynomial", "n_train": 6}},
            "adam": {"training.optimizer": "adam", "model.dropout": 0.5},
            "same": {},
        }
    ),
    "two studies, Chinese only": {
        "studies": [small()["studies"][0], {**small()["studies"][0], "name": "other", "seeds_per_block": 1}],
        "report": {"languages": ["zh"]},
    },
    "the true weights are zero and nothing moves": small(
        task={**SMALL_TASK, "weight": 0, "bias": 0, "noise_std": 0}, model={"init_std": 0, "bias_init_std": 0}
    ),
}


def linear(task=None, **changes):
    """A small noisy linear study, with changes of whole sections."""
    own = {"kind": "gaussian_linear", "n_train": 8, "n_features": 5, "n_validation": 6, "n_test": 6, "noise_std": 0.3}
    task = {**own, **(task or {})}
    training = {"epochs": 8, "record_every": 2, "learning_rate": 0.05, "batch_size": 8}
    return small(task=task, training=training, **changes)


def diverging(*weight_decay, seeds=6):
    """λ beyond about 40 diverge."""
    study = linear(grid={"weight_decay": list(weight_decay), "seeds": seeds})["studies"][0]
    return {"studies": [{**study, "training": {**study["training"], "epochs": 200, "record_every": 50}}]}


ODD |= {
    "two rows": linear({"n_train": 2}, variants={"twenty": {"task.n_train": 20}}),
    "one row": linear({"n_train": 1}),
    "one input": linear({"n_features": 1}),
    "one input, one row": linear({"n_features": 1, "n_train": 1}),
    "as many rows as inputs": linear({"n_train": 5}),
    "one row to validate and one to test": linear({"n_validation": 1, "n_test": 1}),
    **{
        f"a polynomial of degree {degree}": linear(
            {"kind": "polynomial", "n_train": 12, "degree": degree, "n_features": None},
            model={"init_std": 0, "bias_init_std": 0},
        )
        for degree in (1, 2, 4)
    },
    "one class": small(task={"kind": "breast_cancer", "n_train": 1, "n_validation": 1, "n_test": 1}),
    "nearly all labels are wrong": small(
        task={"kind": "digits", "n_train": 20, "n_validation": 9, "n_test": 9, "label_noise": 0.95}
    ),
    "targets without noise or signal": linear({"weight": 0, "noise_std": 0}),
    "losses of exactly zero": linear(
        {"weight": 0, "bias": 0, "noise_std": 0}, model={"init_std": 0, "bias_init_std": 0}
    ),
    "all seeds of one λ diverge": diverging(0, 1, 1000),
    "every λ but zero diverges": diverging(0, 500, 1000),
    "all λ diverge": diverging(500, 1000),
    "no seed in common": linear(variants={"late": {"grid.seeds": [100]}, "later": {"grid.seeds": [7, 8]}}),
    "no λ in common": linear(variants={"other": {"grid.weight_decay": [3, 5]}}),
    "λ that no float holds beside one": linear(grid={"weight_decay": [0, 1e-300, 1], "seeds": 3}),
    "records of the first and last epoch": small(training={"epochs": 3, "record_every": 50}),
    "one epoch": small(training={"epochs": 1}),
    "a network that starts at zero": small(model={"kind": "mlp", "hidden": 3, "init_scale": 0}),
    "a network of squares": small(model={"kind": "mlp", "hidden": 3, "activation": "quadratic"}),
    "an own module": small(model={"kind": "module", "factory": "tests.unit.small_modules:two_layers"}),
    "modulo 3": small(task={"kind": "modular_addition", "modulus": 3, "n_train": 4, "n_validation": 2, "n_test": 3}),
    "dropout and decayed biases": linear(
        model={"dropout": 0.5},
        variants={"bias": {"training.decay_bias": True}, "half": {"training.loss": "half_mse"}},
    ),
}
for config in ODD.values():
    for study in config["studies"]:
        if study["task"].get("n_features", 0) is None:
            del study["task"]["n_features"]

THROUGH_SNAKEMAKE = ("variants with other models, grids and tasks",)
EXAMPLES = int(os.environ.get("DECAYBENCH_EXAMPLES", "60"))


@pytest.mark.parametrize("name", [name for name in ODD if name not in THROUGH_SNAKEMAKE])
def test_an_odd_config_ends_with_a_page(name, tmp_path):
    for page in pages_of(ODD[name], tmp_path).values():
        assert not nonsense_in(page)


@given(raw=configs())
@settings(
    max_examples=EXAMPLES, derandomize=EXAMPLES == 60, deadline=None, database=None,
    phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_any_config_ends_with_a_page(raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    for page in pages_of(raw, folder).values():
        assert not nonsense_in(page)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", THROUGH_SNAKEMAKE)
def test_an_odd_config_runs_through_the_workflow(name, tmp_path):
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
