"""The article's claims as the page shows them: claims.json says what was judged, facts.json holds every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decaybench.analysis.results import Facts


@dataclass(frozen=True)
class RegimeView:
    """A claim in one training."""

    claim: str
    content: Mapping[str, Any]

    def key(self, name: str) -> str:
        """The fact id of a number of this regime."""
        return f"claims/{self.claim}/{self.content['id']}/{name}"

    @property
    def verdict(self) -> str:
        """What was found here."""
        return str(self.content["verdict"])

    @property
    def judged(self) -> bool:
        """Whether the training could speak to the claim."""
        return self.verdict != "not judged"

    @property
    def predicted(self) -> bool:
        """Whether theory has a number for it."""
        return self.content["prediction"] is not None


@dataclass(frozen=True)
class ClaimView:
    """One claim with its regimes."""

    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The claim's id."""
        return str(self.content["id"])

    @property
    def verdict(self) -> str:
        """The verdict over all regimes."""
        return str(self.content["verdict"])

    @property
    def judged(self) -> bool:
        """Whether any training could speak to it."""
        return any(regime["verdict"] != "not judged" for regime in self.content["regimes"])

    @property
    def regimes(self) -> list[RegimeView]:
        """Where it was judged."""
        return [RegimeView(self.id, regime) for regime in self.content["regimes"]]

    @property
    def reruns(self) -> list[str]:
        """The commands that make its numbers anew."""
        return list(dict.fromkeys(regime["rerun"] for regime in self.content["regimes"]))

    def key(self, name: str) -> str:
        """The fact id of a number of the claim as a whole."""
        return f"claims/{self.id}/{name}"

    def text(self, name: str, language: str) -> str:
        """One of the claim's own texts."""
        return str(self.content[name][language])

    def example(self, verdict: str) -> RegimeView | None:
        """The first regime with a verdict."""
        return next((regime for regime in self.regimes if regime.verdict == verdict), None)

    def count(self, verdict: str) -> int:
        """Regimes with a verdict."""
        return sum(regime.verdict == verdict for regime in self.regimes)


def claim_views(claims: Sequence[Mapping[str, Any]], facts: Facts) -> list[ClaimView]:
    """Every claim whose numbers are among the facts, in the article's order."""
    return [ClaimView(claim) for claim in claims if f"claims/{claim['id']}/verdict" in facts]


def failed(claims: Sequence[ClaimView]) -> ClaimView | None:
    """The claim that the first screen names: refuted outright, else in most regimes; None if all held."""
    against = [claim for claim in claims if claim.example("refuted") is not None]
    return max(against, key=lambda claim: (claim.verdict == "refuted", claim.count("refuted")), default=None)
