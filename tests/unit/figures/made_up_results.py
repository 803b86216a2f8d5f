"""Small studies with made-up results: the figures draw what the tables say, whatever trained them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from decaybench.analysis.facts import study_facts
from decaybench.analysis.results import StudyResults
from decaybench.analysis.series import study_series
from decaybench.cells.tables import CELL_COLUMNS, CELL_SCHEMA, HISTORY_SCHEMA, write_json, write_table
from decaybench.config import Study
from decaybench.config.parsing import parse_config
from decaybench.figures import FIGURES
from decaybench.figures.drawing import figure_svg


def never(weight_decay: float, seed: int) -> bool:
    """No cell diverged."""
    return False


EPOCHS = (0, 10, 20, 30, 40)


def results(
    study: Study, diverged: Callable[[float, int], bool], noise: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and history: test losses with a U, train losses that rise, norms that shrink by the law.

    noise: spread of the losses from cell to cell, in units of their logarithm.
    """
    cell_luck = np.random.default_rng(0)
    rows, history = [], []
    for variant in study.resolved():
        eta, linear = variant.training.learning_rate, variant.model.kind == "linear"
        classes = variant.n_classes is not None
        for weight_decay in sorted(variant.grid.weight_decay):
            for seed in variant.grid.seed_list():
                luck = np.random.default_rng(seed).uniform(0.8, 1.25)
                keys = {"study": study.name, "variant": variant.name, "weight_decay": weight_decay, "seed": seed}
                losses = {
                    "train_loss": luck * (1e-9 + 0.02 * weight_decay),
                    "validation_loss": luck * (0.2 + (np.log10(weight_decay + 1e-3) - 0.3) ** 2),
                    "test_loss": luck * (0.21 + (np.log10(weight_decay + 1e-3) - 0.3) ** 2),
                }
                losses = {name: loss * np.exp(noise * cell_luck.normal()) for name, loss in losses.items()}
                shares = dict.fromkeys(("train_accuracy", "validation_accuracy", "test_accuracy"), 0.95 - 0.02 * luck)
                null = 13 * luck * abs(1 - eta * weight_decay) ** 400
                norms = {"row_space_norm": 0.2 * luck, "null_space_norm": null, "initial_null_space_norm": 13 * luck}
                rows.append(
                    keys | losses | (shares if classes else {}) | (norms if linear else {})
                    | {"steps": 400, "diverged": diverged(weight_decay, seed)}
                    | {"weight_norm": np.hypot(null, 0.2 * luck)}
                )  # fmt: skip
                for epoch in EPOCHS:
                    past = {name: loss * (1 + 50 * np.exp(-epoch / 8)) for name, loss in losses.items()}
                    history.append(keys | past | {"epoch": epoch, "weight_norm": 13.0})
    cells = pd.DataFrame(rows).reindex(columns=list(CELL_COLUMNS))
    return cells, pd.DataFrame(history).reindex(columns=[field.name for field in HISTORY_SCHEMA])


def write_results(
    folder: Path, keys: dict[str, Any], diverged: Callable[[float, int], bool] = never, noise: float = 0.0
) -> tuple[Study, Path, Path, Path]:
    """A study's facts, cells and series in a folder: what `draw_study` takes."""
    study = parse_config({"studies": [keys]}).studies[0]
    cells, history = results(study, diverged, noise)
    paths = folder / "facts.json", folder / "cells.parquet", folder / "series.parquet"
    facts = study_facts(study, cells)
    write_json(facts, paths[0])
    write_table(pa.Table.from_pandas(cells, CELL_SCHEMA, preserve_index=False), paths[1])
    write_table(study_series(StudyResults(study, facts, cells, history)), paths[2])
    (folder / "study.json").write_text(study.model_dump_json())
    return study, *paths


LINEAR: dict[str, Any] = {"name": "lines", "grid": {"weight_decay": [0, 0.1, 1, 3, 10], "seeds": 3}}
CLASSES: dict[str, Any] = {
    "name": "classes", "task": {"kind": "digits"}, "model": {"kind": "mlp"},
    "training": {"momentum": 0.9}, "grid": {"weight_decay": [0, 1e-5, 1e-3, 0.1], "seeds": 3},
    "variants": {"wide": {"model.hidden": [512]}, "dropout": {"model.dropout": 0.5}},
}  # fmt: skip


def texts(svg: str) -> list[str]:
    """The text nodes of an SVG."""
    return [node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def draw(data: StudyResults, *names: str) -> dict[str, str]:
    """Every figure that applies, by name; or only some of them."""
    drawn = {name: figure_svg(name, data) for name in names or FIGURES}
    return {name: svg for name, svg in drawn.items() if svg is not None}
