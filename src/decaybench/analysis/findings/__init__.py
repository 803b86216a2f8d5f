"""What the facts say, as outcomes: every word of the page that has a direction hangs on one of these.

An outcome is a string; the macros of words.html.j2 hold one message for each. `analysis.decide` reads directions off
95 % intervals, never off bare means.
"""

from __future__ import annotations

from typing import Protocol

from decaybench.analysis.decide import outcome_of_points, outcome_of_ratio
from decaybench.analysis.findings.regularizers import COURSES as COURSES
from decaybench.analysis.findings.regularizers import EQUALS as EQUALS
from decaybench.analysis.findings.regularizers import FILTERS as FILTERS
from decaybench.analysis.findings.regularizers import MORE_ROWS as MORE_ROWS
from decaybench.analysis.findings.regularizers import SHARPNESS as SHARPNESS
from decaybench.analysis.findings.regularizers import course as course
from decaybench.analysis.findings.regularizers import filters as filters
from decaybench.analysis.findings.regularizers import highest as highest
from decaybench.analysis.findings.regularizers import level as level
from decaybench.analysis.findings.regularizers import matched as matched
from decaybench.analysis.findings.regularizers import more_rows as more_rows
from decaybench.analysis.findings.regularizers import sharpness as sharpness
from decaybench.analysis.findings.steps import ALONE as ALONE
from decaybench.analysis.findings.steps import PACES as PACES
from decaybench.analysis.findings.steps import STEPS as STEPS
from decaybench.analysis.findings.steps import alone as alone
from decaybench.analysis.findings.steps import pace as pace
from decaybench.analysis.findings.steps import paces as paces
from decaybench.analysis.findings.steps import step as step
from decaybench.analysis.findings.story import ONE_SE as ONE_SE
from decaybench.analysis.findings.story import OVERTRAINED as OVERTRAINED
from decaybench.analysis.findings.story import OVERTRAINING as OVERTRAINING
from decaybench.analysis.findings.story import ROWS_HELP as ROWS_HELP
from decaybench.analysis.findings.story import STANDINGS as STANDINGS
from decaybench.analysis.findings.story import START_COSTS as START_COSTS
from decaybench.analysis.findings.story import TRAVELS as TRAVELS
from decaybench.analysis.findings.story import WORDS as WORDS
from decaybench.analysis.findings.story import degree_picks as degree_picks
from decaybench.analysis.findings.story import one_se as one_se
from decaybench.analysis.findings.story import overtrained as overtrained
from decaybench.analysis.findings.story import rows_help as rows_help
from decaybench.analysis.findings.story import standing as standing
from decaybench.analysis.findings.story import start_costs as start_costs
from decaybench.analysis.findings.story import travels as travels
from decaybench.analysis.findings.weights import KEPT as KEPT
from decaybench.analysis.findings.weights import LONGER as LONGER
from decaybench.analysis.findings.weights import MEMORIES as MEMORIES
from decaybench.analysis.findings.weights import SIGNS as SIGNS
from decaybench.analysis.findings.weights import SPREADS as SPREADS
from decaybench.analysis.findings.weights import ZEROS as ZEROS
from decaybench.analysis.findings.weights import both as both
from decaybench.analysis.findings.weights import kept as kept
from decaybench.analysis.findings.weights import longer as longer
from decaybench.analysis.findings.weights import memorised as memorised
from decaybench.analysis.findings.weights import signs as signs
from decaybench.analysis.findings.weights import spread as spread
from decaybench.analysis.findings.weights import told as told
from decaybench.analysis.findings.weights import zeros as zeros
from decaybench.analysis.variants import VariantView

