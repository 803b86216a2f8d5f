#!/bin/bash
# The head process as a job of Slurm, from the clone's root: sbatch profiles/slurm/head.sh --config nodes=32
# Its own limits are these; when they end it, or scancel does, its jobs are cancelled.
#SBATCH --job-name=decaybench --cpus-per-task=2 --mem=4000 --time=1-00:00:00 --output=decaybench-%j.log
exec .venv/bin/snakemake --profile profiles/slurm "$@"
