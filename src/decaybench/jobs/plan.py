"""What the Snakefile asks: names of blocks, parameters of jobs, code fingerprints.

Imported at every parse, also in every cluster job: no torch, no pandas, no drawing.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from decaybench import tasks
from decaybench.cells.blocks import block_names
from decaybench.cells.grid import block_json, seeds_for_nodes, seeds_per_block
from decaybench.config import Module, Recipe, Study, Table
from decaybench.figures import MODULES as FIGURES
from decaybench.jobs import resources
from decaybench.learning import code_of, module_of
from decaybench.provenance.code import fingerprint
from decaybench.provenance.own_code import own_code


def _task_of(recipe: Recipe) -> str:
    return tasks.MODULES[recipe.task.kind]


class Stage(NamedTuple):
    """What a stage runs beside the modules that its own, decaybench.stages.<name>, imports."""

    by_recipe: tuple[Callable[[Recipe], str], ...] = ()  # modules that it imports by name, as a recipe says
    by_name: tuple[str, ...] = ()  # those of a table, whatever the recipe
    libraries: tuple[str, ...] = ()
    keys: bool = False  # whether it makes keys of cells, which hold the code that trains them


NUMBERS = ("numpy", "scipy", "pandas", "scikit-learn")
DRAWING = ("matplotlib", "seaborn", "pillow")
ALL_FIGURES = tuple(FIGURES.values())
STAGES = {
    "train": Stage((_task_of, module_of), keys=True),
    "analyse": Stage((_task_of,), libraries=("pyarrow", *NUMBERS), keys=True),
    "draw": Stage((), ALL_FIGURES, ("pyarrow", "numpy", "pandas", *DRAWING)),
    "slides": Stage((), ALL_FIGURES, ("pyarrow", "numpy", "pandas", *DRAWING)),
    "judge": Stage((_task_of,), libraries=(*NUMBERS, *DRAWING)),
    "cost": Stage(libraries=("torch",)),
    "render": Stage((_task_of,), libraries=("jinja2", "babel")),
    "splits": Stage((_task_of,), libraries=("numpy", "pandas", "pyarrow", "scikit-learn")),
    "refit": Stage((_task_of, module_of), libraries=("torch", *NUMBERS)),
}
ARRAY_JOBS = "--slurm-array-jobs"
MANY_JOBS = 5_000  # Snakemake plans a thousand in about a second


def use_this_environment(root: Path) -> None:
    """Let jobs find the command of the running interpreter's environment, and users' modules below `root`."""
    for variable, place, default in (("PATH", Path(sys.executable).parent, os.defpath), ("PYTHONPATH", root, "")):
        os.environ[variable] = os.pathsep.join(filter(None, [str(place), os.environ.get(variable, default)]))
    sys.path.append(str(root))
    os.environ["DECAYBENCH_ROOT"] = str(root)  # where a conda environment installs decaybench from


def refusal_of_array_jobs(words: Sequence[str], settings: Any = None) -> str | None:
    """One line when job arrays are asked for, on the command line or in the settings of the executor."""
    asked = any(word.partition("=")[0] == ARRAY_JOBS for word in words) or getattr(settings, "array_jobs", None)
    if not asked:
        return None
    return (
        f"{ARRAY_JOBS}: refused; with job arrays the executor takes unfinished blocks for finished ones, and one "
        "failing block destroys the others. Leave it out: a block is a batch already (docs/cluster.md)"
    )


def stage_code(name: str, *studies: Study) -> str:
    """The fingerprint of all that a stage runs for the studies that its job reads."""
    stage = STAGES[name]
    recipes = [variant for study in studies for variant in study.resolved()]
    asked = {module_of(recipe) for module_of in stage.by_recipe for recipe in recipes}
    code = _stage_code(name, frozenset(asked))
    return _joined([code, *(training_code(study) for study in studies)]) if stage.keys else code


@cache
def _stage_code(name: str, asked: frozenset[str]) -> str:
    stage = STAGES[name]
    return fingerprint(f"decaybench.stages.{name}", *stage.by_name, *asked, libraries=stage.libraries)


def training_code(study: Study) -> str:
    """The fingerprint of all code that the numbers of a study's cells depend on."""
    codes = sorted({code_of(variant) for variant in study.resolved()})
    return codes[0] if len(codes) == 1 else _joined(codes)


def _joined(codes: Iterable[str]) -> str:
    return hashlib.sha256("".join(codes).encode()).hexdigest()[:16]


def with_tables(studies: Iterable[Study]) -> list[str]:
    """The names of studies of which some variant reads a table."""
    return [s.name for s in studies if any(isinstance(variant.task, Table) for variant in s.resolved())]


def with_models(studies: Iterable[Study]) -> list[str]:
    """The names of studies that end with a model to use: those that themselves train one of ours on a table."""
    return [s.name for s in studies if isinstance(s.task, Table) and not isinstance(s.model, Module)]


def unwatched(studies: Iterable[Study]) -> list[str]:
    """One line a factory whose code cannot be watched as a whole."""
    models = [variant.model for study in studies for variant in study.resolved()]
    factories = sorted({model.factory for model in models if isinstance(model, Module)})
    return [line for factory in factories if (line := own_code(factory).unwatched)]


class Work:
    """The jobs of one study. Everything is computed once: a DAG asks for it once a job."""

    def __init__(self, study: Study, nodes: int | None = None) -> None:
        self.study = study
        self.variants = study.resolved()
        self.own = seeds_per_block(study)
        self.size = seeds_for_nodes(study, nodes)
        self._codes: dict[str, str] = {}

    @cached_property
    def blocks(self) -> dict[str, range]:
        """The seeds that the blocks may hold, by the names of their files."""
        return block_names(self.study, self.size, self.own)

    def block(self, name: str) -> str:
        """The study as JSON, as far as it concerns one block."""
        return block_json(self.study.name, self.variants, self.blocks[name])

    @cached_property
    def asked(self) -> str:
        """The study as JSON, without how it is cut into jobs."""
        return self.study.to_json()

    def code(self, stage: str) -> str:
        """The fingerprint of all that a stage runs for the study."""
        if stage not in self._codes:
            self._codes[stage] = stage_code(stage, self.study)
        return self._codes[stage]

    @cached_property
    def train_mb(self) -> int:
        return resources.train_mb(self.study, self.size)

    @cached_property
    def train_minutes(self) -> int:
        return resources.train_minutes(self.study, self.size)


def hint_at_nodes(works: Iterable[Work]) -> str | None:
    """One line when there are more jobs than anyone wants to wait for."""
    count = sum(len(work.blocks) for work in works)
    if count <= MANY_JOBS:
        return None
    return f"{count:,} blocks to train are {count:,} jobs; --config nodes=500 makes them about 500 (docs/cluster.md)"
