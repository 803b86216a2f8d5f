"""Verdicts on the article's sentences: from paired values of each setting to outcomes, and from these to one word.

A sentence says how often it means to hold, and is judged by that. Settings that stay open do not count against it, so
that testing more never hurts. Nothing here is typed by hand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from decaybench.analysis.decide import Comparison, compare, standing_of
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.results import VariantResults
from decaybench.analysis.splits import Part, correction, rows_used
from decaybench.analysis.statistics import LEVEL, FloatArray, MeanTest, holm

Text = dict[str, str]  # by language: en, zh
Quantifier = Literal["always", "often", "can"]
Outcome = Literal["held", "failed", "reversed", "open", "not judged"]
Verdict = Literal["held", "failed", "partly", "open", "not judged"]

OUTCOMES: tuple[Outcome, ...] = ("held", "failed", "reversed", "open", "not judged")
AGAINST = ("failed", "reversed")
SETTLED = ("held", *AGAINST)


@dataclass(frozen=True)
class Measurement:
    """What one setting says about a claim: paired values, one a seed, on the claim's scale."""

    results: VariantResults  # the training that is judged; its study is rerun
    label: Text
    values: FloatArray  # [seeds]; logarithms of ratios where the claim's scale is "factor"
    prediction: float | None = None  # theory's value in the claim's unit
    prediction_source: str | None = None
    unjudged: Text | None = None  # why the values say nothing here, seen in the data themselves
    evaluated: tuple[Part, ...] = ("test",)  # the rows that the values use besides the training rows
    apart: bool = False  # judged under the claim's other heading, and not counted
    by_construction: Outcome | None = None  # where the values are the same number in every seed, for a reason


# Why a setting is not judged, in words that follow "not judged, for".
ZERO_LOSS = {
    "en": "a loss is 0 to the precision of the arithmetic, and of zero no ratio is taken",
    "zh": "有损失在运算精度内为 0，而对 0 不取比值",
}
ALL_ALIKE = {
    "en": "both sides are the same number in every seed, so nothing differs that could be judged",
    "zh": "每个种子里两边都是同一个数，没有可评判的差别",
}
AT_ITS_END = {
    "en": "the run ends before the turn: the mean validation loss is lowest at the last epoch",
    "zh": "训练在转折之前就结束了：平均验证损失在最后一轮最低",
}
FORGETS = {
    "en": "Decay forgets a start: settings whose excess error lies in directions that the data never touch",
    "zh": "衰减会忘掉初值：多出的误差落在数据从未触及的方向上的设置",
}


@dataclass(frozen=True)
class Claim:
    """A sentence of the article and how it is judged, declared before the run."""

    id: str
    sentence: Text
    quantifier: Quantifier  # as the article hedges: 常常, 往往: often; 可能, 可以: can; without a hedge: always
    scope: Text  # in which settings it is tried
    statistic: Text
    smallest_effect: float  # of interest, in `unit`
    unit: str
    would_change: Text
    needs: Text  # what a config must contain for the claim to be judged
    measure: Callable[[Experiment], Iterator[Measurement]]
    direction: Literal[1, -1] = 1  # 1: "at least the smallest effect"; -1: "not as much as it"
    scale: Literal["factor", "identity"] = "factor"
    heading_apart: Text | None = None  # of settings that are judged, but are no evidence for the sentence

    @property
    def bar(self) -> float:
        """The smallest effect on the scale of the per-seed values."""
        return math.log(self.smallest_effect) if self.scale == "factor" else self.smallest_effect

    def to_unit(self, value: float | None) -> float | None:
        """A mean of per-seed values in `unit`; means of logarithms become geometric means."""
        if value is None or self.scale == "identity":
            return value
        return float(np.exp(np.clip(value, -700.0, 700.0)))


def judge(claims: Sequence[Claim], experiment: Experiment) -> list[dict[str, Any]]:
    """Every claim with its settings, their outcomes and its verdict."""
    return [_entry(claim, [m for m in claim.measure(experiment) if len(m.values)]) for claim in claims]


def why_unjudged(claim: Claim, measured: Measurement) -> Text | None:
    """Why a setting says nothing of a claim; None where it can be judged."""
    if measured.by_construction is not None:
        return None
    if measured.unjudged is not None:
        return measured.unjudged
    if not np.isfinite(measured.values).all():
        return ZERO_LOSS
    return ALL_ALIKE if claim.scale == "factor" and not measured.values.any() else None


def compared(claim: Claim, measured: Measurement) -> Comparison:
    """The values of one setting, decided."""
    variant = measured.results.variant
    return compare(
        measured.values, claim.bar, good=claim.direction,
        correction=correction(variant, *measured.evaluated), k=rows_used(variant, *measured.evaluated),
    )  # fmt: skip


def outcome_of(claim: Claim, found: Comparison) -> Outcome:
    """What a comparison says of the sentence.

    "At least the smallest effect": held beyond it, failed where it does not matter, reversed beyond it the other way.
    "Not as much as it": held below it, reversed above it.
    """
    if claim.direction < 0:
        standing = standing_of(found.interval, claim.bar)
        return {"as good": "held", "worse": "reversed"}.get(standing, "open")  # type: ignore[return-value]
    words: dict[str, Outcome] = {"better": "held", "no matter": "failed", "worse": "reversed", "open": "open"}
    return words[found.outcome]


