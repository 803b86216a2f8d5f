"""Snakemake finds executors by the names of installed modules; this is the name of decaybench.jobs.slurm."""

from decaybench.jobs.slurm.executor import Executor, common_settings

__all__ = ["Executor", "common_settings"]
