"""What sbatch is asked for, from the resources of a job."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOGS = Path("logs", "slurm")
# Resources by their names in --default-resources and --set-resources; each but the first two also with "slurm_"
# before it. What is not set here sbatch takes from its own SBATCH_ACCOUNT, SBATCH_PARTITION and so on.
OPTIONS = {
    "mem_mb": "--mem={}M",
    "runtime": "--time={}",
    "account": "--account={}",
    "partition": "--partition={}",
    "qos": "--qos={}",
    "constraint": "--constraint={}",
    "reservation": "--reservation={}",
    "clusters": "--clusters={}",
}
# Names that Snakemake sets or derives itself, and those that `options` reads by hand.
OTHERS = {"_cores", "_nodes", "tmpdir", "mem", "mem_mib", "disk", "disk_mb", "disk_mib", "runtime_min"}
BY_HAND = {"gpu", "gpu_model", "gres", "extra"}


def options(resources: Mapping[str, Any], threads: int) -> list[str]:
    """Options of sbatch. Slurm requeues nothing: the follower submits again what was preempted or lost its node."""
    asked = [
        "--parsable", "--no-requeue", "--nodes=1", "--ntasks=1", f"--cpus-per-task={threads}",
        f"--output={LOGS}/%x-%j.log",
    ]  # fmt: skip
    for name, option in OPTIONS.items():
        if value := _value(resources, name):
            asked.append(option.format(value))
    gpus = _value(resources, "gpu")
    model = _value(resources, "gpu_model")
    gres = [_value(resources, "gres"), ":".join(filter(None, ["gpu", model, gpus])) if gpus else ""]
    if any(gres):
        asked.append("--gres=" + ",".join(filter(None, gres)))
    return asked + shlex.split(_value(resources, "extra"))


def clusters(resources: Mapping[str, Any]) -> str:
    """The clusters that a job is for, where that was said."""
    return _value(resources, "clusters") or os.environ.get("SBATCH_CLUSTERS", "")


def unknown(resources: Mapping[str, Any]) -> set[str]:
    """Resources that sbatch is not asked for."""
    known = OPTIONS.keys() | BY_HAND
    return {name for name in resources if name.removeprefix("slurm_") not in known and name not in OTHERS}


def _value(resources: Mapping[str, Any], name: str) -> str:
    value = resources.get(f"slurm_{name}") or resources.get(name)
    return str(value) if value else ""
