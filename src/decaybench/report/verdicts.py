"""The article's claims as the page shows them: claims.json says what was judged, facts.json holds every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decaybench.analysis.results import Facts


@dataclass(frozen=True)
class SettingView:
    """A claim in one training; `apart` under a heading of its own, counted nowhere."""

    claim: str
    content: Mapping[str, Any]
    apart: bool = False

    def key(self, name: str) -> str:
        """The fact id of a number of this setting."""
        return f"claims/{self.claim}/{'apart/' if self.apart else ''}{self.content['id']}/{name}"

    @property
    def outcome(self) -> str:
        """What was found here."""
        return str(self.content["outcome"])

    @property
    def study(self) -> str:
        """Whose training it is."""
        return str(self.content["study"])

    def text(self, language: str) -> str:
        """The setting in words."""
        return str(self.content["label"].get(language, self.content["label"]["en"]))


@dataclass(frozen=True)
class ClaimView:
    """One claim with its settings."""

    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The claim's id."""
        return str(self.content["id"])

    @property
    def verdict(self) -> str:
        """The verdict over all settings."""
        return str(self.content["verdict"])

    @property
    def quantifier(self) -> str:
        """What the sentence promises: always, often or can."""
        return str(self.content["quantifier"])

    @property
    def judged(self) -> bool:
        """Whether any training could speak to it."""
        return any(setting.outcome != "not judged" for setting in self.settings)

    @property
    def settings(self) -> list[SettingView]:
        """Where it was judged, and counted."""
        return [SettingView(self.id, setting) for setting in self.content["regimes"]]

    @property
    def apart(self) -> list[SettingView]:
        """Settings under a heading of their own."""
        groups = self.content["apart"]
        return [SettingView(self.id, setting, apart=True) for group in groups for setting in group["regimes"]]

    def key(self, name: str) -> str:
        """The fact id of a number of the claim as a whole."""
        return f"claims/{self.id}/{name}"

    def text(self, name: str, language: str) -> str:
        """One of the claim's own texts."""
        return str(self.content[name].get(language, self.content[name]["en"]))


def claim_views(claims: Sequence[Mapping[str, Any]], facts: Facts) -> list[ClaimView]:
    """Every claim whose numbers are among the facts, in the article's order."""
    return [ClaimView(claim) for claim in claims if f"claims/{claim['id']}/verdict" in facts]
