"""Hand jobs to Slurm, follow them, and leave none behind: Snakemake's executor `decaybench-slurm`.

One thread of the head process asks Slurm for all jobs at once (follower). Nothing here imports torch or pandas.
"""

from decaybench.jobs.slurm.cli import main

__all__ = ["main"]
