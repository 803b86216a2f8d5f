"""Memory, time and weight of jobs, computed from their study. Coefficients are measured: docs/cluster.md says how.

A scheduler kills what takes more than it asked for, so these are bounds, not means; a second attempt asks for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from decaybench.cells.recipe import CPU_BATCH_BYTES, LINEAR_COLUMNS, steps_of
from decaybench.config import Linear, Study, Table, Variant

# MB and bytes. Every job of a cluster holds a Snakemake of its own beside its command.
SNAKEMAKE_MB, TORCH_MB, TABLES_MB = 250, 450, 350
CELL_BYTES, RECORD_BYTES = 1_600, 260  # of a row in memory, and of one of its recorded epochs
DATA_COPIES, PARAMETER_BYTES = 2, 240
TABLE_COPIES, EXACT_COPIES = 4, 8  # of a table while it is read; of a split while it is standardised and decomposed
# Seconds on one core of a server.
START_SECONDS, LANE_STEP_SECONDS, LANE_ELEMENT_SECONDS = 5, 1e-6, 1e-8
NETWORK_STEP_SECONDS, FLOPS = 1.5e-4, 30e9
SOLVING_FLOPS, START_SPLIT_SECONDS, NEWTON_STEPS = 5e9, 2e-3, 30
SLOWNESS, GRACE_MINUTES = 4, 5  # of a busy machine; of a file system
LIGHT_ROWS = 1_000_000  # up to here each step after training takes seconds


@dataclass(frozen=True)
class Size:
    """How much a study holds."""

    cells: int
    records: int  # rows of history.parquet

    def __add__(self, other: Size) -> Size:
        return Size(self.cells + other.cells, self.records + other.records)


def size(study: Study) -> Size:
    """The size of a whole study."""
    return _sum([_size(v, len(v.grid.weight_decay) * v.grid.n_seeds) for v in study.resolved()])


def train_mb(study: Study, seeds: int) -> int:
    """MB of a job that trains a block of `seeds` seeds."""
    variants = study.resolved()
    held = _sum([_size(v, len(v.grid.weight_decay) * seeds) for v in variants])
    batch = max(_data_bytes(v, seeds) + PARAMETER_BYTES * _parameters(v) for v in variants)
    return SNAKEMAKE_MB + TORCH_MB + ceil((_bytes(held) + batch) / 1e6)


def train_minutes(study: Study, seeds: int) -> int:
    """Minutes of a job that trains a block of `seeds` seeds."""
    seconds = START_SECONDS + sum(_seconds(variant, seeds) for variant in study.resolved())
    return GRACE_MINUTES + ceil(SLOWNESS * seconds / 60)


def tables_mb(studies: Sequence[Study]) -> int:
    """MB of a job that reads the tables of these studies."""
    return SNAKEMAKE_MB + TABLES_MB + ceil(_bytes(_sum([size(study) for study in studies])) / 1e6)


def tables_minutes(studies: Sequence[Study]) -> int:
    """Minutes of a job that reads the tables of these studies."""
    whole = _sum([size(study) for study in studies])
    return GRACE_MINUTES * len(studies) + ceil(SLOWNESS * (whole.cells + whole.records) / 10e6)


def light(studies: Sequence[Study]) -> bool:
    """Whether the steps after training are shorter than the start of a job on a cluster."""
    whole = _sum([size(study) for study in studies])
    return whole.cells + whole.records <= LIGHT_ROWS


def _sum(sizes: Sequence[Size]) -> Size:
    return sum(sizes, Size(0, 0))


def _size(variant: Variant, cells: int) -> Size:
    training = variant.training
    records = 1 if training.optimizer == "exact" else 1 + ceil(training.epochs / training.record_every)
    return Size(cells, cells * records)


def _bytes(held: Size) -> int:
    return CELL_BYTES * held.cells + RECORD_BYTES * held.records


def _rows(variant: Variant) -> int:
    return variant.task.n_train + variant.task.n_validation + variant.task.n_test


def _parameters(variant: Variant) -> int:
    """Weights of one cell."""
    return variant.model.n_weights(variant.task.n_features, variant.n_classes or 1)


def _data_bytes(variant: Variant, seeds: int) -> int:
    """The data of the seeds that share a batch, or of the one that is solved; and the table that they come from."""
    table = (
        TABLE_COPIES * 8 * variant.task.found.rows * variant.task.n_features if isinstance(variant.task, Table) else 0
    )
    width = min(variant.task.n_train, variant.task.n_features) + 2
    lanes = max(2, min(seeds, CPU_BATCH_BYTES // (16 * width * (variant.task.n_train + 60))))
    if variant.training.optimizer == "exact":
        return table + EXACT_COPIES * 8 * _rows(variant) * variant.task.n_features
    return table + DATA_COPIES * 8 * lanes * _rows(variant) * variant.task.n_features


def _seconds(variant: Variant, seeds: int) -> float:
    training, features = variant.training, variant.task.n_features
    batch = min(training.batch_size, variant.task.n_train)
    steps = steps_of(variant)
    weight_decays = len(variant.grid.weight_decay)
    if training.optimizer == "exact":
        return _solving_seconds(variant, seeds, weight_decays)
    if isinstance(variant.model, Linear) and variant.n_classes is None:
        spans = training.in_span and training.optimizer == "sgd"
        width = min(variant.task.n_train, features) if spans else features
        lanes = seeds * ceil(weight_decays / LINEAR_COLUMNS)
        data = 5e-8 * seeds * _rows(variant) * features
        return lanes * steps * (LANE_STEP_SECONDS + LANE_ELEMENT_SECONDS * width * batch) + data
    cells, parameters = seeds * weight_decays, _parameters(variant)
    records = 1 + ceil(training.epochs / training.record_every)
    operations = 6 * parameters * batch * steps + 2 * parameters * _rows(variant) * records
    return cells * (NETWORK_STEP_SECONDS * steps + operations / FLOPS)


def _solving_seconds(variant: Variant, seeds: int, weight_decays: int) -> float:
    """Seconds of a thin decomposition a seed and, for classes, of Newton's steps a cell."""
    task, classes = variant.task, variant.n_classes
    short, long = sorted((task.n_train, task.n_features))
    each = 20 * long * short**2 / SOLVING_FLOPS + 1e-7 * _rows(variant) * task.n_features + START_SPLIT_SECONDS
    if classes is None:
        return seeds * (each + 4 * weight_decays * _rows(variant) * task.n_features / SOLVING_FLOPS)
    unknowns = (short + 1) * classes
    step = task.n_train * unknowns * min(unknowns, 300 * classes) + min(unknowns, 1_000) ** 3
    return seeds * (each + weight_decays * NEWTON_STEPS * step / SOLVING_FLOPS)