def verdict_of(quantifier: Quantifier, outcomes: Sequence[Outcome], firm: Sequence[bool]) -> Verdict:
    """One word for all settings.

    Parameters
    ----------
    quantifier : "always": an instance against it denies it. "often": held in more than half of the settled settings.
        "can": one instance establishes it.
    outcomes : of the settings that are counted.
    firm : of each, whether it also holds after Holm's correction over the claim's settings: where a verdict hangs on
        single settings, only such ones count.

    >>> verdict_of("often", ["held", "held", "reversed", "open"], [True] * 4)
    'held'
    """
    counts = Counter(outcomes)
    if len(outcomes) == counts["not judged"]:
        return "not judged"
    settled = counts["held"] + counts["failed"] + counts["reversed"]
    if not settled:
        return "open"
    if quantifier == "often":
        return "held" if 2 * counts["held"] > settled else "failed"
    sure = {outcome for outcome, is_firm in zip(outcomes, firm, strict=True) if is_firm}
    if quantifier == "can":
        if "held" in sure:
            return "held"
        return "open" if counts["held"] or counts["open"] else "failed"
    if sure.isdisjoint(AGAINST):
        return "held" if counts["held"] and not (counts["failed"] or counts["reversed"]) else "open"
    return "partly" if counts["held"] else "failed"


def firm(claim: Claim, settings: Sequence[tuple[Measurement, Outcome]]) -> list[bool]:
    """Which settled settings also hold after Holm over those of the claim."""
    p_values = []
    for measured, outcome in settings:
        if measured.by_construction is not None:
            p_values.append(0.0)
            continue
        test = MeanTest(measured.values, correction(measured.results.variant, *measured.evaluated))
        bars = {"reversed": [-claim.bar], "failed": [claim.bar, -claim.bar]}.get(outcome, [claim.bar])
        if claim.direction < 0:
            bars = [claim.bar]
        p_values.append(max(test.p_value(bar) for bar in bars))
    return [
        bool(p <= 1 - LEVEL) and outcome in SETTLED
        for p, (_, outcome) in zip(holm(p_values), settings, strict=True)
    ]  # fmt: skip


def _entry(claim: Claim, found: Sequence[Measurement]) -> dict[str, Any]:
    counted = [measured for measured in found if not measured.apart]
    settings = [_setting(claim, measured, counted[:place]) for place, measured in enumerate(counted)]
    judged = [(m, s["outcome"]) for m, s in zip(counted, settings, strict=True) if s["outcome"] != "not judged"]
    outcomes = [setting["outcome"] for setting in settings]
    verdict = verdict_of(claim.quantifier, [outcome for _, outcome in judged], firm(claim, judged))
    reasons = [claim.needs] if not settings else [setting["reason"] for setting in settings if "reason" in setting]
    apart = [measured for measured in found if measured.apart]
    apart_settings = [_setting(claim, measured, apart[:place]) for place, measured in enumerate(apart)]
    return {
        "id": claim.id,
        "sentence": claim.sentence,
        "quantifier": claim.quantifier,
        "scope": claim.scope,
        "statistic": claim.statistic,
        "smallest_effect": claim.smallest_effect,
        "unit": claim.unit,
        "direction": "at least" if claim.direction > 0 else "less than",
        "would_change": claim.would_change,
        "verdict": verdict,
        "counts": _counts(outcomes),
        "reason": reasons[0] if verdict == "not judged" else None,
        "regimes": settings,
        "apart": [{"heading": claim.heading_apart, "regimes": apart_settings}] if apart else [],
        "level": LEVEL,
    }


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {outcome.replace(" ", "_"): list(outcomes).count(outcome) for outcome in OUTCOMES}


def _setting(claim: Claim, measured: Measurement, before: Sequence[Measurement]) -> dict[str, Any]:
    """One setting; several of one variant are numbered."""
    place = f"{measured.results.study}/{measured.results.variant.name}"
    same = sum(f"{other.results.study}/{other.results.variant.name}" == place for other in before)
    return {
        "id": f"{place}#{same + 1}" if same else place,
        "study": measured.results.study,
        "variant": measured.results.variant.name,
        "label": measured.label,
        **_decided(claim, measured),
        "rerun": f"snakemake results/{measured.results.study}/facts.json",
    }


def _decided(claim: Claim, measured: Measurement) -> Mapping[str, Any]:
    reason = why_unjudged(claim, measured)
    if reason is not None:
        numbers = ("estimate", "low", "high", "wins", "needed", "needed_rows", "prediction", "prediction_source")
        return {
            **dict.fromkeys(numbers), "n": len(measured.values), "method": f"none: {reason['en']}", "reason": reason,
            "outcome": "not judged",
        }  # fmt: skip
    found = compared(claim, measured)
    outcome = measured.by_construction or outcome_of(claim, found)
    price = found.price if outcome == "open" else None
    return {
        "outcome": outcome,
        "estimate": claim.to_unit(found.interval.value),
        "low": claim.to_unit(found.interval.low),
        "high": claim.to_unit(found.interval.high),
        "n": found.n,
        "wins": found.wins,
        "needed": None if price is None else price.seeds,
        "needed_rows": None if price is None else price.rows,
        "method": found.interval.method,
        "prediction": measured.prediction,
        "prediction_source": measured.prediction_source,
    }
