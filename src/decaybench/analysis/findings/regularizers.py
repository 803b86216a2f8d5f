"""How the remedies compare on one axis, as outcomes; see `findings`."""

from __future__ import annotations

from collections.abc import Sequence

from decaybench.analysis.contrasts import near_threshold
from decaybench.analysis.decide import outcome_of_ratio
from decaybench.analysis.findings.intervals import compare, sign
from decaybench.analysis.variants import VariantView

EQUALS = ("better", "worse", "alike", "open", "unknown")
FILTERS = ("same", "similar", "apart", "unknown")
SHARPNESS = ("sharper", "softer", "mixed", "unknown")
MORE_ROWS = ("freer", "better", "no_difference", "worse", "unknown")
COURSES = ("peak", "falls", "rises", "unknown")
SAME, SIMILAR = 0.05, 0.25  # of a direction: largest differences of two filters


def matched(view: VariantView, kind: str) -> str:
    """A remedy against decay, where both leave the fit equally free; paired by seed."""
    fact = view.facts.get(f"{view.prefix}/remedies/{kind}/ratio_at_equal_dof")
    if fact is None or fact["low"] is None:
        return "unknown"
    outcome = outcome_of_ratio(fact)
    return {"better": "better", "worse": "worse", "no matter": "alike", "open": "open"}[outcome]


def filters(view: VariantView) -> str:
    """How alike the filters of decay and of early stopping are, by the largest difference in any direction."""
    fact = view.facts.get(f"{view.prefix}/filters/gap")
    if fact is None or fact["low"] is None:
        return "unknown"
    for word, bound in (("same", SAME), ("similar", SIMILAR)):
        if fact["high"] <= bound:
            return word
    return "apart" if fact["low"] > SIMILAR else "unknown"


def sharpness(view: VariantView) -> str:
    """Whether early stopping lets more of the strongest and less of the weakest direction through than decay."""
    ends = [view.facts.get(f"{view.prefix}/filters/{end}") for end in ("strongest", "weakest")]
    strong, weak = ("unknown" if end is None else sign(end) for end in ends)
    if "unknown" in (strong, weak):
        return "unknown"
    return {("above", "below"): "sharper", ("below", "above"): "softer"}.get((strong, weak), "mixed")


def more_rows(view: VariantView) -> str:
    """More rows against the chosen decay: a lower loss, and whether from a fit that is freer."""
    ratio = view.facts.get(f"{view.prefix}/remedies/more_data/test_loss_ratio")
    if ratio is None or ratio["low"] is None:
        return "unknown"
    outcome = outcome_of_ratio(ratio)
    if outcome != "better":
        return {"worse": "worse", "no matter": "no_difference", "open": "unknown"}[outcome]
    dof = [view.value(f"remedies/{kind}/effective_dof") for kind in ("more_data", "decay")]
    return "freer" if dof[0] > dof[1] else "better"


def course(views: Sequence[VariantView]) -> str:
    """How the test loss without decay runs as rows are added, fewest first."""
    facts = [view.fact("0", level(views)) for view in views]
    if len(facts) < 3 or any(fact["low"] is None for fact in facts):
        return "unknown"
    first, last = facts[0], facts[-1]
    if any(compare(fact, first) == compare(fact, last) == "above" for fact in facts[1:-1]):
        return "peak"
    return {"below": "falls", "above": "rises", "around": "unknown", "unknown": "unknown"}[compare(last, first)]


def highest(views: Sequence[VariantView]) -> VariantView:
    """Where it is highest."""
    return max(views, key=lambda view: float(view.fact("0", level(views))["value"]))


def level(views: Sequence[VariantView]) -> str:
    """What the figure draws: medians near as many rows as weights, where a few seeds decide the mean; else means."""
    median = near_threshold([view.variant for view in views]) and all(v.has("0", "test_loss_median") for v in views)
    return "test_loss_median" if median else "test_loss"
