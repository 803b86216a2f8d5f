"""The studies of a config as the page sees them, and what kind of question each one asks.

Sections choose studies by what they contain (task, classes, starts), never by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from decaybench.analysis import contrasts
from decaybench.analysis.results import Facts, StudyResults
from decaybench.analysis.variants import VariantView
from decaybench.config import BASE, Config


class StudyView(StudyResults):
    """A study: its variants, the base first, and what sets them apart."""

    @cached_property
    def variants(self) -> tuple[VariantView, ...]:
        """In the order of the config."""
        return self._views(VariantView)

    @property
    def base(self) -> VariantView:
        """The study without overrides."""
        return next(view for view in self.variants if view.name == BASE)

    @property
    def real(self) -> bool:
        """Whether the data were collected, not drawn."""
        return self.study.task.collected

    def differing(self, key: contrasts.Keys) -> list[VariantView]:
        """Variants with numbers that differ from the base in `key` and in nothing else."""
        alone = (v for v in self.variants if contrasts.differs_only_in(v.variant, self.base.variant, key))
        return [view for view in alone if view.measured]

    def paired(self, views: Sequence[VariantView]) -> list[VariantView]:
        """Those that have the base's seeds, so that their means may be held against its."""
        return [view for view in views if contrasts.same_seeds(view.variant, self.base.variant)]

    @cached_property
    def starts(self) -> list[VariantView]:
        """The base and the variants that differ from it in the initial weights only; empty without such variants."""
        others = [view for view in self.paired(self.differing(contrasts.START)) if self._shared(view)]
        return [self.base, *distinct(others)] if others else []

    @cached_property
    def zero_start(self) -> VariantView | None:
        """The variant that starts from zero weights where the base does not, on its seeds and some of its λ."""
        return next((view for view in self.starts[1:] if view in self._from_zero), None)

    @property
    def start_label(self) -> str | None:
        """The smallest λ of the zero start that the base has, too: there the two differ in the start alone."""
        return self._shared(self.zero_start)[0] if self.zero_start else None

    def _shared(self, view: VariantView) -> list[str]:
        return [label for label in self.base.measured if label in view.measured]

    @cached_property
    def _from_zero(self) -> list[VariantView]:
        if not self.base.starts_random or not self.base.measured:
            return []
        return [view for view in self.differing(contrasts.START) if not view.starts_random]

    @cached_property
    def every_weight(self) -> VariantView | None:
        """The variant that differs from the base only in training all weights instead of the data's span."""
        base = self.base.variant
        for view in self.variants:
            alike = contrasts.same_training(view.variant, base) and base.training.in_span
            if alike and not view.variant.training.in_span and view.measured:
                return view
        return None

    @cached_property
    def optimizers(self) -> list[VariantView]:
        """Plain gradient descent, then the variants that differ in an adaptive optimizer alone; else empty."""
        base = self.base
        if base.variant.training.optimizer != "sgd" or base.variant.training.momentum or len(base.measured) < 2:
            return []
        others = self.paired(self.differing("training.optimizer"))
        others = [view for view in others if view.measured == base.measured]
        return [base, *distinct(others)] if others else []

    @cached_property
    def rows(self) -> list[VariantView]:
        """The base and the variants that differ from it in the number of rows alone, fewest first."""
        views = [self.base, *self.differing(contrasts.ROWS)]
        return sorted(views, key=lambda view: view.variant.task.n_train)

    @property
    def degrees(self) -> list[int]:
        """The degrees of a polynomial that the facts compare."""
        tried = {getattr(view.variant.task, "degree", 0) for view in self.variants}
        return sorted(degree for degree in tried if self.base.value(f"degree/{degree}/validation") is not None)

    @property
    def fair(self) -> VariantView:
        """The variant in which decay has nothing but the data to act on: the zero start if there is one."""
        return self.zero_start or next(iter(self._from_zero), self.base)


def distinct(views: Sequence[VariantView]) -> list[VariantView]:
    """Of views of one training under several names the first."""
    found: list[VariantView] = []
    for view in views:
        if not any(contrasts.same_training(view.variant, other.variant) for other in found):
            found.append(view)
    return found


def study_views(config: Config, facts: Facts) -> list[StudyView]:
    """Every study of the config, in its order."""
    return [StudyView(study, facts) for study in config.studies]
