"""What a training step costs with and without decay on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from decaybench.cells.tables import write_json
from decaybench.learning.cost import measure


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--output", type=Path, required=True)


def run(output: Path) -> None:
    """Write the timings of every round."""
    write_json(measure(), output)
