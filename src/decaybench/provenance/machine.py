"""What ran where: machine records of blocks, and the versions behind a page."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from decaybench.provenance.processor import kinds, read_processor

LIBRARIES = (
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "seaborn",
    "matplotlib",
    "snakemake",
)


def peak_memory_mb() -> float:
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def machine() -> dict[str, Any]:
    """Who is computing: the node by the name that its scheduler uses."""
    node = os.environ.get("SLURMD_NODENAME") or platform.node()
    return {"node": node, **read_processor(), "cores": len(_cores())}


def _cores() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def versions() -> dict[str, str]:
    """The versions of the libraries that numbers and figures depend on."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def git_state() -> dict[str, Any]:
    """Commit of the code and whether it was changed since; empty outside of a checkout."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=True)
        return done.stdout

    try:
        return {
            "commit": git("rev-parse", "HEAD").strip(),
            "changed": bool(git("status", "--porcelain").strip()),
        }
    except (OSError, subprocess.CalledProcessError):
        return {}


def manifest(config: dict[str, Any], runs: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> dict[str, Any]:
    """What made a results folder: config with its digest, versions, code, the machine of the head process, and the
    kinds of processors of all runs that trained cells, by study."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    return {
        "config": config, "config_sha256": digest, "versions": versions(),
        "decaybench": importlib.metadata.version("decaybench"), "git": git_state(), "machine": machine(),
        "processors": kinds(run for study in (runs or {}).values() for run in study),
    }  # fmt: skip
