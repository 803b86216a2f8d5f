"""A table of one's own: rows of a file, split by seed, as inputs and targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from decaybench.config import Table
from decaybench.tasks import Data, Split
from decaybench.tasks.table.columns import columns_of
from decaybench.tasks.table.design import fit, names_of
from decaybench.tasks.table.splitting import Parts, rows_of


def generate(task: Table, seed: int) -> Data:
    """The parts of one seed: standardised inputs; numeric targets standardised by those of the training rows."""
    columns, parts = columns_of(task), rows_of(task, seed)
    design = fit(columns, parts.train, task.degree)
    targets = columns.target
    if columns.classes is None:
        mean, unit = _scale(targets[parts.train])
        targets = (targets - mean) / unit
    return Data(*(Split(design.inputs(columns, rows), targets[rows]) for rows in parts))


def column_names(task: Table) -> tuple[str, ...]:
    """The names of the inputs."""
    return names_of(task, columns_of(task))


def target_unit(task: Table, seed: int) -> float:
    """What one of the targets that `generate` gives is in the target's own units; 1 for classes."""
    if task.n_classes is not None:
        return 1.0
    return _scale(columns_of(task).target[rows_of(task, seed).train])[1]


def parts_of(task: Table, seed: int) -> Parts:
    """The row numbers of each part."""
    return rows_of(task, seed)


def _scale(targets: NDArray[np.float64]) -> tuple[float, float]:
    mean, std = float(targets.mean()), float(targets.std())
    return mean, std or 1.0
