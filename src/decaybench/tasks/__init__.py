"""Tasks: where data comes from. One file a family, each with `generate(task, seed) -> Data`."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from decaybench.config import Table

MODULES = {
    "gaussian_linear": "decaybench.tasks.gaussian_linear",
    "polynomial": "decaybench.tasks.polynomial",
    "modular_addition": "decaybench.tasks.modular_addition",
    "diabetes": "decaybench.tasks.bundled",
    "digits": "decaybench.tasks.bundled",
    "breast_cancer": "decaybench.tasks.bundled",
    "table": "decaybench.tasks.table",
    "arrays": "decaybench.tasks.arrays",  # of no config: data in memory
}


class Split(NamedTuple):
    """Rows of data."""

    inputs: NDArray[np.float64]  # [rows, features]
    targets: NDArray[Any]  # [rows]: float64 numbers, or int64 classes


class Data(NamedTuple):
    """What one seed trains on, chooses on and reports on."""

    train: Split
    validation: Split
    test: Split


def generate(task: Any, seed: int) -> Data:
    """The data of one seed of a task. Equal arguments give equal bits."""
    data: Data = importlib.import_module(MODULES[task.kind]).generate(task, seed)
    return data


def has_names(task: Any) -> bool:
    """Whether `column_names` has names for the inputs of a task; its data need not be there."""
    return isinstance(task, Table) or column_names(task) is not None


def target_unit(task: Any, seed: int) -> float:
    """What 1 in the targets of a seed is in the target's own units: losses are reported in these, squared."""
    own = getattr(importlib.import_module(MODULES[task.kind]), "target_unit", None)
    return 1.0 if own is None else float(own(task, seed))


def constant_loss(targets: NDArray[np.float64], loss: str) -> NDArray[np.float64]:
    """Loss, without ½, of predicting the mean of targets [..., rows, outputs]; of one-hot classes, their shares.

    Returns [...], in squared target units or nats. numpy's sum over a table does not depend on how many there are.
    """
    mean = targets.mean(axis=-2, keepdims=True)
    if loss == "cross_entropy":
        return np.asarray(-np.sum(mean * np.log(mean, out=np.zeros_like(mean), where=mean > 0), axis=(-2, -1)))
    return np.asarray(np.mean((targets - mean) ** 2, axis=(-2, -1)))


def column_names(task: Any) -> tuple[str, ...] | None:
    """The names of the inputs, where the data have columns with a meaning: not pixels, not draws."""
    own = getattr(importlib.import_module(MODULES[task.kind]), "column_names", None)
    names: tuple[str, ...] | None = None if own is None else own(task)
    return names
