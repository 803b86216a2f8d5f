"""The cost of decay from measured steps: ratios with intervals, and the verdict on "no extra compute".

A machine fact: it stands in timings.json, outside of the claims and their correction for many tests.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from decaybench.analysis.decide import SMALLEST_RATIO, standing_of
from decaybench.analysis.statistics import Estimate, exponential, mean

WORDS = {"as good": "no_dearer", "worse": "dearer"}  # of a step with decay, against one without


def summarise(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each size, each kind against no decay: geometric mean of the ratios of a round, interval, verdict."""
    return [
        {
            "weights": size["weights"],
            "kind": kind,
            "microseconds": level_of(size["seconds"][kind]).value,
            "peak_bytes": size["peak_bytes"][kind],
            **_ratio(size["seconds"][kind], size["seconds"]["none"]),
        }
        for size in measured
        for kind in sorted(size["seconds"])
    ]


def levels(measured: list[dict[str, Any]]) -> list[dict[str, tuple[float | None, float | None, float | None]]]:
    """For each size, of each kind the geometric mean of a step in microseconds and its interval."""
    found = [{kind: level_of(seconds) for kind, seconds in size["seconds"].items()} for size in measured]
    return [{kind: (own.value, own.low, own.high) for kind, own in size.items()} for size in found]


def level_of(seconds: list[float]) -> Estimate:
    """Geometric mean in microseconds; the ratio of two is the geometric mean of the rounds' ratios."""
    return exponential(mean(np.log(1e6 * np.asarray(seconds))))


def _ratio(seconds: list[float], reference: list[float]) -> dict[str, Any]:
    estimate = mean(np.log(np.asarray(seconds) / np.asarray(reference)))
    ratio = exponential(estimate)
    verdict = WORDS.get(standing_of(estimate, math.log(SMALLEST_RATIO)), "open")
    return {"ratio": ratio.value, "low": ratio.low, "high": ratio.high, "n": ratio.n, "verdict": verdict}
