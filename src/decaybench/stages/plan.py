"""What a config would train, without training: cells, blocks, and how the rows of data sets are shared out."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from decaybench.cells.grid import block_indices, seeds_for_nodes
from decaybench.config import BASE, Config, Finite, Study
from decaybench.console import spelled


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("config", help="a file, or JSON")


def run(config: Config) -> None:
    """Print a table with a row a study."""
    console = Console()
    table = Table()
    for title in ("study", "variants", "λ", "seeds", "cells", "blocks"):
        table.add_column(spelled(title, console.encoding), overflow="fold")
    for study in config.studies:
        variants = study.resolved()
        counts = [
            {len(variant.grid.weight_decay) for variant in variants},
            {variant.grid.n_seeds for variant in variants},
        ]
        cells = sum(len(variant.grid.weight_decay) * variant.grid.n_seeds for variant in variants)
        size = seeds_for_nodes(study, config.nodes)
        table.add_row(
            study.name, str(len(variants)),
            *(spelled("–".join(map(str, sorted(c))), console.encoding) for c in counts),
            f"{cells:,}", str(len(block_indices(study, size))),
        )  # fmt: skip
    console.print(table)
    for study in config.studies:
        _print_sizes(study)


def _print_sizes(study: Study) -> None:
    """How the rows of a finite task are shared out: parts that the config leaves out depend on the others."""
    told: set[tuple[int, ...]] = set()
    for variant in study.resolved():
        task = variant.task
        sizes = (task.n_train, task.n_validation, task.n_test)
        if isinstance(task, Finite) and sizes not in told:
            told.add(sizes)
            name = study.name if variant.name == BASE else f"{study.name}, {variant.name}"
            shares = "{:,} training, {:,} validation, {:,} test".format(*sizes)
            print(f"{name}: {shares} rows of {task.count_rows(task.__dict__):,}")
