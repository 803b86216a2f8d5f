"""What intervals of two facts say, by the one rule of `analysis.decide`."""

from __future__ import annotations

from decaybench.analysis.decide import direction_of, outcome_of_ratio
from decaybench.analysis.results import Fact
from decaybench.analysis.statistics import Estimate


def sign(fact: Fact) -> str:
    """Whether an interval lies above or below zero, holds it, or is not there."""
    if fact["low"] is None or fact["high"] is None:
        return "unknown"
    direction = direction_of(Estimate(fact["value"], fact["low"], fact["high"], 0, ""))
    return {"lower": "below", "higher": "above", None: "around"}[direction]


def compare(ours: Fact, theirs: Fact) -> str:
    """Whether ours is larger or smaller by 5 %, from both intervals: wider than that of a paired ratio."""
    ends = (ours["low"], ours["high"], theirs["low"], theirs["high"])
    if None in ends or min(ends) <= 0:
        return "unknown" if None in ends else "around"
    outcome = outcome_of_ratio({"low": ours["low"] / theirs["high"], "high": ours["high"] / theirs["low"]})
    return {"worse": "above", "better": "below", "no matter": "around", "open": "around"}[outcome]
