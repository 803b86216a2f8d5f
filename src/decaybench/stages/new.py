"""Look at a table, say what is there, and write a config for it with every decision as a comment."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from decaybench.cells.grid import weight_decay_label
from decaybench.cells.tables import replacing
from decaybench.config import Config, ConfigError, SplitKeys, Table
from decaybench.config.files import read_text
from decaybench.config.parsing import parse_config
from decaybench.tasks import generate
from decaybench.tasks.table.columns import is_number, looks_like_dates, looks_like_id
from decaybench.tasks.table.looking import look, with_tables
from decaybench.tasks.table.reading import SKLEARN, located, read

VALUES = 10  # of λ beside 0
SEEDS = {"linear": 50, "mlp": 20}
HIDDEN, BATCH, STEPS, LEARNING_RATE = 64, 32, 2_000, 0.003
NETWORK_GRID = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
CURVE_ROWS = 24  # training rows, from which a learning curve is worth it
SHOWN = 8  # names of columns in a line


def arguments(parser: argparse.ArgumentParser) -> None:
    """What a person gives."""
    parser.add_argument("path", metavar="CONFIG", type=Path, help="the config to write, such as mine.yaml")
    parser.add_argument("--table", required=True, help="CSV, TSV or Parquet; or one of scikit-learn: sklearn:wine")
    parser.add_argument("--target", required=True, help="the column to predict")
    parser.add_argument("--model", choices=tuple(SEEDS), default="linear", help="linear, or mlp: a small network")
    parser.add_argument("--split", help="group:COLUMN keeps groups together, time:COLUMN tests on what comes later")
    parser.add_argument("--seeds", type=int, help="how many splits; by default 50, of a network 20")


def run(
    path: Path, table: str, target: str, model: str = "linear", split: str | None = None, seeds: int | None = None
) -> None:  # fmt: skip
    """Print what the table holds and write the config. A file that is there is never overwritten."""
    if path.exists():
        raise ConfigError(f"{path}: is there already; choose another name, or remove it")
    if seeds is not None and seeds < 1:
        raise ConfigError(f"--seeds {seeds}: must be 1 or more")
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"{path}: a config's name ends with .yaml")
    folder = path.parent
    named = table if table.startswith(SKLEARN) else os.path.relpath(table, folder)
    place = os.path.relpath(folder)
    task = Table(kind="table", path=named, target=target, split=_split(split), folder="" if place == "." else place)
    frame = read(task)
    if target not in frame.columns:
        raise ConfigError(f"{located(task)}: there is no column {target!r}; one of {', '.join(frame.columns)}")
    task, notes = _decided(task, frame)
    seeds = seeds or SEEDS[model]
    task = look(task, seeds)
    text = "\n".join(_lines(task, notes, model, seeds, _name(named))) + "\n"
    config = with_tables(parse_config(read_text(text, str(path))), folder)  # what we write can be run
    _say(task, frame, notes)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
    _say_next(path, config)


def _split(word: str | None) -> SplitKeys:
    if word is None:
        return SplitKeys()
    kind, colon, column = word.partition(":")
    if kind not in ("group", "time") or not colon or not column:
        raise ConfigError(f"--split {word}: is of the form group:COLUMN or time:COLUMN")
    return SplitKeys(kind=kind, by=column)


def _decided(task: Table, frame: pd.DataFrame) -> tuple[Table, dict[str, str]]:
    """The task with what the table asks for, and why, by key."""
    notes: dict[str, str] = {}
    names = [name for name in frame.columns if name not in (task.target, task.split.by)]
    dates = [name for name in names if looks_like_dates(frame[name])]
    ids = [name for name in names if name not in dates and looks_like_id(frame[name])]
    empty = [name for name in names if frame[name].isna().all()]
    drop = list(dict.fromkeys([*dates, *ids, *empty]))
    if len(drop) == len(names):
        drop = dates  # an id is better than nothing; the run will say what is wrong
    if drop:
        reasons = (("dates", dates), ("one value a row, like an id", ids), ("empty", empty))
        notes["drop"] = "; ".join(f"{_listed(own)}: {why}" for why, own in reasons if own)
    kept = [name for name in names if name not in drop]
    lacking = [name for name in kept if frame[name].isna().any()]
    if lacking:
        notes["missing"] = f"values are missing in {_listed(lacking)}"
    return task.model_copy(update={"drop": drop, "missing": "impute" if lacking else "refuse"}), notes


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _name(path: str) -> str:
    stem = path.removeprefix(SKLEARN) if path.startswith(SKLEARN) else Path(path).stem
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60].strip("-") or "mine"


# --- the config ------------------------------------------------------------------------------------


def _lines(task: Table, notes: dict[str, str], model: str, seeds: int, name: str) -> Iterator[str]:
    found = task.found
    yield "# Written by `decaybench new`; every key is explained in config/README.md. Run it with"
    yield "#     snakemake --configfile THIS_FILE"
    yield "studies:"
    yield f"  - name: {json.dumps(name)}"
    yield "    task:"
    yield "      kind: table"
    yield f"      path: {_quoted(task.path)}  # relative to this file"
    yield f"      target: {_quoted(task.target)}"
    if found.n_classes is None:
        yield "      problem: regression  # the target is a number"
    else:
        yield f"      problem: classification  # the target has {found.n_classes} classes"
    if task.drop:
        yield f"      drop: [{', '.join(map(_quoted, task.drop))}]  # {notes['drop']}"
    why = notes.get("missing", "no value is missing")
    yield f"      missing: {task.missing}  # {why}"
    yield "      degree: 1  # 2 adds squares and products of the numeric columns"
    by = f", by: {_quoted(task.split.by)}" if task.split.by is not None else ""
    sizes = f"{found.n_train:,} training, {found.n_validation:,} validation, {found.n_test:,} test rows"
    yield f"      split: {{kind: {found.split}{by}, train: 0.8, validation: 0.1, test: 0.1}}  # {sizes}"
    if model == "linear":
        yield "    model: {kind: linear, init_std: 0, bias_init_std: 0}"
        yield "    training: {optimizer: exact}  # what training with decay converges to, without steps"
        yield "    grid:"
        yield "      # 0, and λ spaced by effective degrees of freedom of the training rows:"
        grid = dof_grid(task)
        yield "      # " + ", ".join(f"{dof:.3g}" for _, dof in grid)
        decays = [0.0, *(decay for decay, _ in grid)]
    else:
        steps = max(1, -(-found.n_train // BATCH))
        epochs = max(1, round(STEPS / steps))
        yield f"    model: {{kind: mlp, hidden: [{HIDDEN}]}}"
        yield (
            f"    training: {{optimizer: adamw, learning_rate: {LEARNING_RATE}, batch_size: {BATCH}, "
            f"epochs: {epochs}, record_every: {max(1, epochs // 20)}}}  # about {epochs * steps:,} steps"
        )
        yield "    grid:"
        decays = [0.0, *NETWORK_GRID]
    yield f"      weight_decay: [{', '.join(map(weight_decay_label, decays))}]"
    yield f"      seeds: {seeds}  # splits"
    if found.n_train >= CURVE_ROWS:
        yield "    variants:  # a learning curve: would more rows help?"
        yield "      quarter: {task.split.train: 0.2}"
        yield "      half: {task.split.train: 0.4}"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def dof_grid(task: Table) -> list[tuple[float, float]]:
    """λ > 0 of the exact linear model, ascending, with the effective degrees of freedom of the weights there.

    From almost all that the training rows of the first split allow down to 1, a constant factor apart; the intercept
    is not counted. Of classes, those of the curvature at the classes' shares.
    """
    train = generate(task, 0).train
    rows = train.inputs - train.inputs.mean(axis=0)
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    eigenvalues = np.linalg.eigvalsh(gram) / len(rows)
    if task.n_classes is None:
        curvature = 2.0
    else:
        shares = np.bincount(train.targets, minlength=task.n_classes) / len(train.targets)
        curvature = float(np.sum(shares * (1 - shares)) / max(1, task.n_classes - 1))
    eigenvalues = curvature * eigenvalues[eigenvalues > 1e-10 * eigenvalues.max(initial=0.0)]
    if not len(eigenvalues):
        return [(float(decay), 0.0) for decay in np.geomspace(1e-3, 1e2, VALUES)]

    def dof(log_decay: float) -> float:
        return float(np.sum(eigenvalues / (eigenvalues + np.exp(log_decay))))

    rank = len(eigenvalues)
    wanted = np.geomspace(0.98 * rank, 1.0 if rank > 1 else 0.1, VALUES)
    low, high = np.log(eigenvalues.min()) - 12, np.log(eigenvalues.sum()) + 12
    decays = [float(f"{np.exp(brentq(lambda at, w=w: dof(at) - w, low, high)):.2g}") for w in wanted]
    return [(decay, dof(np.log(decay))) for decay in dict.fromkeys(decays)]


# --- what is said ----------------------------------------------------------------------------------


def _say(task: Table, frame: pd.DataFrame, notes: dict[str, str]) -> None:
    names = [name for name in frame.columns if name not in (task.target, task.split.by, *task.drop)]
    numbers = [name for name in names if is_number(frame[name])]
    words = [name for name in names if name not in numbers]
    constant = [name for name in names if frame[name].nunique(dropna=False) == 1]
    print(f"{located(task)}: {len(frame):,} rows, {frame.shape[1]} columns")
    print(f"  numbers: {len(numbers)} ({_listed(numbers)})" if numbers else "  numbers: none")
    print(f"  categories, one-hot: {len(words)} ({_listed(words)})" if words else "  categories: none")
    if "drop" in notes:
        print(f"  left out: {notes['drop']}")
    if constant:
        print(f"  constant, so of no use: {_listed(constant)}")
    print(f"  missing: {notes['missing']}; they are imputed" if "missing" in notes else "  missing: nothing")
    target = frame[task.target]
    if task.n_classes is None:
        print(f"  target {task.target}: numbers from {target.min():g} to {target.max():g}; regression")
    else:
        counts = target.value_counts()
        shown = ", ".join(f"{label}: {count:,}" for label, count in counts.head(SHOWN).items())
        print(f"  target {task.target}: {task.n_classes} classes ({shown}); classification")
    found = task.found
    print(
        f"  splits ({found.split}): {found.n_train:,} training, {found.n_validation:,} validation, "
        f"{found.n_test:,} test rows; {found.n_features:,} inputs"
    )


def _say_next(path: Path, config: Config) -> None:
    cells = sum(len(v.grid.weight_decay) * v.grid.n_seeds for study in config.studies for v in study.resolved())
    print(f"{path}: {cells:,} trainings; next:\n    snakemake --configfile {path}")
