"""What a cell costs: the article's loop, JAX, this engine, the exact ridge path, a whole pipeline; side by side.

Every row is measured in the same run as the loop that it is compared with, round after round; the table shows
medians, and the medians of the ratios within a round. A cell is the article's experiment (20 rows, 200 inputs,
400 steps) with 100 validation and 100 test rows, losses recorded every 5 epochs, 48 λ a seed, data generation
included, unless a row says otherwise. The default page is a run of the default config into an empty folder.

    make bench                                           # everything, a quarter of an hour
    python benchmarks/sweep.py --only "default page"     # rows by a part of their name, and their loops
    python benchmarks/sweep.py --rounds 1 --cells 960
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from operator import truediv
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parent
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
ARTICLE_LOOP, MLP_LOOP = "article's loop", "network 64-128-10: loop"
DEFAULT_PAGE = "default page, all of it"
MLP_STUDY = {
    "task": {"kind": "digits", "n_train": 320, "n_validation": 100, "n_test": 100},
    "model": {"kind": "mlp", "hidden": [128]},
    "training": {"learning_rate": 0.1, "momentum": 0.9, "batch_size": 32, "epochs": 30, "record_every": 30},
}


def study(seeds: int, weight_decays: int, **keys: object) -> dict:
    """A config of seeds × weight_decays cells."""
    grid = [float(f"{value:.6g}") for value in np.geomspace(0.01, 100, weight_decays)]
    return {"studies": [{"name": "bench", "grid": {"weight_decay": grid, "seeds": seeds}, **keys}]}


# --- rows: each returns seconds a cell -------------------------------------------------------------


def _train_seeds(config: dict, seeds: range) -> None:
    from decaybench.cells.grid import cells_of
    from decaybench.config.parsing import parse_config
    from decaybench.learning.block import train_cells

    train_cells(cells_of(parse_config(config).studies[0], lambda _: "bench", seeds))


def engine(pool: ProcessPoolExecutor, config: dict) -> float:
    """The engine, one process a core, as the workflow runs it."""
    grid = config["studies"][0]["grid"]
    share = -(-grid["seeds"] // CORES)
    ranges = [range(first, first + share) for first in range(0, grid["seeds"], share)]
    start = time.perf_counter()
    list(pool.map(_train_seeds, [config] * len(ranges), ranges))
    return (time.perf_counter() - start) / (grid["seeds"] * len(grid["weight_decay"]))


def article_loop(repeats: int) -> float:
    """The loop of the article, one cell after the other, with all threads that torch takes."""
    return _elsewhere(f"import article_loop as a; [a.train_concise(0.03 * 2**i) for i in range({repeats})]", repeats)


def mlp_loop(repeats: int) -> float:
    """A small network in an ordinary loop."""
    return _elsewhere(f"import article_loop as a; [a.train_mlp(0.01) for i in range({repeats})]", repeats)


def _elsewhere(code: str, repeats: int) -> float:
    script = f"import time; import article_loop; s = time.perf_counter(); {code}; print(time.perf_counter() - s)"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout) / repeats


def jax_steady(cells: int) -> float:
    """JAX after compilation."""
    return _jax(cells)[1]


def _jax(cells: int) -> tuple[float, float]:
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    words = [sys.executable, "jax_sweep.py", str(cells // 48), "48"]
    done = subprocess.run(words, cwd=HERE, env=environment, capture_output=True, text=True, check=True)
    first, second = map(float, done.stdout.split())
    return first / (cells // 48 * 48), second / (cells // 48 * 48)


def ridge_path(seeds: int) -> float:
    """scikit-learn's exact ridge over 48 λ by leave-one-out, data included: no training at all."""
    from sklearn.linear_model import RidgeCV

    from decaybench.config import GaussianLinear
    from decaybench.tasks import generate

    start = time.perf_counter()
    for seed in range(seeds):
        data = generate(GaussianLinear(), seed)
        RidgeCV(np.geomspace(0.1, 1000, 48)).fit(*data.train).predict(data.test.inputs)
    return (time.perf_counter() - start) / (seeds * 48)


def pipeline(config: dict) -> float:
    """The whole workflow on a config, from the command to the page."""
    grid = config["studies"][0]["grid"]
    return _workflow(config) / (grid["seeds"] * len(grid["weight_decay"]))


