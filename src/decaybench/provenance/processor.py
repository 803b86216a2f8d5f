"""Which processor computes: the last bits of a sum depend on its kind and on the instructions that torch takes."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# Keys of /proc/cpuinfo, and what a run calls them.
CPUINFO = {"vendor_id": "cpu_vendor", "cpu family": "cpu_family", "model": "cpu_model", "stepping": "cpu_stepping"}
KIND = (*CPUINFO.values(), "instruction_set")


def read_processor(info: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Name, vendor, family, model and stepping, as far as the system tells."""
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.exists() else []
    found: dict[str, str] = {}
    for line in lines:
        key, _, value = (word.strip() for word in line.partition(":"))
        if not key:
            break  # the first core speaks for all
        found[key] = value
    name = found.get("model name") or platform.processor() or platform.machine()
    return {"cpu": name, **{ours: found[theirs] for theirs, ours in CPUINFO.items() if theirs in found}}


def kind(run: Mapping[str, Any]) -> str:
    """The kind of processor that a run was on, in words. Runs of older versions know the name alone."""
    numbers = [str(run[key]) for key in CPUINFO.values() if key in run]
    extra = ", ".join(filter(None, [" ".join(numbers), str(run.get("instruction_set", ""))]))
    return f"{run['cpu']} ({extra})" if extra else str(run["cpu"])


def kinds(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """All kinds of processors on which runs computed; a GPU's cells are another matter."""
    return sorted({kind(run) for run in runs if run.get("device", "cpu") == "cpu"})
