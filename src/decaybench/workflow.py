"""What the Snakefile asks: names of blocks, parameters of jobs as sorted JSON, code fingerprints, resources.

Imported at every parse, also in every cluster job: no torch, no pandas, no drawing.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from math import ceil
from pathlib import Path

from decaybench.config import Study
from decaybench.fingerprint import fingerprint
from decaybench.grid import BlockSpec, block_specs, seeds_per_block, study_spec
from decaybench.learning import code_of

STAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # modules and folders, libraries
    "collect": (("decaybench.cells",), ("pyarrow",)),
    "analyse": (
        ("decaybench.analysis.facts", "analysis/published.json"),
        ("numpy", "scipy", "pandas", "scikit-learn"),
    ),
    "judge": (("decaybench.analysis.claims",), ("numpy", "scipy", "pandas", "scikit-learn")),
    "cost": (("decaybench.learning.cost",), ("torch",)),
    "gather": (
        (
            "decaybench.provenance",
            "decaybench.analysis.claim_facts",
            "decaybench.analysis.cost",
            "decaybench.figures.cost",
            "decaybench.figures.svg",
        ),
        ("matplotlib",),
    ),
    "draw": (("decaybench.figures", "figures/"), ("matplotlib", "seaborn", "numpy", "pandas")),
    "render": (("decaybench.report.render", "report/"), ("jinja2",)),
}


def use_this_environment(root: Path) -> None:
    """Let jobs find the command of the running interpreter's environment, and users' modules below `root`."""
    for variable, place, default in (("PATH", Path(sys.executable).parent, os.defpath), ("PYTHONPATH", root, "")):
        os.environ[variable] = os.pathsep.join(filter(None, [str(place), os.environ.get(variable, default)]))
    sys.path.append(str(root))


@cache
def stage_code(stage: str) -> str:
    """The fingerprint of all that a stage after training runs."""
    entries, libraries = STAGES[stage]
    return fingerprint(*entries, libraries=libraries)


def training_code(study: Study) -> str:
    """The fingerprint of all code that trains a study."""
    codes = sorted({code_of(variant) for variant in study.resolved()})
    return codes[0] if len(codes) == 1 else hashlib.sha256("".join(codes).encode()).hexdigest()[:16]


@cache
def _specs(study_json: str) -> dict[str, BlockSpec]:
    study = Study.model_validate_json(study_json)
    return {f"{index:04d}": spec for index, spec in block_specs(study).items()}


def block_names(study: Study) -> list[str]:
    """The blocks of a study as their files are called."""
    return list(_specs(study.model_dump_json()))


def block_json(study: Study, block: str) -> str:
    """All that decides the numbers of a block."""
    return _specs(study.model_dump_json())[block].to_json()


def study_json(study: Study) -> str:
    """All that decides the numbers of a study."""
    return study_spec(study).to_json()


def memory_mb(study: Study) -> int:
    """Memory that a training job asks for: the process, and the rows of a full block."""
    rows = sum(
        len(v.grid.weight_decay) * seeds_per_block(study) * (v.training.epochs // v.training.record_every + 3)
        for v in study.resolved()
    )
    return 1_000 + ceil(rows * 300 / 2**20)


def runtime_minutes(study: Study) -> int:
    """Minutes that a training job asks for: generous, since a scheduler kills what runs longer."""
    return 10 + ceil(memory_mb(study) / 100)
