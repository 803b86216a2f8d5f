"""Mean and standard deviation of our weight norms beside those that other people's executions printed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from decaybench.analysis.published import published, repeats
from decaybench.analysis.results import StudyResults, rows
from decaybench.cells.grid import weight_decay_label


def series(results: StudyResults) -> Iterator[pd.DataFrame]:
    """By version and λ, of the first variant that repeats one with more than one seed; low and high are ± one sd."""
    found: set[tuple[str, float]] = set()
    for result in published():
        version, decay = key = result["version"], float(result["weight_decay"])
        label = weight_decay_label(decay)
        for own in results.variants:
            known = all(own.has(label, name) for name in ("weight_norm", "weight_norm_sd", "published_mean"))
            if key in found or not known or not repeats(own.variant, result):
                continue
            found.add(key)
            n = int(own.runs.loc[own.runs["weight_decay"] == decay, "seed"].nunique())
            sides = (("ours", "weight_norm", "weight_norm_sd", n),
                     ("published", "published_mean", "published_sd", int(result["n"])))  # fmt: skip
            for whose, mean_name, sd_name, count in sides:
                mean, sd = (own.value(f"{label}/{name}") for name in (mean_name, sd_name))
                yield rows(
                    f"weight_norm_{whose}_mean_and_sd", "version", None, [mean], variant=own.name,
                    weight_decay=decay, setting=version, low=mean - sd, high=mean + sd, n=count,
                )  # fmt: skip
