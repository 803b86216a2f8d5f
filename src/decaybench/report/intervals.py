"""What intervals say: the ground of every outcome in `findings`."""

from __future__ import annotations

from decaybench.analysis.results import Fact


def sign(fact: Fact) -> str:
    """Whether an interval lies above or below zero, holds it, or is not there."""
    if fact["low"] is None or fact["high"] is None:
        return "unknown"
    if fact["low"] > 0:
        return "above"
    return "below" if fact["high"] < 0 else "around"


def compare(ours: Fact, theirs: Fact) -> str:
    """Whether one interval lies wholly above or below another: stricter than a paired comparison."""
    if None in (ours["low"], theirs["low"], ours["high"], theirs["high"]):
        return "unknown"
    if ours["low"] > theirs["high"]:
        return "above"
    return "below" if ours["high"] < theirs["low"] else "around"
