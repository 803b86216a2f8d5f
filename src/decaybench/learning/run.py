"""Train cells and say so: progress for a person, and a record of the machine that did it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import torch

from decaybench.cells.grid import Cell
from decaybench.learning.block import Progress, train_cells
from decaybench.provenance import machine as provenance

LINE_SECONDS = 5.0


def train_and_record(cells: Sequence[Cell]) -> tuple[pa.Table, dict[str, Any]]:
    """Rows of the cells, and which machine trained how many in what time and memory."""
    started = time.perf_counter()
    with _reporter() as report:
        rows, device = train_cells(cells, report)
    seconds = time.perf_counter() - started
    run = {
        **provenance.machine(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "cells": len(cells),
        "device": device,
        "threads": 1,
        "seconds": round(seconds, 3),
        "peak_memory_mb": round(provenance.peak_memory_mb()),
    }
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        run["gpu"] = os.environ["CUDA_VISIBLE_DEVICES"]  # which of its GPUs the node's scheduler handed out
    print(f"trained {len(cells):,} cells in {seconds:.1f} s on {device}", file=sys.stderr)
    return rows, run


@contextmanager
def _reporter() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a plain line every few seconds in a log."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("training {task.fields[cells]:,} cells"), BarColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("train", total=None, cells=0)
            yield lambda progress: bar.update(
                task, total=progress.total, completed=progress.done, cells=progress.cells
            )
        return
    last = time.perf_counter()

    def line(progress: Progress) -> None:
        nonlocal last
        if time.perf_counter() - last >= LINE_SECONDS:
            last = time.perf_counter()
            print(f"{progress.done / progress.total:4.0%} of {progress.cells:,} cells", file=sys.stderr, flush=True)

    yield line
