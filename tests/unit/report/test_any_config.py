"""No config that parses ends without its page: every stage, in one process, on small configs of every kind."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from pages import build, facts_of, read
from small_configs import configs

from decaybench.cells.tables import CELL_COLUMNS, HISTORY_COLUMNS
from decaybench.config import Config
from decaybench.report import render as rendering

EXAMPLES = int(os.environ.get("DECAYBENCH_EXAMPLES", "60"))
# What no reader may see: values of a programming language where a number or a word belongs.
UNFIT = re.compile(r"(?<![\w-])(NaN|nan|None|[-−+]?inf|undefined|Infinity|Traceback)(?![\w-])")


TOLD = ("aria-label", "title", "alt", "aria-description")  # attributes that are read out


class Compiled(BytecodeCache):
    """Templates as code, for all pages of this process."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Templates compiled once: they take most of the time."""
    make, compiled = rendering.make_environment, Compiled()

    def make_environment(language: str) -> Environment:
        environment = make(language)
        environment.bytecode_cache = compiled
        return environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "make_environment", make_environment)
        yield


def pages_of(raw: dict[str, Any], results: Path) -> Config:
    """Take a config through every stage and look at all that comes out."""
    config = build(raw, results, drawn=True)
    for study in config.studies:
        folder = results / study.name
        cells, history = pd.read_parquet(folder / "cells.parquet"), pd.read_parquet(folder / "history.parquet")
        assert list(cells.columns) == list(CELL_COLUMNS) and list(history.columns) == list(HISTORY_COLUMNS)
        assert len(cells) == sum(len(v.grid.weight_decay) * v.grid.n_seeds for v in study.resolved())
        assert history["epoch"].min() == 0
        assert (folder / "summary.csv").stat().st_size > 0
        for svg in (folder / "figures").glob("*.svg"):
            found = UNFIT.search(svg.read_text(encoding="utf-8"))
            assert found is None, f"{svg.name}: {found}"
    for name in ("facts", "claims", "timings", "manifest"):
        json.loads((results / f"{name}.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    for language in config.report.languages:
        page = results / f"report.{language}.html"
        rendering.render(config, language, results, page)
        root = read(page.read_text(encoding="utf-8"))
        body = next(root.all("body"))
        seen = [body.text(lambda e: e.tag in ("script", "style"))]
        seen += [value for e in body.all() for key, value in e.attributes.items() if key in TOLD]
        for text in seen:
            found = UNFIT.search(text)
            assert found is None, text[max(0, found.start() - 200) : found.end() + 100]
    return config


SMALL = {
    "name": "small",
    "task": {"n_train": 6, "n_features": 12, "n_validation": 6, "n_test": 6},
    "training": {"epochs": 3, "record_every": 1, "learning_rate": 0.01, "batch_size": 3},
    "grid": {"weight_decay": [0, 1, 4], "seeds": 3},
}
ZERO = {"init_std": 0, "bias_init_std": 0}  # with FULL, models that have an exact law
FULL = {"batch_size": 50, "learning_rate": 0.02, "epochs": 20}
EDGE = 6  # the seed that `at_the_edge` loses first


def small(**changes: Any) -> dict[str, Any]:
    """The small study with other values of some keys; a task of another kind stands alone."""
    study: dict[str, Any] = {**SMALL}
    for key, value in changes.items():
        merged = isinstance(value, dict) and key in SMALL and "kind" not in value
        study[key] = {**SMALL[key], **value} if merged else value  # type: ignore[dict-item]
    return {"studies": [study]}


def parts(kind: str, n_train: int = 6, **keys: Any) -> dict[str, Any]:
    return {"kind": kind, "n_train": n_train, "n_validation": 5, "n_test": 5, **keys}


def lawful(task: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return small(**{"task": task, "model": ZERO, "training": FULL, **changes})


def at_the_edge(learning_rate: float, seeds: Any = 8) -> dict[str, Any]:
    """Steps about as long as the sharpest direction allows, which differs from seed to seed."""
    return lawful(
        {"n_train": 8, "n_features": 24, "noise_std": 0.5}, grid={"weight_decay": [0, 1], "seeds": seeds},
        training={**FULL, "learning_rate": learning_rate, "epochs": 400, "record_every": 100},
    )  # fmt: skip


ODD = {
    # Few rows and few inputs: fewer directions than groups of them.
    **{f"{n} rows of diabetes": lawful(parts("diabetes", n, degree=1)) for n in (1, 2, 4)},
    **{f"{p} inputs": lawful({"n_train": 9, "n_features": p}) for p in (1, 3)},
    **{f"degree {d}": lawful(parts("polynomial", 9, degree=d)) for d in (1, 4)},
    "degree 3 of 2 rows": lawful(parts("polynomial", 2, degree=3)),
    "one row and one input": lawful({"n_train": 1, "n_features": 1, "n_validation": 1, "n_test": 1}),
    "one row, in small batches": small(task={"n_train": 1}, training={"batch_size": 1}),
    "one row of classes": small(task=parts("digits", 1), training={"epochs": 9}),
    "one row of a network": small(task={"n_train": 1}, model={"kind": "mlp", "hidden": 2}),
    "as many rows as inputs": lawful({"n_train": 12}),
    "one row to validate, one to test": small(task={"n_validation": 1, "n_test": 1}),
    "one row of classes to test": small(task={**parts("breast_cancer", 9), "n_validation": 1, "n_test": 1}),
    # Zeros and constants.
    "constant targets": lawful({"weight": 0, "noise_std": 0, "bias": 0}),
    "constant targets that are not zero": lawful({"weight": 0, "noise_std": 0, "bias": 3}),
    "no noise, long training": lawful({"noise_std": 0, "n_features": 3}, grid={"seeds": 12}),
    "the truth is the start": small(
        task={"weight": 0.5, "noise_std": 0}, model={"init_mean": 0.5, "init_std": 0, "bias_init": 0.05,
                                                     "bias_init_std": 0},
    ),
    "classes that are learnt exactly": small(
        task=parts("breast_cancer", 12), model={"kind": "mlp", "hidden": 8}, grid={"seeds": 6},
        training={"epochs": 80, "learning_rate": 0.5, "momentum": 0.9},
    ),
    "a network that starts at zero": small(
        task=parts("digits", 9), model={"kind": "mlp", "hidden": 3, "init_scale": 0, "activation": "quadratic"}
    ),
    # Large and small.
    "huge numbers": lawful({"weight": 1e100, "noise_std": 1e90}),
    "tiny numbers": lawful({"weight": 1e-160, "noise_std": 1e-160, "bias": 0}),
    "huge weights at the start": small(model={"init_std": 1e120, "bias_init": 1e100}),
    "tiny steps": small(training={"learning_rate": 1e-300}),
    "tiny and huge λ": small(grid={"weight_decay": [1e-300, 1e-8, 1e6, 1e300]}),
    "tiny and huge λ with a law": lawful({}, grid={"weight_decay": [0, 1e-300, 1e-8, 1e6, 1e300]}),
    # Divergence.
    "every cell diverges": small(training={"learning_rate": 1e6, "epochs": 40}),
    "every cell of a law diverges": lawful({}, grid={"weight_decay": [1e5, 1e6, 1e7]}),
    "one λ diverges": small(grid={"weight_decay": [0, 1, 1000]}, training={"epochs": 60}),
    "all but one λ diverge": lawful({}, grid={"weight_decay": [0, 1e5, 1e6]}),
    "λ = 0 alone diverges": small(
        task=parts("digits", 8, label_noise=0.5),
        model={"kind": "mlp", "hidden": 4, "init_scale": 12, "activation": "quadratic"},
        training={"learning_rate": 0.02, "epochs": 12}, grid={"weight_decay": [0, 45, 50]},
    ),
    "λ = 0 alone diverges, and not every seed": small(
        task=parts("digits", 8, label_noise=0.5),
        model={"kind": "mlp", "hidden": 4, "init_scale": 10, "activation": "quadratic"},
        training={"learning_rate": 0.02, "epochs": 12}, grid={"weight_decay": [0, 20, 40]},
    ),
    "one seed diverges at one λ": at_the_edge(0.125),
    "one seed diverges at every λ": at_the_edge(0.135),
    "one seed, which diverges at one λ": at_the_edge(0.125, seeds=[EDGE]),
    # Grids.
    "one seed": lawful({}, grid={"seeds": 1}),
    "one λ, one seed": small(grid={"weight_decay": [0.5], "seeds": 1}),
    "λ = 0 alone": lawful({}, grid={"weight_decay": [0]}),
    "no λ of zero, a list of seeds": lawful({}, grid={"weight_decay": ["1e-4", 10], "seeds": [7, 3, 205]}),
    "λ that are close": lawful({}, grid={"weight_decay": [1, 1.0000001, 1.0000002]}),
    "many λ": lawful({}, grid={"weight_decay": [0, *(round(0.1 * 1.3**k, 6) for k in range(24))], "seeds": 2}),
    # Variants.
    "disjoint seeds": lawful({}, variants={"late": {"grid.seeds": [100]}}),
    "disjoint seeds of another optimizer": small(
        variants={"late": {"grid.seeds": [100, 101], "training.optimizer": "adam"}}
    ),
    "disjoint seeds of dropout": lawful({}, variants={"late": {"grid.seeds": [100], "model.dropout": 0.5}}),
    "disjoint seeds of more rows": lawful({}, variants={"late": {"grid.seeds": [100], "task.n_train": 12}}),
    "disjoint seeds of degrees": lawful(
        parts("polynomial"), variants={"one": {"task.degree": 1, "grid.seeds": [9]},
                                       "two": {"task.degree": 2, "grid.seeds": [8, 10]}},
    ),
    "disjoint λ": lawful({}, variants={"other": {"grid.weight_decay": [0.5, 7]}}),
    "disjoint λ of another optimizer": small(
        variants={"other": {"grid.weight_decay": [0.5, 7], "training.optimizer": "adamw"}}
    ),
    "disjoint λ of degrees": lawful(
        parts("polynomial"), variants={"one": {"task.degree": 1, "grid.weight_decay": [2]},
                                       "two": {"task.degree": 2, "grid.weight_decay": [3]}},
    ),
    "variants with other models, grids and tasks": small(
        variants={
            "net": {"model": {"kind": "mlp", "hidden": [3]}, "grid": {"seeds": 2}},
            "poly": {"task": {"kind": "polynomial", "n_train": 6}},
            "classes": {"task": parts("digits")},
            "own": {"model": {"kind": "module", "factory": "small_configs:layers"}},
            "adam": {"training.optimizer": "adam", "model.dropout": 0.5},
            "half": {"training.loss": "half_mse"},
            "same": {},
        }
    ),
    "one variant diverges": lawful({}, variants={"wild": {"training.learning_rate": 1e5}}),
    "the base alone diverges": lawful({}, training={**FULL, "learning_rate": 1e5},
                                      variants={"tame": {"training.learning_rate": 0.01}}),
    # Models and training.
    "label noise near one": small(task=parts("breast_cancer", 9, label_noise=0.99)),
    "the smallest modulus": small(
        task={"kind": "modular_addition", "modulus": 3, "n_train": 1, "n_validation": 1, "n_test": 1}
    ),
    "classes by a linear model": small(task=parts("breast_cancer", 30), model={"init_std": 0}),
    "classes by squared error": small(task=parts("digits", 20), training={"loss": "mse"}),
    "one epoch, never recorded": small(training={"epochs": 1, "record_every": 30, "batch_size": 50}),
    "momentum": small(training={"momentum": 0.9, "nesterov": True, "decay_bias": True}),
    "adam on all weights": small(training={"optimizer": "adam", "in_span": False}),
    "adamw, half of the squared error": small(training={"optimizer": "adamw", "loss": "half_mse"}),
    "dropout of inputs": small(model={"dropout": 0.9}),
    "a network on numbers with dropout": small(model={"kind": "mlp", "hidden": 4, "dropout": 0.2}),
    "an own module": small(model={"kind": "module", "factory": "small_configs:layers"}),
    "an own module of classes": small(
        task=parts("digits", 9), model={"kind": "module", "factory": "small_configs:one_layer"}
    ),
    "two studies, Chinese only": {
        "studies": [small()["studies"][0], {**small()["studies"][0], "name": "other", "seeds_per_block": 1}],
        "report": {"languages": ["zh"]},
    },
}  # fmt: skip

# That the names above are true: lost cells by variant and λ.
DIVERGED = {
    "every cell diverges": {"base/": 9, "base/0/": 3, "base/1/": 3, "base/4/": 3},
    "every cell of a law diverges": {"base/": 9, "base/100000/": 3, "base/1000000/": 3, "base/10000000/": 3},
    "one λ diverges": {"base/": 3, "base/1000/": 3},
    "all but one λ diverge": {"base/": 6, "base/100000/": 3, "base/1000000/": 3},
    "λ = 0 alone diverges": {"base/": 3, "base/0/": 3},
    "λ = 0 alone diverges, and not every seed": {"base/": 2, "base/0/": 2},
    "one seed diverges at one λ": {"base/": 1, "base/1/": 1},
    "one seed diverges at every λ": {"base/": 3, "base/0/": 1, "base/1/": 2},
    "one seed, which diverges at one λ": {"base/": 1, "base/1/": 1},
    "one variant diverges": {"wild/": 9, "wild/0/": 3, "wild/1/": 3, "wild/4/": 3},
    "the base alone diverges": {"base/": 9, "base/0/": 3, "base/1/": 3, "base/4/": 3},
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_config_ends_with_a_page(name, tmp_path):
    pages_of(ODD[name], tmp_path / "results")
    if "diverge" in name:
        found = {key: fact["value"] for key, fact in facts_of(tmp_path / "results").items() if "n_diverged" in key}
        lost = {key.removeprefix("small/").removesuffix("n_diverged"): n for key, n in found.items() if n}
        assert lost == DIVERGED[name]


@settings(
    max_examples=EXAMPLES, derandomize=EXAMPLES == 60, deadline=None, database=None, print_blob=False,
    phases=[Phase.generate],  # shrinking an example of a second would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(configs)
def test_any_config_ends_with_a_page(raw):
    with tempfile.TemporaryDirectory() as folder:
        pages_of(raw, Path(folder) / "results")
