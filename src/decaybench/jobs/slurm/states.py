"""How a job of Slurm ended, by Slurm's word or by the end of its log."""

from __future__ import annotations

import re
from pathlib import Path

from decaybench.jobs.slurm.options import LOGS

EXIT_LINE = "decaybench-slurm: exit code "
SUCCEEDED = {"COMPLETED"}
FAILED = {
    "FAILED": "its command failed",
    "CANCELLED": "someone cancelled it",
    "TIMEOUT": "it ran longer than the runtime that it had asked for",
    "OUT_OF_MEMORY": "it needed more than the mem_mb that it had asked for",
    "DEADLINE": "it missed its deadline",
    "UNKNOWN": "",
}
# No fault of the job: it is submitted again as it was.
INTERRUPTED = {
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not start",
    "PREEMPTED": "another job took its place",
    "REVOKED": "another cluster took it",
    "LAUNCH_FAILED": "its node could not start it",
    "RECONFIG_FAIL": "its node could not be configured",
}
ENDED = SUCCEEDED | FAILED.keys() | INTERRUPTED.keys()
OVER_MEMORY = re.compile(r"exceeded (step|job)?\s*memory limit|oom.kill", re.IGNORECASE)
TAIL = 10  # lines of a log that are shown


def logged(job: str) -> str:
    """The state of a forgotten job by the last line of its log; "" when the log has no end."""
    for lines in map(_lines, logs_of(job)):
        if lines and lines[-1].startswith(EXIT_LINE):
            return "COMPLETED" if lines[-1].removeprefix(EXIT_LINE) == "0" else "FAILED"
    return ""


def cause(job: str, state: str) -> str:
    """The state, put right: without cgroups Slurm calls FAILED or CANCELLED what ran out of memory."""
    if state in FAILED and any(OVER_MEMORY.search("\n".join(_lines(log)[-20:])) for log in logs_of(job)):
        return "OUT_OF_MEMORY"
    return state


def sentence(job: str, name: str, state: str, node: str, why: str = "") -> str:
    """How a job ended, in one line. Stands at the end of its log as well."""
    why = why or {**FAILED, **INTERRUPTED}[state]
    said = f"Slurm job {job} ({name}) ended as {state}{f' on {node}' if node else ''}: {why}"
    for path in logs_of(job):
        try:
            with path.open("a", encoding="utf-8") as log:
                log.write(f"decaybench-slurm: {said}\n")
        except OSError:
            continue  # a full disk; the head says it anyway
    return said


def tail(job: str) -> str:
    """The last lines of a job's log."""
    for path in logs_of(job):
        return f"; its log {path} ends with" + "".join(f"\n    {line}" for line in _lines(path)[-TAIL:])
    return ""


def logs_of(job: str) -> list[Path]:
    """The log of a job, where it is to be seen already."""
    return sorted(LOGS.glob(f"*-{job.partition(';')[0]}.log"))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return []
