"""The numbers of claims.json as facts, so that the page shows them as it shows all numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Fact = dict[str, Any]


def claim_facts(claims: Sequence[dict[str, Any]]) -> dict[str, Fact]:
    """The numbers of claims.json as facts: claims/<id>/<regime>/estimate and so on.

    A regime's id is study/variant; #2, #3 … follow where a claim is judged more than once in one variant.
    """
    facts: dict[str, Fact] = {}
    for claim in claims:
        by = "Holm over the family of claims"
        prefix, unit = f"claims/{claim['id']}", claim["unit"]
        regimes = claim["regimes"]
        facts[f"{prefix}/smallest_effect"] = _plain(claim["smallest_effect"], unit, "declared before the run")
        facts[f"{prefix}/verdict"] = _plain(claim["verdict"], "verdict", "all regimes")
        unjudged = ["not judged"] if any(regime["verdict"] == "not judged" for regime in regimes) else []
        for verdict in ("supported", "refuted", "inconclusive", *unjudged):
            count = sum(regime["verdict"] == verdict for regime in regimes)
            facts[f"{prefix}/n_{verdict.replace(' ', '_')}"] = _plain(count, "regimes", "count")
        for regime in regimes:
            place = f"{prefix}/{regime['id']}"
            facts[f"{place}/estimate"] = {
                "value": regime["estimate"], "low": regime["low"], "high": regime["high"], "n": regime["n"],
                "unit": unit, "method": regime["method"],
            }  # fmt: skip
            facts[f"{place}/p_adjusted"] = _plain(regime["p_adjusted"], "probability", by)
            facts[f"{place}/level"] = _plain(regime["level"], "share", by)
            facts[f"{place}/verdict"] = _plain(regime["verdict"], "verdict", regime["method"])
            if regime["prediction"] is not None:
                facts[f"{place}/prediction"] = _plain(regime["prediction"], unit, regime["prediction_source"])
    return facts


def _plain(value: Any, unit: str, method: str) -> Fact:
    return {"value": value, "low": None, "high": None, "n": None, "unit": unit, "method": method}
