"""Cures for overfitting on one scale: the same data and start, one thing changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from decaybench.analysis import contrasts
from decaybench.report.studies import StudyView, distinct
from decaybench.report.variants import VariantView

KINDS = ("nothing", "decay", "early_stopping", "dropout", "more_data")
ENOUGH = 4  # kinds of training worth a section


@dataclass(frozen=True)
class Cure:
    """A training and the fact that holds its test loss."""

    kind: str
    view: VariantView
    key: str
    label: str = "0"

    @property
    def loss(self) -> float:
        """Its mean test loss."""
        return float(self.view.facts[self.key]["value"])


def cures(study: StudyView, studies: Sequence[StudyView]) -> list[Cure]:
    """What was tried on a study's data, the lowest test loss first; empty where too little was tried."""
    found = sorted(_cures(study, studies), key=lambda cure: cure.loss)
    return found if len({cure.kind for cure in found}) >= ENOUGH else []


def best_compared(studies: Sequence[StudyView]) -> list[Cure]:
    """The cures of the study on whose data most kinds were tried."""
    tried = [cures(study, studies) for study in studies]
    return max(tried, key=lambda found: len({cure.kind for cure in found}), default=[])


def _cures(study: StudyView, studies: Sequence[StudyView]) -> Iterator[Cure]:
    base = study.base
    if base.classes or base.starts_random or not base.has_zero or _rate(base):
        return
    yield Cure("nothing", base, base.id("0", "test_loss"))
    if base.chosen not in (None, "0"):
        yield Cure("decay", base, base.id(base.chosen, "test_loss"), base.chosen)
    if base.value("early_stopping/test_loss") is not None and base.value("early_stopping/weight_decay") == 0:
        yield Cure("early_stopping", base, f"{base.prefix}/early_stopping/test_loss")
    dropped = [view for view in study.paired(study.differing("model.dropout")) if view.has_zero]
    for view in distinct(dropped):
        yield Cure("dropout", view, view.id("0", "test_loss"))
    more = [view for other in studies for view in other.variants if _has_more_rows(view, base)]
    more = [view for view in more if view.study == base.study] or more  # of the same study where there is one
    more = sorted(distinct(more), key=lambda view: view.variant.task.n_train)
    for view in more if len(more) < 3 else (more[0], more[-1]):
        yield Cure("more_data", view, view.id("0", "test_loss"))


def _rate(view: VariantView) -> float:
    return float(getattr(view.variant.model, "dropout", 0.0))


def _has_more_rows(view: VariantView, base: VariantView) -> bool:
    """Whether a training without decay has at least twice the rows, the same seeds, and nothing else of its own."""
    ours, theirs = view.variant, base.variant
    alone = contrasts.differs_only_in(ours, theirs, contrasts.ROWS, contrasts.WITH_ROWS)
    return (
        alone and ours.task.n_train >= 2 * theirs.task.n_train and contrasts.same_seeds(ours, theirs)
        and view.has_zero
    )  # fmt: skip
