"""Slurm's commands, each asked once for all jobs. A command that hangs, dies or is missing has not answered."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

ANSWER_SECONDS = 20.0  # how long one command may take
SCANCEL_IDS = 500  # jobs a call: a command line has its limits
# What would make one job many, or keep sbatch waiting until the job ends, or take the errors out of its log.
UNWANTED = {"SBATCH_ARRAY_INX", "SBATCH_WAIT", "SBATCH_ERROR"}


class Answer(NamedTuple):
    """What a command of Slurm said; errors are on one line."""

    code: int
    output: str
    errors: str


class Row(NamedTuple):
    """A job in the queue."""

    state: str
    reason: str  # of waiting
    node: str
    comment: str


Queue = dict[str, Row]  # by the job's id, with ";cluster" behind it where a cluster was named


def ask(*command: str, script: str = "") -> Answer:
    """What a command answers."""
    # A head process that is itself a job of Slurm must not hand its own limits on.
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in UNWANTED and (not key.startswith("SLURM_") or key == "SLURM_CONF")
    }
    try:
        # In a session of its own: Ctrl-C on a terminal would end an sbatch whose job Slurm has taken already.
        done = subprocess.run(command, input=script, capture_output=True, encoding="utf-8", env=environment,
                              errors="surrogateescape", timeout=ANSWER_SECONDS, start_new_session=True)  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(1, "", f"{command[0]} timed out after {ANSWER_SECONDS:.0f} s")
    except OSError as error:
        return Answer(1, "", f"{command[0]} cannot be run for now, try again ({error.strerror})")
    errors = " ".join(done.stderr.split())
    if done.returncode < 0:
        errors = f"{command[0]} was killed, try again {errors}".strip()
    return Answer(done.returncode, done.stdout, errors)


def queue(clusters: Collection[str] = ()) -> Queue | str:
    """All jobs of this person that Slurm knows, or why that cannot be said now."""
    rows: Queue = {}
    for cluster in sorted(clusters) or [""]:
        where = ["-M", cluster] if cluster else []
        answer = ask("squeue", *where, "-h", "-t", "all", "-u", str(os.getuid()), "-o", "%A|%T|%r|%N|%k")
        if answer.code != 0:
            return answer.errors or "squeue failed without a word"
        for line in answer.output.splitlines():
            words = [word.strip() for word in line.split("|", 4)]
            if len(words) != 5 or not words[0].isdigit():
                return f"squeue's answer cannot be read: {line[:80]}"
            rows[";".join(filter(None, [words[0], cluster]))] = Row(*words[1:])
    return rows


def accounted(jobs: Sequence[str]) -> Mapping[str, str]:
    """The states that the accounting has of jobs; none where there is no accounting."""
    states = {}
    for cluster, ids in _by_cluster(jobs):
        answer = ask("sacct", *cluster, "-n", "-X", "-P", "-j", ",".join(ids), "-o", "JobID,State")
        for line in answer.output.splitlines() if answer.code == 0 else ():
            job, _, state = line.partition("|")
            if state:  # "CANCELLED by 1000"
                states[";".join([job, *cluster[1:]])] = state.split()[0].rstrip("+")
    return states


def cancel(jobs: Iterable[str]) -> str:
    """Cancel jobs. Returns what scancel complains of; jobs that have ended meanwhile are no complaint."""
    complaints = []
    for cluster, ids in _by_cluster(jobs):
        for start in range(0, len(ids), SCANCEL_IDS):
            answer = ask("scancel", "--quiet", *cluster, *ids[start : start + SCANCEL_IDS])
            complaints.append(answer.errors if answer.code else "")
    return " ".join(filter(None, complaints))


def _by_cluster(jobs: Iterable[str]) -> list[tuple[list[str], list[str]]]:
    """Options that choose a cluster, and the ids of its jobs."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        number, _, cluster = job.partition(";")
        found.setdefault(cluster, []).append(number)
    return [(["-M", cluster] if cluster else [], ids) for cluster, ids in found.items()]
