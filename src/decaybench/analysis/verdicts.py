"""Verdicts: from per-seed values of each claim and regime to intervals at Holm's level. Never typed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from decaybench.analysis.regimes import Arm, Case
from decaybench.analysis.statistics import LEVEL, Estimate, FloatArray, MeanTest, holm, holm_levels

Text = dict[str, str]  # by language: en, zh
Verdict = Literal["supported", "partly", "refuted", "inconclusive", "not judged"]


@dataclass(frozen=True)
class Measurement:
    """What one regime says about a claim: paired values, one a seed, on the claim's scale."""

    arm: Arm  # the training that is judged; its study is rerun
    label: Text
    values: FloatArray  # [seeds]; logarithms of ratios where the claim's scale is "factor"
    prediction: float | None = None  # theory's value in the claim's unit
    prediction_source: str | None = None


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
    measure: Callable[[Case], Iterator[Measurement]]
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


def judge(claims: Sequence[Claim], case: Case) -> list[dict[str, Any]]:
    """Every claim with its verdict, one family for Holm's correction over all regimes of all claims."""
    found = [(claim, measured) for claim in claims for measured in claim.measure(case) if len(measured.values)]
    tests = [MeanTest(measured.values, measured.arm.overlap) for _, measured in found]
    p_values = [
        test.p_value(claim.to_mean(claim.smallest_effect)) for (claim, _), test in zip(found, tests, strict=True)
    ]
    adjusted, levels = holm(p_values), holm_levels(p_values)
    regimes: dict[str, list[dict[str, Any]]] = {claim.id: [] for claim in claims}
    for (claim, measured), test, p_value, level in zip(found, tests, adjusted, levels, strict=True):
        estimate = test.interval(float(level))
        where = f"{measured.arm.study}/{measured.arm.variant.name}"
        before = sum(regime["id"].split("#")[0] == where for regime in regimes[claim.id])
        regimes[claim.id].append(
            {
                "id": f"{where}#{before + 1}" if before else where,
                "study": measured.arm.study,
                "variant": measured.arm.variant.name,
                "label": measured.label,
                "estimate": claim.to_unit(estimate.value),
                "low": claim.to_unit(estimate.low),
                "high": claim.to_unit(estimate.high),
                "level": float(level),
                "n": estimate.n,
                "method": estimate.method,
                "p_adjusted": float(p_value) if estimate.low is not None else None,
                "prediction": measured.prediction,
                "prediction_source": measured.prediction_source,
                "verdict": regime_verdict(estimate, claim.to_mean(claim.smallest_effect), claim.direction),
                "rerun": f"snakemake results/{measured.arm.study}/facts.json",
            }
        )
    return [_entry(claim, regimes[claim.id]) for claim in claims]


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
    kinds = set(verdicts)
    if not kinds:
        return "not judged"
    if kinds == {"supported"}:
        return "supported"
    if "supported" in kinds:
        return "partly"
    return "refuted" if "refuted" in kinds else "inconclusive"


def _entry(claim: Claim, regimes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": claim.id,
        "sentence": claim.sentence,
        "statistic": claim.statistic,
        "smallest_effect": claim.smallest_effect,
        "unit": claim.unit,
        "direction": "at least" if claim.direction > 0 else "less than",
        "would_change": claim.would_change,
        "verdict": overall([regime["verdict"] for regime in regimes]),
        "reason": None if regimes else claim.needs,
        "regimes": regimes,
        "family_level": LEVEL,
    }
