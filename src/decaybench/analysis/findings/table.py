"""findings.json of a study: every outcome that its facts allow, and the facts that it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from decaybench.analysis import findings
from decaybench.analysis.results import Fact, Facts
from decaybench.analysis.studies import StudyView
from decaybench.analysis.variants import FactError, VariantView
from decaybench.config import Study, Variant

UNDECIDED = ("unknown", "nothing", "")  # outcomes that say nothing
OF_VARIANT: tuple[Callable[[VariantView], str], ...] = (
    findings.effect, findings.accuracy_effect, findings.shape, findings.certainty, findings.edge, findings.cap,
    findings.null_share, findings.razor, findings.length, findings.one_se, findings.overtrained, findings.spread,
    findings.kept, findings.longer, findings.zeros, findings.signs, findings.memorised, findings.filters,
    findings.sharpness, findings.more_rows,
)  # fmt: skip
OF_WEIGHT_DECAY: tuple[Callable[[VariantView, str], str], ...] = (
    findings.standing, findings.against_mean, findings.fixed, findings.left,
)  # fmt: skip
OF_STUDY: tuple[Callable[[StudyView], str], ...] = (findings.start_costs,)  # what rows do is a claim's


class Recorded(Mapping[str, Fact]):
    """Facts that keep in mind which of them were asked for and there."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.asked = facts, dict[str, None]()

    def __getitem__(self, key: str) -> Fact:
        found = self.facts[key]
        self.asked[key] = None
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def study_findings(study: Study, facts: Facts) -> list[dict[str, Any]]:
    """Findings by id, study/variant/<topic> or study/variant/<λ>/<topic>: an outcome and the ids of its facts."""
    recorded = Recorded(facts)
    found = [
        _finding(f"{study.name}/{topic.__name__}", recorded, topic, StudyView(study, recorded)) for topic in OF_STUDY
    ]
    for variant in study.resolved():
        # A view remembers what it has read, so every topic gets its own.
        def view(variant: Variant = variant) -> VariantView:
            return VariantView(study.name, variant, recorded)

        prefix = view().prefix
        found += [_finding(f"{prefix}/{topic.__name__}", recorded, topic, view()) for topic in OF_VARIANT]
        found += [
            _finding(f"{prefix}/{label}/{topic.__name__}", recorded, topic, view(), label)
            for label in view().measured
            for topic in OF_WEIGHT_DECAY
        ]
    return [finding for finding in found if finding is not None]


def _finding(name: str, recorded: Recorded, topic: Callable[..., str], *where: Any) -> dict[str, Any] | None:
    recorded.asked.clear()
    try:
        outcome = topic(*where)
    except FactError:  # the study has not what the topic is about
        return None
    if outcome in UNDECIDED:
        return None
    return {"id": name, "outcome": outcome, "facts": sorted(recorded.asked)}
