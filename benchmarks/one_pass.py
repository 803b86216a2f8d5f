"""What a study of 10⁹ cells would need: its tables are never in memory at once, only one block and the sums.

    python benchmarks/one_pass.py results/<study>/blocks

Reads blocks one by one; keeps of each variant, λ and metric the count, the mean and the sum of squared deviations
(Chan, Golub & LeVeque 1979). Prints seconds, memory and bytes a cell, and what they come to at 10⁹ cells.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from decaybench.cells.tables import LOSSES, NORMS

METRICS = [*LOSSES, *NORMS]
KEYS = ["variant", "weight_decay"]


def merged(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float, float]:
    """Count, mean and sum of squared deviations of two samples together."""
    n = one[0] + other[0]
    gap = other[1] - one[1]
    return n, one[1] + gap * other[0] / n, one[2] + other[2] + gap**2 * one[0] * other[0] / n


def sums_of(path: Path) -> dict[tuple[str, float, str], tuple[float, float, float]]:
    """The sums of one block over its cells that did not diverge."""
    table = pq.read_table(path, columns=[*KEYS, "diverged", *METRICS])
    table = table.filter(pc.invert(table["diverged"]))
    asked = [(metric, how) for metric in METRICS for how in ("count", "mean", "variance")]
    found: pa.Table = table.group_by(KEYS).aggregate(asked)
    return {
        (row["variant"], row["weight_decay"], metric): (
            row[f"{metric}_count"],
            row[f"{metric}_mean"],
            row[f"{metric}_variance"] * row[f"{metric}_count"],
        )
        for row in found.to_pylist()
        for metric in METRICS
        if row[f"{metric}_count"]
    }


def main(folder: Path) -> None:
    """Aggregate all blocks of a folder in one pass."""
    started = time.perf_counter()
    sums: dict[tuple[str, float, str], tuple[float, float, float]] = {}
    cells = size = 0
    for path in sorted(folder.glob("*.parquet")):
        cells += pq.read_metadata(path).num_rows
        size += path.stat().st_size
        for key, fresh in sums_of(path).items():
            sums[key] = merged(sums[key], fresh) if key in sums else fresh
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{cells:,} cells: {seconds:.1f} s, {peak:.0f} MB, {size / cells:.0f} bytes a cell on disk, {len(sums)} sums"
    )
    print(f"10⁹ cells: {seconds / cells * 1e9 / 60:.0f} minutes on one core, {size / cells:.0f} GB on disk")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