EFFECTS = (
    "lower", "higher", "no_difference", "open", "chose_zero", "zero_tied", "only_zero", "no_zero", "unknown",
    "nothing",
)  # fmt: skip
SHAPES = ("u_shaped", "falls", "rises", "falls_then_flat", "flat_then_rises", "flat", "single", "unknown", "nothing")
CERTAINTIES = ("sure", "several", "open", "all", "single", "unknown", "nothing")
MOMENTS = ("best", "as_good", "open", "too_little", "too_much", "diverged", "unknown")
EDGES = ("inside", "high", "low", "low_zero")
CAPS = ("learning_rate", "stability", "diverged", "none")
NULL_SHARES = ("mostly", "little", "partly", "unknown")
BASELINES = ("worse", "better", "no_difference", "open", "unknown")
VERDICTS = ("held", "failed", "partly", "open", "not judged")
OUTCOMES = ("held", "failed", "reversed", "open", "not judged")
RAZORS = ("agree", "less", "more", "unknown")
DEGREES = ("true", "higher", "lower", "unsettled")
LENGTHS = ("misleads", "unknown")
TERMS = ("ridge", "forgotten_start", "slow_bias", "unknown")
NAMED_CURES = ("nothing", "decay", "early_stopping", "dropout", "more_data")
COSTS = ("no_dearer", "dearer", "open")


def effect(view: VariantView, metric: str = "test_loss") -> str:
    """What the chosen λ does to a loss on unseen data against λ = 0, paired by seed."""
    if view.chosen is None:
        return "nothing"
    if view.measured == ["0"]:
        return "only_zero"
    if view.chosen == "0":
        alone = has_intervals(view) and view.as_good == ["0"] and not view.value("open/weight_decay")
        return "chose_zero" if alone else "zero_tied"
    if not view.has_zero:
        return "no_zero"
    return decided(view, view.chosen, metric)


def accuracy_effect(view: VariantView) -> str:
    """What the chosen λ does to test accuracy against λ = 0."""
    return effect(view, "test_accuracy")


def decided(view: VariantView, label: str, metric: str) -> str:
    """A λ against λ = 0: lower and higher by 5 % (one point) at least, no_difference by less, else unknown."""
    accuracy = metric.endswith("accuracy")
    fact = view.facts.get(view.id(label, f"{metric}_difference" if accuracy else f"{metric}_ratio"))
    if fact is None or fact["low"] is None or fact["high"] is None:
        return "unknown"
    outcome = outcome_of_points(fact) if accuracy else outcome_of_ratio(fact)
    up, down = ("lower", "higher") if not accuracy else ("higher", "lower")
    return {"better": up, "worse": down, "no matter": "no_difference", "open": "open"}[outcome]


def shape(view: VariantView) -> str:
    """The course of the validation loss over λ, from paired intervals to the chosen λ."""
    if view.chosen is None:
        return "nothing"
    if len(view.compared) < 2:
        return "single"
    if not has_intervals(view):
        return "unknown"
    worse, good = view.standing("worse"), view.as_good
    first, last = view.compared[0], view.compared[-1]
    if len(good) == len(view.compared):
        return "flat"
    ends = tuple("worse" if end in worse else "good" if end in good else "open" for end in (first, last))
    if ends == ("worse", "worse"):
        return "u_shaped"
    if ends == ("worse", "good"):
        return "falls" if good == [last] else "falls_then_flat"
    if ends == ("good", "worse"):
        return "rises" if good == [first] else "flat_then_rises"
    return "unknown"


def has_intervals(view: VariantView) -> bool:
    """Whether the chosen λ has an interval, so that λ can be told apart at all."""
    return view.chosen is not None and view.fact(view.chosen, "validation_loss")["low"] is not None


def certainty(view: VariantView) -> str:
    """How far the validation data narrow the choice of λ."""
    if view.chosen is None:
        return "nothing"
    if len(view.compared) < 2:
        return "single"
    if not has_intervals(view):
        return "unknown"
    if len(view.as_good) == len(view.compared):
        return "all"
    if view.standing("open"):
        return "open"
    return "sure" if len(view.as_good) == 1 else "several"


