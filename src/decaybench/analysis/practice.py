"""What decay does on each collected data set of a config: the facts of the chosen λ, gathered."""

from __future__ import annotations

from typing import NamedTuple

from decaybench.analysis import contrasts
from decaybench.analysis.results import Facts, StudyResults, VariantResults
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Config, Linear


class DataSet(NamedTuple):
    """A study on collected data: test loss of the chosen λ over that of λ = 0, and the splits that λ won."""

    study: str
    title: str
    label: str  # of the chosen λ
    ratio: float
    low: float | None
    high: float | None
    wins: int | None  # None where λ = 0 itself is chosen: nothing to win
    n: int


def collected(config: Config, facts: Facts) -> list[DataSet]:
    """A row a study on collected data that has a choice among λ = 0 and others."""
    studies = [StudyResults(study, facts) for study in config.studies if study.task.collected]
    return [row for row in map(_row, studies) if row is not None]


def fair(results: StudyResults) -> VariantResults:
    """The variant in which decay has nothing but the data to act on: that from zero weights, if the base is not."""

    def random(own: VariantResults) -> bool:
        return isinstance(own.model, Linear) and own.model.init_std > 0

    if not random(results.base):
        return results.base
    alike = (
        v for v in results.variants if contrasts.differs_only_in(v.variant, results.base.variant, contrasts.START)
    )
    return next((own for own in alike if not random(own)), results.base)


def _row(results: StudyResults) -> DataSet | None:
    own = fair(results)
    chosen = own.chosen_weight_decay
    if chosen is None or not own.has("0", "test_loss") or len(own.measured_weight_decay) < 2:
        return None
    label, title = weight_decay_label(chosen), results.study.titled("en")
    if chosen == 0:
        return DataSet(results.name, title, label, 1.0, None, None, None, own.facts[own.id("0", "test_loss")]["n"])
    if not own.has(label, "test_loss_ratio"):
        return None
    ratio, wins = (own.facts[own.id(label, name)] for name in ("test_loss_ratio", "test_loss_wins"))
    return DataSet(
        results.name, title, label, ratio["value"], ratio["low"], ratio["high"], wins["value"], wins["n"]
    )  # fmt: skip
