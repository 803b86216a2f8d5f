"""The command decaybench-slurm: what a person asks of Slurm when no Snakemake is there to do it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from decaybench.console import never_fail
from decaybench.jobs.slurm import commands, states
from decaybench.jobs.slurm.leaving import cancel_live
from decaybench.jobs.slurm.marks import RunMark


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    never_fail()
    parser = argparse.ArgumentParser("decaybench-slurm", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    stop_parser = verbs.add_parser("stop", help="cancel all jobs that runs in a folder have left in Slurm's queue")
    stop_parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="where snakemake was started")
    stop_parser.add_argument("--clusters", default="", help="where else to look, as sbatch --clusters")
    options = parser.parse_args(arguments)
    return stop(options.folder, set(filter(None, options.clusters.split(","))))


def stop(folder: Path, clusters: set[str]) -> int:
    """Cancel the jobs of all runs in a folder."""
    mark = RunMark.of(folder)
    rows = commands.queue(clusters)
    if isinstance(rows, str):
        print(f"decaybench-slurm: Slurm does not answer: {rows}", file=sys.stderr)
        return 1
    live = [job for job in mark.of_folder(rows) if rows[job].state not in states.ENDED]
    left = cancel_live(mark.of_folder, clusters)
    if left:
        print(f"decaybench-slurm: {left}", file=sys.stderr)
        return 1
    print(f"cancelled {len(live)} jobs of {folder.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
