"""What the story of the page hangs on, as outcomes; see `findings`."""

from __future__ import annotations

from collections.abc import Sequence

from decaybench.analysis.decide import outcome_of_ratio
from decaybench.analysis.findings.intervals import compare
from decaybench.analysis.studies import StudyView
from decaybench.analysis.variants import VariantView

OVERTRAINED = ("rises", "stays", "falls", "open", "unknown")
STANDINGS = ("chosen", "as_good", "worse", "open", "not_compared")
ONE_SE = ("same", "better", "worse", "no_difference", "open", "unknown")
ROWS_HELP = ("better", "worse", "no_difference", "open", "not_tried")
START_COSTS = ("costs", "no_difference", "unknown")
TRAVELS = ("travels", "does_not", "unknown")

WORDS = {"better": "better", "worse": "worse", "no matter": "no_difference", "open": "open"}
OVERTRAINING, MORE_DATA = "claims/training-too-long-hurts", "claims/more-data-helps"


def overtrained(view: VariantView) -> str:
    """Whether the test error rises once training has passed its best epoch, without decay."""
    fact = view.facts.get(f"{OVERTRAINING}/{view.prefix}/outcome")
    words = {"held": "rises", "failed": "stays", "reversed": "falls", "open": "open"}
    return "unknown" if fact is None else words.get(fact["value"], "unknown")


def standing(view: VariantView, label: str) -> str:
    """How a λ stands against the chosen one on validation data."""
    if label == view.chosen:
        return "chosen"
    if label not in view.compared:
        return "not_compared"
    return next((name for name in ("as_good", "worse", "open") if label in view.standing(name)), "open")


def one_se(view: VariantView) -> str:
    """What the one-standard-error choice costs in test error against the chosen λ."""
    picked, fact = view.value("one_se/weight_decay"), view.facts.get(f"{view.prefix}/one_se/test_loss_ratio")
    if picked is None or fact is None or view.chosen is None:
        return "unknown"
    if view.value("chosen/weight_decay") == picked:
        return "same"
    return "unknown" if fact["low"] is None else WORDS[outcome_of_ratio(fact)]


def rows_help(study: StudyView) -> str:
    """What more examples did to the test error where λ was chosen anew, from the claim's settings of this study."""
    found = [
        fact["value"]
        for key, fact in study.base.facts.items()
        if key.startswith(f"{MORE_DATA}/{study.name}/") and key.endswith("/outcome")
    ]
    words = {"held": "better", "failed": "no_difference", "reversed": "worse", "open": "open"}
    settled = {words[outcome] for outcome in found if outcome in words}
    return next((word for word in ("better", "worse", "no_difference", "open") if settled == {word}), "not_tried")


def start_costs(study: StudyView) -> str:
    """Whether the random start alone, at one λ, leaves more test error than the zero start."""
    zero, label = study.zero_start, study.start_label
    if zero is None or label is None:
        return "unknown"
    order = compare(study.base.fact(label, "test_loss"), zero.fact(label, "test_loss"))
    return {"above": "costs", "around": "no_difference", "below": "no_difference", "unknown": "unknown"}[order]


def travels(view: VariantView, reference: VariantView) -> str:
    """Whether the same λ shortens the weights as it does with another optimizer, to within a factor of two."""
    ours, theirs = (each.fact(reference.last, "weight_norm") for each in (view, reference))
    if None in (ours["low"], theirs["low"]) or theirs["low"] <= 0:
        return "unknown"
    ratio = {"low": ours["low"] / theirs["high"], "high": ours["high"] / theirs["low"]}
    return {"no matter": "travels", "open": "unknown"}.get(outcome_of_ratio(ratio, bar=2.0), "does_not")


def degree_picks(view: VariantView) -> Sequence[str]:
    """The criteria that picked a degree."""
    return [name for name in ("training", "validation", "evidence") if view.value(f"degree/{name}") is not None]
