"""What the Snakefile asks: names of blocks, parameters of jobs as sorted JSON, code fingerprints.

Imported at every parse, also in every cluster job: no torch, no pandas, no drawing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from decaybench import tasks
from decaybench.cells.blocks import block_name, format_names
from decaybench.cells.grid import BlockSpec, block_specs, seeds_for_nodes, seeds_per_block, study_spec
from decaybench.config import Config, Module, Recipe, Study, Table
from decaybench.figures import FIGURES
from decaybench.jobs import resources
from decaybench.learning import code_of, module_of
from decaybench.provenance.code import fingerprint
from decaybench.provenance.own_code import own_code


def _task_of(recipe: Recipe) -> str:
    return tasks.MODULES[recipe.task.kind]


class Stage(NamedTuple):
    """What a stage runs: modules with all that they import, and those that no import shows."""

    modules: tuple[str, ...]
    by_recipe: tuple[Callable[[Recipe], str], ...] = ()  # modules that it imports by name, as a recipe says
    libraries: tuple[str, ...] = ()
    keys: bool = False  # whether it makes keys of cells, which hold the code that trains them


NUMBERS = ("numpy", "scipy", "pandas", "scikit-learn")
DRAWING = ("matplotlib", "seaborn", "pillow")
STAGES = {
    "train": Stage(("decaybench.stages.train",), (_task_of, module_of), keys=True),
    "collect": Stage(
        ("decaybench.cells.tables", "decaybench.cells.blocks", "decaybench.learning"),
        libraries=("pyarrow",),
        keys=True,
    ),
    "splits": Stage(("decaybench.stages.splits",), (_task_of,), ("numpy", "pandas", "pyarrow")),
    "refit": Stage(("decaybench.stages.refit",), (_task_of, module_of), (*NUMBERS, "torch")),
    "analyse": Stage(("decaybench.analysis.facts",), (_task_of,), NUMBERS),
    "judge": Stage(("decaybench.analysis.claims",), (_task_of,), NUMBERS),
    "cost": Stage(("decaybench.learning.cost", "decaybench.cells.tables"), libraries=("torch",)),
    "gather": Stage(
        (
            "decaybench.provenance.machine",
            "decaybench.analysis.claim_facts",
            "decaybench.analysis.cost",
            "decaybench.figures.cost",
        ),
        libraries=DRAWING,
    ),
    "draw": Stage(
        ("decaybench.figures.drawing", *FIGURES.values()),
        (_task_of,),
        (*NUMBERS, *DRAWING),
    ),
    "render": Stage(("decaybench.report.render",), (_task_of,), ("jinja2", "babel")),
}
ARRAY_JOBS = "--slurm-array-jobs"
MANY_JOBS = 5_000  # Snakemake plans a thousand in about a second


def use_this_environment(root: Path) -> None:
    """Let jobs find the command of the running interpreter's environment, and users' modules below `root`."""
    for variable, place, default in (("PATH", Path(sys.executable).parent, os.defpath), ("PYTHONPATH", root, "")):
        os.environ[variable] = os.pathsep.join(filter(None, [str(place), os.environ.get(variable, default)]))
    sys.path.append(str(root))


def refusal_of_array_jobs(words: Sequence[str], settings: Any = None) -> str | None:
    """One line when job arrays are asked for, on the command line or in the settings of the executor."""
    asked = any(word.partition("=")[0] == ARRAY_JOBS for word in words) or getattr(settings, "array_jobs", None)
    if not asked:
        return None
    return (
        f"{ARRAY_JOBS}: refused; with job arrays the executor takes unfinished blocks for finished ones, and one "
        "failing block destroys the others. Leave it out: a block is a batch already (docs/cluster.md)"
    )


def stage_code(stage: str, *studies: Study) -> str:
    """The fingerprint of all that a stage runs for the studies that its job reads."""
    recipes = [variant for study in studies for variant in study.resolved()]
    named = {module_of(recipe) for module_of in STAGES[stage].by_recipe for recipe in recipes}
    code = _stage_code(stage, frozenset(named))
    return _joined([code, *(training_code(study) for study in studies)]) if STAGES[stage].keys else code


@cache
def _stage_code(stage: str, named: frozenset[str]) -> str:
    return fingerprint(*STAGES[stage].modules, *named, libraries=STAGES[stage].libraries)


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


def block_names(study: Study, nodes: int | None = None) -> list[str]:
    """The blocks of a study as their files are called."""
    return list(Work(study, nodes).blocks)


class Work:
    """The jobs of one study. Everything is computed once: a DAG asks for it once a job."""

    def __init__(self, study: Study, nodes: int | None = None) -> None:
        self.study = study
        self.own = seeds_per_block(study)
        self.size = seeds_for_nodes(study, nodes)
        self._codes: dict[str, str] = {}

    @cached_property
    def blocks(self) -> dict[str, BlockSpec]:
        """The spec of every block by the name of its file."""
        specs = block_specs(self.study, self.size)
        return {block_name(index, self.size, self.own): spec for index, spec in specs.items()}

    @cached_property
    def block_range(self) -> str:
        """The names of all blocks, short."""
        return format_names(self.blocks)

    @cached_property
    def spec(self) -> str:
        """All that decides the numbers of the study."""
        return study_spec(self.study).to_json()

    def code(self, stage: str) -> str:
        """The fingerprint of all that a stage runs for the study."""
        if stage not in self._codes:
            self._codes[stage] = stage_code(stage, self.study)
        return self._codes[stage]

    @cached_property
    def question(self) -> str:
        """The study as JSON, without how it is cut into jobs."""
        text = self.study.model_copy(update={"seeds_per_block": None}).model_dump_json()
        # In ASCII: a command line carries other letters in some locales only.
        return "".join(letter if letter.isascii() else json.dumps(letter)[1:-1] for letter in text)

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


def question(config: Config) -> str:
    """The config as JSON, without how the work is cut into jobs."""
    return json.dumps(config.question())
