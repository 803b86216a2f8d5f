"""Verdicts: from per-seed values of each claim and regime to intervals at Holm's level. Never typed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import LEVEL, Estimate, FloatArray, MeanTest, holm, holm_levels

Text = dict[str, str]  # by language: en, zh
Verdict = Literal["supported", "partly", "refuted", "inconclusive", "not judged"]


@dataclass(frozen=True)
class Measurement:
    """What one regime says about a claim: paired values, one a seed, on the claim's scale."""

    results: VariantResults  # the training that is judged; its study is rerun
    label: Text
    values: FloatArray  # [seeds]; logarithms of ratios where the claim's scale is "factor"
    prediction: float | None = None  # theory's value in the claim's unit
    prediction_source: str | None = None
    unjudged: Text | None = None  # why the values say nothing here, seen in the data themselves


# Why a regime is not judged, in words that follow "not judged, for".
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


@dataclass(frozen=True)
class Claim:
    """A sentence of the article and how it is judged, declared before the run."""

    id: str
    sentence: Text
    statistic: Text
    smallest_effect: float  # of interest, in `unit`
    unit: str
    would_change: Text
    needs: Text  # what a config must contain for the claim to be judged
    measure: Callable[[Experiment], Iterator[Measurement]]
    direction: Literal[1, -1] = 1  # 1: the claim says "at least the smallest effect"; -1: "less than it"
    scale: Literal["factor", "identity"] = "factor"
    bounds: tuple[float, float] = (-np.inf, np.inf)  # of the quantity itself: no interval is shown beyond them

    def to_mean(self, value: float) -> float:
        """A value in `unit` on the scale of the per-seed values."""
        return float(np.log(value)) if self.scale == "factor" else value

    def to_unit(self, value: float | None) -> float | None:
        """The inverse of `to_mean`; means of logarithms become geometric means."""
        if value is None:
            return None
        if self.scale == "identity":
            return float(np.clip(value, *self.bounds))
        return float(np.exp(np.clip(value, -700.0, 700.0)))


def judge(claims: Sequence[Claim], experiment: Experiment) -> list[dict[str, Any]]:
    """Every claim with its verdict, one family for Holm's correction over all regimes of all claims.

    A regime whose statistic cannot vary, or cannot be computed, is no test: it is named with the reason.
    """
    every = [(claim, measured) for claim in claims for measured in claim.measure(experiment) if len(measured.values)]
    found = [(claim, measured) for claim, measured in every if why_unjudged(claim, measured) is None]
    tests = [MeanTest(measured.values, measured.results.overlap) for _, measured in found]
    p_values = [
        test.p_value(claim.to_mean(claim.smallest_effect)) for (claim, _), test in zip(found, tests, strict=True)
    ]
    adjusted, levels = holm(p_values), holm_levels(p_values)
    outcomes = {
        id(measured): _judged(claim, measured, test.interval(float(level)), float(p_value), float(level))
        for (claim, measured), test, p_value, level in zip(found, tests, adjusted, levels, strict=True)
    }
    regimes: dict[str, list[dict[str, Any]]] = {claim.id: [] for claim in claims}
    for claim, measured in every:
        where = f"{measured.results.study}/{measured.results.variant.name}"
        before = sum(regime["id"].split("#")[0] == where for regime in regimes[claim.id])
        regimes[claim.id].append(
            {
                "id": f"{where}#{before + 1}" if before else where,
                "study": measured.results.study,
                "variant": measured.results.variant.name,
                "label": measured.label,
                **(outcomes.get(id(measured)) or _unjudged(claim, measured)),
                "rerun": f"snakemake results/{measured.results.study}/facts.json",
            }
        )
    return [_entry(claim, regimes[claim.id]) for claim in claims]


def why_unjudged(claim: Claim, measured: Measurement) -> Text | None:
    """Why a regime says nothing of a claim; None where it can be judged."""
    if measured.unjudged is not None:
        return measured.unjudged
    if not np.isfinite(measured.values).all():
        return ZERO_LOSS
    return ALL_ALIKE if claim.scale == "factor" and not measured.values.any() else None


def _judged(claim: Claim, measured: Measurement, estimate: Estimate, p_value: float, level: float) -> dict[str, Any]:
    return {
        "estimate": claim.to_unit(estimate.value),
        "low": claim.to_unit(estimate.low),
        "high": claim.to_unit(estimate.high),
        "level": level,
        "n": estimate.n,
        "method": estimate.method,
        "p_adjusted": p_value if estimate.low is not None else None,
        "prediction": measured.prediction,
        "prediction_source": measured.prediction_source,
        "verdict": regime_verdict(estimate, claim.to_mean(claim.smallest_effect), claim.direction),
    }


def _unjudged(claim: Claim, measured: Measurement) -> dict[str, Any]:
    reason = why_unjudged(claim, measured)
    assert reason is not None
    numbers = ("estimate", "low", "high", "level", "p_adjusted", "prediction", "prediction_source")
    return {
        **dict.fromkeys(numbers),
        "n": len(measured.values),
        "method": f"none: {reason['en']}",
        "reason": reason,
        "verdict": "not judged",
    }


def regime_verdict(estimate: Estimate, smallest: float, direction: int) -> Verdict:
    """Supported if the interval lies wholly beyond the smallest effect, refuted if wholly short of it."""
    if estimate.low is None or estimate.high is None:
        return "inconclusive"
    low, high = sorted((direction * estimate.low, direction * estimate.high))
    if low > direction * smallest:
        return "supported"
    return "refuted" if high < direction * smallest else "inconclusive"


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict for all regimes: "partly" where a claim holds in some and not in others.

    A claim that is refuted somewhere and supported nowhere is refuted: the article states it without limits.
    """
    kinds = set(verdicts) - {"not judged"}
    if not kinds:
        return "not judged"
    if kinds == {"supported"}:
        return "supported"
    if "supported" in kinds:
        return "partly"
    return "refuted" if "refuted" in kinds else "inconclusive"


def _entry(claim: Claim, regimes: list[dict[str, Any]]) -> dict[str, Any]:
    verdict = overall([regime["verdict"] for regime in regimes])
    reasons = [claim.needs] if not regimes else [regime["reason"] for regime in regimes if "reason" in regime]
    return {
        "id": claim.id,
        "sentence": claim.sentence,
        "statistic": claim.statistic,
        "smallest_effect": claim.smallest_effect,
        "unit": claim.unit,
        "direction": "at least" if claim.direction > 0 else "less than",
        "would_change": claim.would_change,
        "verdict": verdict,
        "reason": reasons[0] if verdict == "not judged" else None,
        "regimes": regimes,
        "family_level": LEVEL,
    }
