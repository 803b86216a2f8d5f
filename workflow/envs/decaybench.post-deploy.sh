# Run by Snakemake in the new environment. The workflow says where its checkout is.
set -e
python -m pip install --no-deps --no-build-isolation "$DECAYBENCH_ROOT"
