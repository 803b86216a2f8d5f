"""Leave no job in Slurm's queue."""

from __future__ import annotations

import time
from collections.abc import Callable

from decaybench.jobs.slurm import commands, states

CANCEL_SECONDS = 60.0  # of trying


def cancel_live(chosen: Callable[[commands.Queue], set[str]], clusters: set[str]) -> str:
    """Cancel the chosen jobs until none waits or runs. Returns why some may be left, "" when none is."""
    end, why = time.monotonic() + CANCEL_SECONDS, ""
    while time.monotonic() < end:
        rows = commands.queue(clusters)
        if isinstance(rows, str):
            why = rows
        else:
            gone = states.ENDED | {"COMPLETING"}
            live = [job for job in chosen(rows) if rows[job].state not in gone]
            if not live:
                return ""
            why = commands.cancel(live) or f"{len(live)} jobs are still there"
        time.sleep(0.3)
    return f"some jobs may be left in Slurm's queue ({why}); `decaybench-slurm stop` cancels them"
