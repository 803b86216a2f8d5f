"""A config and its facts as the page sees them: studies, variants, and what kind of question each one asks.

Sections choose studies by what they contain (task, classes, starts), never by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isclose
from typing import Any

from decaybench.analysis import contrasts
from decaybench.analysis.prediction import decays_alone
from decaybench.analysis.weights import why_none
from decaybench.cells.grid import weight_decay_label
from decaybench.config import BASE, Config, Linear, Polynomial, Study, Variant

Fact = Mapping[str, Any]
Facts = Mapping[str, Fact]

ARTICLE_WEIGHT_DECAY = 3.0  # the λ that the article's readers run beside λ = 0


class FactError(KeyError):
    """A template asks for a fact that the results do not have."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class VariantView:
    """One variant of a study and its facts."""

    study: str
    variant: Variant
    facts: Facts

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.variant.name

    @property
    def prefix(self) -> str:
        """The start of every fact id of this variant."""
        return f"{self.study}/{self.variant.name}"

    def id(self, label: str, metric: str) -> str:
        """The fact id of a metric at a λ."""
        return f"{self.prefix}/{label}/{metric}"

    def has(self, label: str, metric: str) -> bool:
        """Whether a metric was measured at a λ."""
        return self.facts.get(self.id(label, metric), {}).get("value") is not None

    def fact(self, label: str, metric: str) -> Fact:
        """A fact of this variant; FactError when there is none."""
        return find(self.facts, self.id(label, metric))

    def value(self, key: str) -> Any:
        """The value of a fact of the variant, None when it is absent."""
        return self.facts.get(f"{self.prefix}/{key}", {}).get("value")

    @cached_property
    def labels(self) -> list[str]:
        """Every λ of the grid, ascending, as a label."""
        return [weight_decay_label(value) for value in sorted(self.variant.grid.weight_decay)]

    @cached_property
    def measured(self) -> list[str]:
        """The λ at which at least one cell did not diverge."""
        return [label for label in self.labels if self.has(label, "test_loss")]

    @property
    def lost(self) -> list[str]:
        """The λ at which every cell diverged."""
        return [label for label in self.labels if label not in self.measured]

    @cached_property
    def compared(self) -> list[str]:
        """The λ that validation data rank; all that were measured where the facts do not say."""
        unranked = {weight_decay_label(value) for value in self.value("not_compared/weight_decay") or []}
        return [label for label in self.measured if label not in unranked and label not in self.uncompared]

    @property
    def uncompared(self) -> list[str]:
        """The λ at which some cells diverged and some did not: compared on the others, and never chosen."""
        return [label for label in self.measured if self.has(label, "n_diverged")]

    @property
    def first(self) -> str:
        """The smallest λ that was measured."""
        return self.measured[0]

    @property
    def last(self) -> str:
        """The largest λ that was measured."""
        return self.measured[-1]

    @property
    def has_zero(self) -> bool:
        """Whether training without decay was measured."""
        return "0" in self.measured

    @property
    def chosen(self) -> str | None:
        """The λ chosen on validation data; None when no cell survived."""
        value = self.value("chosen/weight_decay")
        return None if value is None else weight_decay_label(value)

    @property
    def as_good(self) -> list[str]:
        """The λ that cost at most 5 % more than the chosen one, itself included."""
        return self.standing("as_good")

    def standing(self, name: str) -> list[str]:
        """The λ that are as_good, worse or open against the chosen one."""
        return [weight_decay_label(value) for value in self.value(f"{name}/weight_decay") or []]

    @property
    def try_next(self) -> list[str]:
        """The λ to try where the chosen one is an end of the grid."""
        return [weight_decay_label(value) for value in self.value("chosen/try_next") or []]

    @property
    def highlights(self) -> list[str]:
        """Up to four λ worth a row: the smallest, the article's, the chosen one and the largest."""
        wanted = {self.first, self.last, self.chosen, *([self.article] if self.article else [])}
        return [label for label in self.measured if label in wanted]

    @property
    def article(self) -> str | None:
        """The article's own λ, where this is the article's task and training and the λ was measured."""
        label = weight_decay_label(ARTICLE_WEIGHT_DECAY)
        return label if self.repeats_article and label in self.measured else None

    @property
    def repeats_article(self) -> bool:
        """Whether task, training and start are those of the article's short version."""
        return contrasts.is_articles(self.variant)

    @property
    def steps(self) -> int:
        """Training steps of a cell."""
        training = self.variant.training
        return training.epochs * ceil(self.variant.task.n_train / min(training.batch_size, self.variant.task.n_train))

    @property
    def n_expected(self) -> int:
        """Cells that the config asks for."""
        return len(self.labels) * len(self.variant.grid.seed_list())

    @property
    def follows_decay_law(self) -> bool:
        """Whether a weight without gradient is multiplied by exactly 1 − ηλ a step."""
        return decays_alone(self.variant)

    @property
    def starts_random(self) -> bool:
        """Whether the initial weights differ from zero, so that there is something to forget."""
        model = self.variant.model
        return not isinstance(model, Linear) or model.init_std > 0 or model.init_mean != 0

    def decay_factor(self, label: str) -> float:
        """|1 − ηλ|^T: what is left of a length."""
        return float(abs(self.multiplier(label)) ** self.steps)

    def multiplier(self, label: str) -> float:
        """1 − ηλ, exactly 0 or −1 where the product is 1 or 2 up to rounding."""
        product = self.variant.training.learning_rate * float(label)
        return 1 - (round(product) if isclose(product, round(product), rel_tol=1e-12) else product)

    def below_rounding(self, label: str) -> bool:
        """Whether the law leaves less in the null space than double precision can hold beside ‖w‖."""
        left = self.decay_factor(label) * self.fact("0", "null_space_norm")["value"]
        return bool(left < 2**-52 * self.fact(label, "weight_norm")["value"])

    @property
    def predicted(self) -> list[str]:
        """The λ at which theory's test loss stands beside the measured one."""
        return [label for label in self.measured if self.has(label, "theory_z")]

    @property
    def terms(self) -> list[str]:
        """The λ at which theory splits the test loss into ridge, forgotten start and slow bias."""
        return [label for label in self.measured if self.has(label, "theory_slow_bias")]

    @property
    def weighed(self) -> list[str]:
        """The λ at which fit and flexibility were measured."""
        return [label for label in self.measured if self.has(label, "effective_dof")]

    def total_penalty(self, label: str) -> float:
        """Λ = nλ/g: what multiplies half of ‖w‖² beside the sum of half squared errors."""
        factor = 2 if self.variant.loss == "mse" else 1
        return self.variant.task.n_train * float(label) / factor

    @property
    def fit_is_drawn(self) -> bool:
        """Whether the curve that was fitted can be computed again, and so be drawn."""
        polynomial = isinstance(self.variant.task, Polynomial)
        return polynomial and why_none(self.variant) is None and contrasts.is_full_batch(self.variant)

    @property
    def overlap(self) -> bool:
        """Whether seeds are random splits of one data set, which share rows."""
        return self.variant.task.collected

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.variant.n_classes is not None


@dataclass(frozen=True)
class StudyView:
    """A study: its variants, the base first."""

    study: Study
    variants: tuple[VariantView, ...]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.name

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


def find(facts: Facts, key: str) -> Fact:
    """A fact by id; FactError names the id when there is none."""
    try:
        return facts[key]
    except KeyError:
        raise FactError(f"facts.json has no fact {key!r}") from None


def study_views(config: Config, facts: Facts) -> list[StudyView]:
    """Every study of the config, in its order."""

    def variants(study: Study) -> Iterator[VariantView]:
        for variant in study.resolved():
            yield VariantView(study.name, variant, facts)

    return [StudyView(study, tuple(variants(study))) for study in config.studies]
