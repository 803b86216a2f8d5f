"""Train the cells of a block: sort them into batches, run the loop on each, and hand back rows."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from decaybench.cells import tables
from decaybench.cells.grid import Cell
from decaybench.config import Linear, Module, Recipe
from decaybench.learning import device, loop, module_of
from decaybench.learning.batch import Batch, Lane, Problem, dropout_draws, row_orders
from decaybench.learning.optimizers import OPTIMIZERS
from decaybench.tasks import generate, target_unit

# What may differ between the cells of one batch; everything else decides its shapes or its formulas.
FREE_TASK = ("weight", "bias", "noise_std", "label_noise")
FREE_MODEL = ("init_std", "init_mean", "bias_init_std", "bias_init", "init_scale")
# (Of what is solved, not trained, keys of steps decide nothing.)
FREE_TRAINING = ("learning_rate", "decay_bias")
MIN_LANES, MAX_LANES = 2, 4096


@dataclass(frozen=True)
class Progress:
    """How far a block is, in epochs of whole batches, weighted by their cells."""

    done: float
    total: float
    cells: int


def train_cells(
    cells: Sequence[Cell], on_progress: Callable[[Progress], None] = lambda _: None
) -> tuple[pa.Table, str]:
    """Train every cell once; equal keys are trained once. Returns rows of a block and the device's name."""
    unique = list({cell.key: cell for cell in cells}.values())
    total = float(sum(cell.recipe.training.epochs for cell in unique if cell.recipe.training.optimizer != "exact"))
    parts: list[pa.Table] = []
    done = 0.0
    with device.settled(), device.claimed(device.choose()) as chosen:
        for lanes in _batches(unique, chosen):
            share = sum(len(lane.cells) for lane in lanes)

            def on_epoch(share: int = share) -> None:
                nonlocal done
                done += share
                on_progress(Progress(done, total, len(unique)))

            parts.append(_train_batch(lanes, chosen, on_epoch))
        return pa.concat_tables(parts), device.name(chosen)


# --- sorting ---------------------------------------------------------------------------------------


def _module(recipe: Recipe) -> ModuleType:
    return importlib.import_module(module_of(recipe))


def _structure(recipe: Recipe) -> str:
    """Cells with equal structure may train in one batch."""
    content = recipe.model_dump(mode="json", include={"task", "model", "training"})
    for section, free in (("task", FREE_TASK), ("model", FREE_MODEL), ("training", FREE_TRAINING)):
        content[section] = {key: value for key, value in content[section].items() if key not in free}
    if recipe.training.optimizer == "exact":
        content["training"] = recipe.training.deciding()
    content["training"]["momentum"] = recipe.training.momentum > 0
    content["training"]["loss"] = "mse" if recipe.loss == "half_mse" else recipe.loss
    if "dropout" in content["model"]:
        content["model"]["dropout"] = recipe.model.dropout > 0  # type: ignore[union-attr]
    return json.dumps(content, sort_keys=True)


def _batches(cells: Sequence[Cell], chosen: torch.device) -> Iterator[list[Lane]]:
    """Lanes of equal structure, as many as the device's memory takes."""
    kinds: dict[int, tuple[str, Hashable]] = {}  # by identity: thousands of cells share a few recipes
    groups: dict[Hashable, dict[Hashable, list[Cell]]] = {}
    for cell in cells:
        kind = kinds.get(id(cell.recipe))
        if kind is None:
            kind = kinds[id(cell.recipe)] = (_structure(cell.recipe), _module(cell.recipe).shares(cell.recipe))
        structure, shared = kind
        lane = cell.key if shared is None else (cell.seed, shared)
        kin = _module(cell.recipe).kin(cell) if isinstance(cell.recipe.model, Module) else ""
        groups.setdefault((structure, kin), {}).setdefault(lane, []).append(cell)
    for group in groups.values():
        columns = _module(next(iter(group.values()))[0].recipe).COLUMNS
        lanes = [
            Lane(members[first : first + columns])
            for members in group.values()
            for first in range(0, len(members), columns)
        ]
        size = _lanes_per_batch(lanes[0], chosen)
        for first in range(0, len(lanes), size):
            yield lanes[first : first + size]


