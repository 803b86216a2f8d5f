"""The model to use: trained on all rows of a table with the λ that validation chose, and written without pickles.

The total penalty Λ = nλ is what the choice was about, so λ shrinks as the rows grow: λ·n_train/N. A network is an
ensemble of several starts.
"""

from __future__ import annotations

import argparse
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from decaybench.cells.tables import TableError, read_table, write_json
from decaybench.config import BASE, Linear, Study, Table, Variant
from decaybench.learning.fitting import Layers, fit
from decaybench.tasks.table.columns import Columns, columns_of
from decaybench.tasks.table.design import Design, names_of
from decaybench.tasks.table.design import fit as fit_design

MODEL, WEIGHTS = "model.json", "weights.safetensors"
ENSEMBLE = 5
FORMAT = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The rule's inputs, params and outputs."""
    parser.add_argument("--study", required=True, help="the study as JSON")
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of model.json")


def run(study: Study, cells: Path, output: Path) -> None:
    """Choose λ from the cells, train on all rows, write the folder."""
    variant = next(v for v in study.resolved() if v.name == BASE)
    assert isinstance(variant.task, Table)
    trained = read_table(cells)
    chosen = chosen_weight_decay(trained[trained["variant"] == BASE])
    output.mkdir(parents=True, exist_ok=True)
    if chosen is None:
        raise TableError(f"{cells}: every training diverged, so there is no model; lower learning_rate")
    write_model(variant, chosen, output)


def chosen_weight_decay(cells: pd.DataFrame) -> float | None:
    """The λ of lowest geometric mean validation loss among those at which no seed diverged.

    By medians where a loss is exactly 0; None where every λ diverged somewhere.
    """
    table = cells[~cells["diverged"]].pivot(index="seed", columns="weight_decay", values="validation_loss")
    table = table.dropna(axis="columns")
    if not table.size or len(table) < cells["seed"].nunique():
        return None
    positive = bool((table > 0).all(axis=None))
    level = np.log(table).mean() if positive else table.median()
    return float(level.index[int(level.to_numpy().argmin())])


def write_model(variant: Variant, chosen: float, folder: Path) -> None:
    """model.json, and weights.safetensors of a network."""
    task = variant.task
    assert isinstance(task, Table)
    columns, every = columns_of(task), np.arange(task.found.rows)
    design = fit_design(columns, every, task.degree)
    mean, unit = 0.0, 1.0
    targets = columns.target
    if columns.classes is None:
        mean, unit = float(targets.mean()), float(targets.std())
        targets = (targets - mean) / unit
    decay = chosen * task.n_train / task.found.rows
    linear = isinstance(variant.model, Linear)
    fits = fit(design.inputs(columns, every), targets, task.n_classes, variant.model, variant.training, decay,
               1 if linear else ENSEMBLE)  # fmt: skip
    content: dict[str, Any] = {
        "format": FORMAT,
        "decaybench": importlib.metadata.version("decaybench"),
        "recipe": {
            "task": task.model_dump(mode="json", exclude={"folder"}),
            "model": variant.model.model_dump(mode="json"),
            "training": variant.training.model_dump(mode="json"),
        },
        "weight_decay": {"chosen": chosen, "refit": decay, "n_train": task.n_train, "rows": task.found.rows},
        "classes": columns.classes,
        "target": {"mean": mean, "scale": unit},
        "preprocessing": _preprocessing(task, columns, design),
    }
    if linear:
        content["coefficients"] = _coefficients(fits[0], design, mean, unit)
    else:
        _write_weights(fits, folder / WEIGHTS)
    write_json(content, folder / MODEL)


def _preprocessing(task: Table, columns: Columns, design: Design) -> dict[str, Any]:
    return {
        "missing": task.missing,
        "degree": task.degree,
        "numeric": [
            {"column": name, "median": float(median)}
            for name, median in zip(columns.numeric, design.medians, strict=True)
        ],
        "indicators": [columns.numeric[position] for position in columns.lacking],
        "categorical": [
            {"column": name, "levels": list(levels)}
            for name, levels in zip(columns.categorical, columns.levels, strict=True)
        ],
        "design": [
            {"name": name, "mean": float(mean), "scale": float(scale)}
            for name, mean, scale in zip(names_of(task, columns), design.means, design.scales, strict=True)
        ],
    }


def _coefficients(layers: Layers, design: Design, mean: float, unit: float) -> dict[str, Any]:
    """On standardised columns and targets, and on those of the table; [columns][outputs]."""
    ((weights, bias),) = layers
    original, intercept = on_original_scale(weights, bias, design.means, design.scales, mean, unit)
    return {
        "standardised": {"weights": weights.tolist(), "intercept": bias.tolist()},
        "original": {"weights": original.tolist(), "intercept": intercept.tolist()},
    }


def on_original_scale(
    weights: NDArray[np.float64], bias: NDArray[np.float64], means: NDArray[np.float64], scales: NDArray[np.float64],
    target_mean: float, target_scale: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Weights [columns, outputs] and intercept [outputs] for columns that are not standardised."""
    each = np.where(scales > 0, target_scale / np.where(scales > 0, scales, 1.0), 0.0)
    original = weights * each[:, None]
    return original, target_mean + target_scale * bias - means @ original


def _write_weights(fits: list[Layers], path: Path) -> None:
    from safetensors.numpy import save_file

    tensors = {}
    for number, layers in enumerate(fits):
        for depth, (weight, bias) in enumerate(layers):
            tensors[f"{number}.{depth}.weight"] = np.ascontiguousarray(weight.astype(np.float32))
            tensors[f"{number}.{depth}.bias"] = np.ascontiguousarray(bias.astype(np.float32))
    save_file(tensors, path)
