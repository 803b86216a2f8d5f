"""What the facts say, as outcomes: every word of the page that has a direction hangs on one of these.

An outcome is a string; words.en and words.zh hold one wording for each. Directions are read off 95 %
intervals, never off bare means.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from decaybench.analysis.decide import outcome_of_points, outcome_of_ratio
from decaybench.analysis.statistics import LEVEL
from decaybench.report.cost import StepView
from decaybench.report.cures import KINDS
from decaybench.report.intervals import compare, sign
from decaybench.report.remedy_findings import COURSES as COURSES
from decaybench.report.remedy_findings import EQUALS as EQUALS
from decaybench.report.remedy_findings import FILTERS as FILTERS
from decaybench.report.remedy_findings import LEADS as LEADS
from decaybench.report.remedy_findings import MORE_ROWS as MORE_ROWS
from decaybench.report.remedy_findings import REACHES as REACHES
from decaybench.report.remedy_findings import SHARPNESS as SHARPNESS
from decaybench.report.remedy_findings import course as course
from decaybench.report.remedy_findings import filters as filters
from decaybench.report.remedy_findings import highest as highest
from decaybench.report.remedy_findings import lead as lead
from decaybench.report.remedy_findings import level as level
from decaybench.report.remedy_findings import matched as matched
from decaybench.report.remedy_findings import more_rows as more_rows
from decaybench.report.remedy_findings import reach as reach
from decaybench.report.remedy_findings import runner_up as runner_up
from decaybench.report.remedy_findings import sharpness as sharpness
from decaybench.report.step_findings import ALONE as ALONE
from decaybench.report.step_findings import PACES as PACES
from decaybench.report.step_findings import STEPS as STEPS
from decaybench.report.step_findings import alone as alone
from decaybench.report.step_findings import pace as pace
from decaybench.report.step_findings import paces as paces
from decaybench.report.step_findings import step as step
from decaybench.report.studies import StudyView
from decaybench.report.variants import VariantView
from decaybench.report.verdicts import ClaimView, RegimeView
from decaybench.report.weight_findings import KEPT as KEPT
from decaybench.report.weight_findings import LONGER as LONGER
from decaybench.report.weight_findings import MEMORIES as MEMORIES
from decaybench.report.weight_findings import SIGNS as SIGNS
from decaybench.report.weight_findings import SPREADS as SPREADS
from decaybench.report.weight_findings import ZEROS as ZEROS
from decaybench.report.weight_findings import both as both
from decaybench.report.weight_findings import kept as kept
from decaybench.report.weight_findings import longer as longer
from decaybench.report.weight_findings import memorised as memorised
from decaybench.report.weight_findings import signs as signs
from decaybench.report.weight_findings import spread as spread
from decaybench.report.weight_findings import told as told
from decaybench.report.weight_findings import zeros as zeros

EFFECTS = (
    "lower", "higher", "no_difference", "open", "chose_zero", "zero_tied", "only_zero", "no_zero", "unknown",
    "nothing",
)  # fmt: skip
SHAPES = ("u_shaped", "falls", "rises", "falls_then_flat", "flat_then_rises", "flat", "single", "unknown", "nothing")
GAPS = ("gap", "no_gap", "negative", "unknown", "nothing")
CERTAINTIES = ("sure", "several", "all", "single", "unknown", "nothing")
MOMENTS = ("best", "as_good", "too_little", "too_much", "diverged", "unknown")
EDGES = ("inside", "high", "low", "low_zero")
CAPS = ("learning_rate", "stability", "diverged", "none")
NORMS = ("falls", "rises", "no_difference", "unknown", "nothing")
STARTS = ("start_wins", "decay_wins", "no_difference", "unknown")
NULL_SHARES = ("mostly", "little", "partly", "unknown")
BASELINES = ("worse", "better", "no_difference", "unknown")
VERDICTS = ("supported", "partly", "refuted", "inconclusive", "not judged")
RAZORS = ("agree", "less", "more", "unknown")
DEGREES = ("true", "higher", "lower", "unsettled")
LENGTHS = ("misleads", "unknown")
THEORIES = ("agrees", "off", "nothing")
RERUNS = ("same", "apart", "nothing")
TERMS = ("ridge", "forgotten_start", "slow_bias", "unknown")
NAMED_CURES = KINDS
GOOD = ("lower",)  # effects on which decay helped


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
    if len(view.compared) == 1:
        return "single"
    if not has_intervals(view):
        return "unknown"
    first, last = view.compared[0], view.compared[-1]
    low_end, high_end = first in view.as_good, last in view.as_good
    if low_end and high_end:
        return "flat" if len(view.as_good) == len(view.compared) else "unknown"
    if low_end:
        return "rises" if view.as_good == [first] else "flat_then_rises"
    if high_end:
        return "falls" if view.as_good == [last] else "falls_then_flat"
    return "u_shaped"


def has_intervals(view: VariantView) -> bool:
    """Whether the chosen λ has an interval, so that λ can be told apart at all."""
    return view.chosen is not None and view.fact(view.chosen, "validation_loss")["low"] is not None


def gap(view: VariantView) -> str:
    """Whether unseen data cost more than training data at the smallest λ."""
    if not view.measured:
        return "nothing"
    words = {"above": "gap", "below": "negative", "around": "no_gap", "unknown": "unknown"}
    return words[sign(view.fact(view.first, "generalisation_gap"))]


def certainty(view: VariantView) -> str:
    """How far the validation data narrow the choice of λ."""
    if view.chosen is None:
        return "nothing"
    if len(view.compared) == 1:
        return "single"
    if not has_intervals(view):
        return "unknown"
    if len(view.as_good) == len(view.compared):
        return "all"
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


def norm(view: VariantView) -> str:
    """What the largest λ does to the length of the weights against λ = 0 (else against the smallest λ)."""
    if len(view.measured) < 2:
        return "nothing"
    if view.has_zero:
        words = {"lower": "falls", "higher": "rises", "no_difference": "no_difference"}
        return words.get(decided(view, view.last, "weight_norm"), "unknown")
    order = compare(view.fact(view.last, "weight_norm"), view.fact(view.first, "weight_norm"))
    return {"above": "rises", "below": "falls", "around": "no_difference", "unknown": "unknown"}[order]


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


def start_against_decay(study: StudyView) -> str:
    """The best that decay reaches from the random start, against a zero start without decay, or with the least."""
    zero, label, base = study.zero_start, study.start_label, study.base
    if zero is None or label is None or base.chosen is None or base.last == "0":
        return "unknown"
    order = compare(base.fact(base.chosen, "test_loss"), zero.fact(label, "test_loss"))
    return {"above": "start_wins", "below": "decay_wins", "around": "no_difference", "unknown": "unknown"}[order]


def start_costs(study: StudyView) -> bool:
    """Whether the random start alone, at one λ, leaves more test loss than the zero start."""
    zero, label = study.zero_start, study.start_label
    if zero is None or label is None:
        return False
    return compare(study.base.fact(label, "test_loss"), zero.fact(label, "test_loss")) == "above"


def against_mean(view: VariantView, label: str) -> str:
    """Test loss at a λ against predicting the mean of the training targets."""
    reference = view.facts.get(f"{view.prefix}/baseline/mean_predictor")
    if view.classes or reference is None or reference["value"] is None:
        return "unknown"
    exact = {bound: reference["value"] if reference[bound] is None else reference[bound] for bound in ("low", "high")}
    words = {"above": "worse", "below": "better", "around": "no_difference", "unknown": "unknown"}
    return words[compare(view.fact(label, "test_loss"), exact)]


def verdict(view: ClaimView | RegimeView | StepView) -> str:
    """The verdict on a claim, over all regimes or in one, or on the cost of a step."""
    return view.verdict


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


def theory(views: Sequence[VariantView]) -> str:
    """Whether the largest of all distances from theory is one that chance alone would give."""
    scores = [view.fact(label, "theory_z")["value"] for view in views for label in view.predicted]
    return {"same": "agrees", "apart": "off", "nothing": "nothing"}[_by_chance(scores)]


def rerun(rows: Sequence[tuple[VariantView, str]]) -> str:
    """Whether our weight norms are those that other people's executions printed."""
    return _by_chance([view.fact(label, "published_z")["value"] for view, label in rows])


def _by_chance(scores: Sequence[float]) -> str:
    if not scores:
        return "nothing"
    bound = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / len(scores))
    return "same" if max(map(abs, scores)) <= bound else "apart"


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


def cards(studies: list[StudyView], limit: int = 6) -> list[tuple[str, StudyView]]:
    """What the first screen shows: the start first, then what did not help, then what did."""
    chosen: list[tuple[str, StudyView]] = [("start", study) for study in studies if study.zero_start is not None][:1]
    against = [study for study in studies if effect(study.fair) not in GOOD]
    helped = [study for study in studies if effect(study.fair) in GOOD]
    room = limit - len(chosen)
    against = against[: max(room // 2, room - len(helped))]
    return [*chosen, *(("effect", study) for study in [*against, *helped][:room])]