def _lanes_per_batch(lane: Lane, chosen: torch.device) -> int:
    module = _module(lane.recipe)
    each = module.lane_bytes(lane.recipe, generate(lane.recipe.task, lane.seed))
    return max(MIN_LANES, min(MAX_LANES, device.batch_bytes(chosen) // each))


# --- training --------------------------------------------------------------------------------------


def _train_batch(lanes: list[Lane], chosen: torch.device, on_epoch: Callable[[], None]) -> pa.Table:
    schedule, recording, start, problem = train_lanes(lanes, chosen, on_epoch)
    notes = None if problem.notes is None else np.array(problem.notes(), dtype=object)
    return _rows(lanes, schedule, recording, start, problem.describe(recording.parameters), notes)


def train_lanes(
    lanes: list[Lane], chosen: torch.device, on_epoch: Callable[[], None] = lambda: None
) -> tuple[loop.Schedule, loop.Recording, dict[str, Tensor], Problem]:
    """Train lanes of one structure: how, what came of it, the norms at the start, and the problem."""
    recipe = lanes[0].recipe
    module = _module(recipe)
    float64 = isinstance(recipe.model, Linear)
    exact = recipe.training.optimizer == "exact"
    batch = Batch(
        # A lone lane trains beside its copy: the library multiplies one matrix by other routes than several.
        lanes=lanes * 2 if len(lanes) == 1 and not exact else lanes,
        columns=module.COLUMNS,
        device=device.for_dtype(chosen, float64),
        dtype=torch.float64 if float64 else torch.float32,
    )
    problem = module.build(batch)
    schedule = loop.Schedule(
        n_train=recipe.task.n_train,
        batch_size=min(recipe.training.batch_size, recipe.task.n_train),
        epochs=0 if problem.solved else recipe.training.epochs,
        record_every=recipe.training.record_every,
        optimizer=problem.optimizer or OPTIMIZERS[recipe.training.optimizer],
    )
    start = problem.describe(problem.parameters)
    if problem.solved:  # as if from zero: where they start decides nothing
        start = {name: torch.zeros_like(values) for name, values in start.items()}
    recording = loop.train(
        problem.model,
        problem.parameters,
        problem.inputs,
        problem.targets,
        problem.constant_loss,
        schedule,
        problem.settings,
        row_orders(batch),
        dropout_draws(batch, problem.dropout_units),
        on_epoch,
    )
    return schedule, recording, start, problem


def _rows(
    lanes: list[Lane],
    schedule: loop.Schedule,
    recording: loop.Recording,
    start: dict[str, Tensor],
    end: dict[str, Tensor],
    notes: np.ndarray | None,
) -> pa.Table:
    """Rows of a block from the columns of the lanes."""
    lane_of = np.repeat(np.arange(len(lanes)), [len(lane.cells) for lane in lanes])
    column_of = np.concatenate([np.arange(len(lane.cells)) for lane in lanes])

    def own(values: Tensor) -> np.ndarray:
        return values.cpu().numpy()[..., lane_of, column_of]

    kept = own(recording.kept)
    history = {name: own(values).T for name, values in recording.metrics.items()}  # [cells, records]
    epochs = np.asarray(recording.epochs)
    units = _squared_units(lanes)[lane_of]
    history = {name: values * units[:, None] if name in tables.LOSSES else values for name, values in history.items()}
    last = {name: values[np.arange(len(kept)), kept] for name, values in history.items()}
    columns = {
        **{name: value for name, value in last.items() if name != "weight_norm"},
        **{name: own(values) for name, values in end.items()},
        "steps": epochs[kept] * schedule.steps_per_epoch,
        "diverged": own(recording.diverged),
        "init_norm": own(start["weight_norm"]),
    }
    if "null_space_norm" in start:
        columns["initial_null_space_norm"] = own(start["null_space_norm"])
    if notes is not None:
        columns["parameters"] = notes[lane_of]
    return tables.rows_of([c for lane in lanes for c in lane.cells], columns, recording.epochs, history, kept + 1)


def _squared_units(lanes: list[Lane]) -> np.ndarray:
    """What a squared error of each lane is in the squared units of its target; 1 for all but numbers of a table."""
    known: dict[tuple[int, int], float] = {}
    for lane in lanes:
        key = id(lane.recipe), lane.seed
        if key not in known:
            of_numbers = lane.recipe.loss != "cross_entropy" and lane.recipe.n_classes is None
            known[key] = target_unit(lane.recipe.task, lane.seed) ** 2 if of_numbers else 1.0
    return np.array([known[id(lane.recipe), lane.seed] for lane in lanes])
