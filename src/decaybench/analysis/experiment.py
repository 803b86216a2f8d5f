"""All studies of a config, as the claims see them: variants chosen by what they contain, never by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from decaybench.analysis import contrasts
from decaybench.analysis.results import StudyResults, VariantResults
from decaybench.config import Config


class Experiment:
    """All variants of a config that have a cell to show."""

    def __init__(self, variants: Sequence[VariantResults]) -> None:
        self.variants = [variant for variant in variants if variant.decays and variant.seeds]

    @classmethod
    def of(cls, config: Config, cells: dict[str, pd.DataFrame], histories: dict[str, pd.DataFrame]) -> Experiment:
        """From the tables of every study, by name."""
        studies = [StudyResults(s, cells=cells[s.name], history=histories[s.name]) for s in config.studies]
        return cls([variant for study in studies for variant in study.variants])

    def settings(self, wanted: Callable[[VariantResults], bool]) -> list[VariantResults]:
        """One variant a setting among the wanted ones, that with most λ and seeds; in the config's order."""
        best: dict[tuple[object, ...], VariantResults] = {}
        for variant in filter(wanted, self.variants):
            old = best.get(variant.setting)
            if old is None or len(variant.decays) * len(variant.seeds) > len(old.decays) * len(old.seeds):
                best[variant.setting] = variant
        return [variant for variant in self.variants if best.get(variant.setting) is variant]

    def families(self, key: str, also: contrasts.Keys = ()) -> list[list[VariantResults]]:
        """Variants of one study that differ in one key, see `contrasts.families`; each family is there once."""
        families: list[list[VariantResults]] = []
        for study in dict.fromkeys(variant.study for variant in self.variants):
            own = {variant.name: variant for variant in self.variants if variant.study == study}
            for members in contrasts.families([variant.variant for variant in own.values()], key, also):
                family = [own[variant.name] for variant in members]
                if not any(_repeats(family, earlier) for earlier in families):
                    families.append(family)
        return families


def _repeats(family: Sequence[VariantResults], other: Sequence[VariantResults]) -> bool:
    pairs = zip(family, other, strict=False)
    return len(family) == len(other) and all(contrasts.same_training(a.variant, b.variant) for a, b in pairs)
