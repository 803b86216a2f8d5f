"""Did we rerun what they ran? Our weight norms beside those that other people's executions printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from decaybench.analysis.contrasts import is_articles
from decaybench.analysis.fact import Fact, plain_fact
from decaybench.analysis.results import paired
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Variant


@cache
def published() -> list[dict[str, Any]]:
    """The published results, one a version and λ."""
    text = resources.files("decaybench.analysis").joinpath("published.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["results"]
    return found


def repeats(variant: Variant, result: dict[str, Any]) -> bool:
    """Whether a variant trains exactly what a published version trained."""
    return is_articles(variant, result["loss"], result["bias_init_std"])


def published_facts(variant: Variant, cells: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """Mean and spread of both, and the distance of the means in standard errors of their difference."""
    norms = paired(cells, "weight_norm")
    for result in published():
        if result["weight_decay"] not in norms.columns or not repeats(variant, result):
            continue
        values = norms[result["weight_decay"]].to_numpy(np.float64)
        label = weight_decay_label(result["weight_decay"])
        method, unit, n = f"162 stored executions, {result['version']}", "weight units", result["n"]
        yield f"{label}/published_mean", plain_fact(result["mean"], unit, method, n)
        yield f"{label}/published_sd", plain_fact(result["sd"], unit, method, n)
        if len(values) < 2:
            continue
        sd = float(values.std(ddof=1))
        error = np.sqrt(sd**2 / len(values) + result["sd"] ** 2 / n)
        yield f"{label}/weight_norm_sd", plain_fact(sd, unit, "standard deviation over seeds", len(values))
        score = float((values.mean() - result["mean"]) / error)
        yield f"{label}/published_z", plain_fact(score, "standard errors", "ours minus theirs", len(values))
        yield f"{label}/published_sd_ratio", plain_fact(sd / result["sd"], "ratio", "ours over theirs", len(values))
