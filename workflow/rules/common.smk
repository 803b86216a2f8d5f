# Functions only: what the rules ask of the config.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

try:
    from decaybench.jobs import resources
    from decaybench.jobs import plan as jobs
    from decaybench.config import ConfigError
    from decaybench.config.files import read_file
    from decaybench.config.parsing import parse_config
    from decaybench.config import known
except ImportError as error:
    raise WorkflowError(
        f"decaybench is not installed for {sys.executable} ({error}); run `make setup`"
    )

try:
    if workflow.is_main_process:
        # Snakemake has read them, and has said nothing of a key that stands twice. (A pipe can be read once only.)
        for configfile in filter(Path.is_file, map(Path, workflow.configfiles)):
            read_file(configfile)
    # Tables are found from the file that names them: the last one of the command line, else the default.
    named_in = [*workflow.configfiles, *(workflow.overwrite_configfiles or [])][-1]
    CONFIG = known.with_tables(parse_config(config), Path(named_in).parent)
except ConfigError as error:
    raise WorkflowError(f"config: {error}")

jobs.use_this_environment(Path(str(workflow.current_basedir)).parents[1])

refusal = jobs.refusal_of_array_jobs(sys.argv)
if refusal:
    raise WorkflowError(refusal)

STUDIES = {study.name: jobs.Work(study, CONFIG.nodes) for study in CONFIG.studies}
hint = jobs.hint_at_nodes(STUDIES.values())
if workflow.is_main_process:
    for line in [
        hint,
        *jobs.unwatched(CONFIG.studies),
        *known.warnings(CONFIG),
    ]:
        if line:
            logger.warning(line)
LIGHT = resources.light(CONFIG.studies)


wildcard_constraints:
    study="|".join(STUDIES),
    block=r"\d+(x\d+)?",


def block_study(wildcards):
    return STUDIES[wildcards.study].block(wildcards.block)


def block_seeds(wildcards):
    seeds = STUDIES[wildcards.study].blocks[wildcards.block]
    return f"{seeds[0]}-{seeds[-1]}"


def study_json(wildcards):
    return STUDIES[wildcards.study].asked


def seeds_in_blocks(wildcards):
    return STUDIES[wildcards.study].size


def seeds_per_block(wildcards):
    """Seeds in a block of the study's own layout."""
    return STUDIES[wildcards.study].own


def stage_code(stage):
    """The code of a stage that runs once a study."""
    return lambda wildcards: STUDIES[wildcards.study].code(stage)


def train_mb(wildcards, attempt):
    return attempt * STUDIES[wildcards.study].train_mb


def train_minutes(wildcards, attempt):
    return attempt * STUDIES[wildcards.study].train_minutes


def table_mb(wildcards, attempt):
    """Of a job that reads a table and trains on it once."""
    return attempt * max(
        resources.tables_mb(studies_of(wildcards)), STUDIES[wildcards.study].train_mb
    )


def tables_mb(wildcards, attempt):
    return attempt * resources.tables_mb(studies_of(wildcards))


def tables_minutes(wildcards, attempt):
    return attempt * resources.tables_minutes(studies_of(wildcards))


def studies_of(wildcards):
    """The study of a job, or all where it reads all."""
    named = getattr(wildcards, "study", None)
    return [STUDIES[named].study] if named else CONFIG.studies


def of_all_studies(name):
    """A file or folder of every study. A pattern, since Snakemake expands no other rule's output in a storage."""
    return expand("<results>/{study}/{name}", study=STUDIES, name=name)


def blocks_of(wildcards):
    return expand(
        "<results>/{study}/blocks/{block}.parquet",
        study=wildcards.study,
        block=STUDIES[wildcards.study].blocks,
    )
