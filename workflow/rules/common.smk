# Functions only: what the rules ask of the config.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

try:
    from decaybench import workflow as jobs
    from decaybench.config import ConfigError
    from decaybench.reading import parse_config
except ImportError as error:
    raise WorkflowError(
        f"decaybench is not installed for {sys.executable} ({error}); run `make setup`"
    )

try:
    CONFIG = parse_config(
        {key: value for key, value in config.items() if key != "pathvars"}
    )
except ConfigError as error:
    raise WorkflowError(f"config: {error}")

jobs.use_this_environment(Path(str(workflow.current_basedir)).parents[1])

STUDIES = {study.name: study for study in CONFIG.studies}
BLOCKS = {name: jobs.block_names(study) for name, study in STUDIES.items()}


wildcard_constraints:
    study="|".join(STUDIES),
    block=r"\d+",
    language="|".join(CONFIG.report.languages),


def block_spec(wildcards):
    return jobs.block_json(STUDIES[wildcards.study], wildcards.block)


def study_spec(wildcards):
    return jobs.study_json(STUDIES[wildcards.study])


def study_config(wildcards):
    return STUDIES[wildcards.study].model_dump_json()


def training_code(wildcards):
    return jobs.training_code(STUDIES[wildcards.study])


def blocks_of(wildcards):
    return expand(
        "<results>/{study}/blocks/{block}.parquet",
        study=wildcards.study,
        block=BLOCKS[wildcards.study],
    )