def moment(view: VariantView, label: str) -> str:
    """What the validation rows say of one λ of the grid."""
    if label == view.chosen:
        return "best"
    if label in view.uncompared:
        return "diverged"
    if view.chosen is None or not has_intervals(view):
        return "unknown"
    if label in view.as_good:
        return "as_good"
    if label not in view.standing("worse"):
        return "open"
    return "too_little" if float(label) < float(view.chosen) else "too_much"


def edge(view: VariantView) -> str:
    """Whether the chosen λ is an end of the grid; nothing lies below zero, so that end is no warning."""
    end = view.value("chosen/edge")
    if end == "low":
        return "low_zero" if view.chosen == "0" else "low"
    return "high" if end == "high" else "inside"


def cap(view: VariantView) -> str:
    """What keeps λ from being raised beyond the end of the grid."""
    return view.value("chosen/capped_by") or "none"


def null_share(view: VariantView) -> str:
    """How much of the weights' length lies where the training rows cannot see it, at the smallest λ."""
    if not view.measured or not view.has(view.first, "null_space_norm"):
        return "unknown"
    null, whole = view.fact(view.first, "null_space_norm"), view.fact(view.first, "weight_norm")
    if None in (null["low"], null["high"], whole["low"], whole["high"]):
        return "unknown"
    if null["low"] > 0.9 * whole["high"]:
        return "mostly"
    return "little" if null["high"] < 0.1 * whole["low"] else "partly"


def against_mean(view: VariantView, label: str) -> str:
    """Test error at a λ against predicting the training mean, within a seed."""
    fact = view.facts.get(view.id(label, "test_loss_to_mean"))
    if fact is None or fact["low"] is None:
        return "unknown"
    return WORDS[outcome_of_ratio(fact)]


class Judged(Protocol):
    """What has a verdict: a claim, or the cost of a step."""

    @property
    def verdict(self) -> str: ...


class Tried(Protocol):
    """What has an outcome: a setting of a claim."""

    @property
    def outcome(self) -> str: ...


def verdict(claim: Judged) -> str:
    """The verdict on a claim, over all settings."""
    return claim.verdict


def dearer(step: Judged) -> str:
    """Whether a step with decay takes longer than one without, by 5 % at least."""
    return step.verdict


def outcome(view: Tried) -> str:
    """What a claim met in one setting."""
    return view.outcome


def razor(view: VariantView) -> str:
    """Where evidence puts λ, against the λ that new rows cannot tell from the best."""
    picked, best = view.value("evidence/weight_decay"), view.value("oracle/weight_decay")
    if picked is None or best is None or not has_intervals(view):
        return "unknown"
    if picked == best or (view.chosen is not None and picked in (view.value("as_good/weight_decay") or [])):
        return "agree"
    return "less" if picked < best else "more"


def degree(view: VariantView, criterion: str) -> str:
    """The degree that a criterion picks, against the degree of the function that made the data."""
    pick, truth = view.fact("degree", criterion), view.value("degree/true")
    if pick["low"] is None or pick["low"] <= truth <= pick["high"]:
        return "true" if pick["low"] == pick["high"] == truth else "unsettled"
    return "higher" if pick["low"] > truth else "lower"


def length(view: VariantView) -> str:
    """Whether weights that are no longer predict worse."""
    low = view.fact("same_norm", "ratio")["low"]
    return "misleads" if low is not None and low > 1 else "unknown"


def fixed(view: VariantView, label: str) -> str:
    """The term of the expected test loss that decay at a λ lowers most."""
    if "0" not in view.terms or label not in view.terms or label == "0":
        return "unknown"
    drops = {
        term: view.fact("0", f"theory_{term}")["value"] - view.fact(label, f"theory_{term}")["value"]
        for term in TERMS[:-1]
    }
    return max(drops, key=lambda term: drops[term])


def left(view: VariantView, label: str) -> str:
    """The largest term of the expected test loss at a λ."""
    if label not in view.terms:
        return "unknown"
    return max(TERMS[:-1], key=lambda term: float(view.fact(label, f"theory_{term}")["value"]))