def job_per_cell(cells: int) -> float:
    """A Snakemake job for every cell: a study of one λ with one seed a block, up to its table."""
    return _workflow(study(cells, 1, seeds_per_block=1), "--until", "analyse") / cells


def default_page() -> float:
    """The default config, from the command to the page; seconds of the whole."""
    return _workflow(None)


def _workflow(config: dict | None, *more: str) -> float:
    """Seconds of the workflow on a config, or on the default one, with an empty folder for its results."""
    with tempfile.TemporaryDirectory() as folder:
        words = [str(Path(sys.executable).parent / "snakemake"), "--directory", folder, *more]
        if config is not None:
            path = Path(folder) / "bench.yaml"
            path.write_text(yaml.safe_dump(config), encoding="utf-8")
            words += ["--configfile", str(path)]
        start = time.perf_counter()
        subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
        return time.perf_counter() - start


# --- the table -------------------------------------------------------------------------------------


def main() -> None:
    """Measure every row `--rounds` times in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", type=int, default=100_032, help="cells of the largest row")
    parser.add_argument("--only", help="rows whose name contains this")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context) as pool:
        rows = _rows(pool, options.cells)
        chosen = [name for name in rows if not options.only or options.only in name]
        if not chosen:
            parser.error(f"--only {options.only}: no such row; one of {'; '.join(rows)}")
        loops = {_loop_of(name) for name in chosen}
        times: dict[str, list[float]] = {name: [] for name in rows if name in loops or name in chosen}
        engine(pool, study(CORES, 1))  # imports
        for _ in range(options.rounds):
            for name, taken in times.items():
                taken.append(rows[name]())
    _show(times)


def _rows(pool: ProcessPoolExecutor, cells: int) -> dict[str, Callable[[], float]]:
    seeds, general = cells // 48, {"training": {"in_span": False}}
    rows: dict[str, Callable[[], float]] = {
        ARTICLE_LOOP: lambda: article_loop(5),
        "all 200 weights, 960 cells": lambda: engine(pool, study(20, 48, **general)),
        "engine, 960 cells": lambda: engine(pool, study(20, 48)),
        f"engine, {seeds * 48 // 10:,} cells": lambda: engine(pool, study(seeds // 10, 48)),
        f"engine, {seeds * 48:,} cells": lambda: engine(pool, study(seeds, 48)),
        f"engine, {seeds * 48 // 10:,} cells, recorded at the end only": lambda: engine(
            pool, study(seeds // 10, 48, training={"record_every": 100})
        ),
        f"engine, {seeds * 8:,} cells, 8 λ a seed": lambda: engine(pool, study(seeds, 8)),
        "exact ridge path (RidgeCV)": lambda: ridge_path(50),
        MLP_LOOP: lambda: mlp_loop(5),
        "network 64-128-10: engine, 256 cells": lambda: engine(pool, study(32, 8, **MLP_STUDY)),
        "a Snakemake job a cell, 20 cells": lambda: job_per_cell(20),
        "a Snakemake job a cell, 40 cells": lambda: job_per_cell(40),
        f"whole pipeline, {seeds * 48 // 10:,} cells": lambda: pipeline(study(seeds // 10, 48)),
        DEFAULT_PAGE: default_page,
    }
    try:
        import jax  # noqa: F401
    except ImportError:
        return rows
    return {**rows, "JAX, 9,984 cells, after compilation": lambda: jax_steady(9_984)}


def _loop_of(name: str) -> str:
    """The row that a row is compared with."""
    return MLP_LOOP if name.startswith("network") else ARTICLE_LOOP


def _show(times: dict[str, list[float]]) -> None:
    table = Table("row", "a cell (median)", "range", "against its loop, round by round")
    for name, values in times.items():
        loop = times[_loop_of(name)]
        if values is loop:
            ratio = "1"
        elif name == DEFAULT_PAGE:
            ratio = f"takes as long as {statistics.median(map(truediv, values, loop)):,.0f} cells of it"
        else:
            ratio = f"{statistics.median(map(truediv, loop, values)):,.0f} × cheaper"
        table.add_row(
            name, _shown(statistics.median(values)), f"{_shown(min(values))} – {_shown(max(values))}", ratio
        )
    Console(width=140).print(table)
    print(f"{CORES} cores; medians of {len(next(iter(times.values())))} rounds")


def _shown(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


if __name__ == "__main__":
    main()
