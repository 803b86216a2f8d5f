"""The claims' numbers as facts, so that the page has one source of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decaybench.analysis.fact import Fact, plain_fact


def claim_facts(claims: Sequence[Mapping[str, Any]]) -> dict[str, Fact]:
    """Facts of claims.json, by id: claims/<claim>/<setting>/estimate and the like."""
    facts: dict[str, Fact] = {}
    for claim in claims:
        prefix, unit = f"claims/{claim['id']}", claim["unit"]
        facts[f"{prefix}/smallest_effect"] = plain_fact(claim["smallest_effect"], unit, "declared before the run")
        facts[f"{prefix}/verdict"] = plain_fact(claim["verdict"], "verdict", f"{claim['quantifier']}, over settings")
        for outcome, count in claim["counts"].items():
            facts[f"{prefix}/n_{outcome}"] = plain_fact(count, "settings", "count")
        facts[f"{prefix}/n_settings"] = plain_fact(len(claim["regimes"]), "settings", "count")
        for setting in claim["regimes"]:
            _add_setting(facts, f"{prefix}/{setting['id']}", setting, unit)
        for group in claim["apart"]:
            for setting in group["regimes"]:
                _add_setting(facts, f"{prefix}/apart/{setting['id']}", setting, unit)
    return facts


def _add_setting(facts: dict[str, Fact], place: str, setting: Mapping[str, Any], unit: str) -> None:
    facts[f"{place}/estimate"] = {
        "value": setting["estimate"], "low": setting["low"], "high": setting["high"], "n": setting["n"],
        "unit": unit, "method": setting["method"],
    }  # fmt: skip
    facts[f"{place}/outcome"] = plain_fact(setting["outcome"], "outcome", setting["method"])
    if setting["wins"] is not None:
        facts[f"{place}/wins"] = plain_fact(setting["wins"], "seeds", "as the sentence says", setting["n"])
    for name, unit_of_price in (("needed", "seeds"), ("needed_rows", "rows")):
        if setting[name] is not None:
            facts[f"{place}/{name}"] = plain_fact(setting[name], unit_of_price, "would settle it, power 80 %")
    if setting["prediction"] is not None:
        facts[f"{place}/prediction"] = plain_fact(setting["prediction"], unit, setting["prediction_source"])
