"""A config and its facts as the page sees them: studies, variants, and what kind of question each one asks.

Sections choose studies by what they contain (task, classes, starts), never by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from decaybench.analysis.weights import is_full_batch, why_none
from decaybench.cells.grid import weight_decay_label
from decaybench.config.models import (
    BASE,
    BUNDLED_ROWS,
    Config,
    GaussianLinear,
    Linear,
    Polynomial,
    Study,
    Training,
    Variant,
)  # fmt: skip

Fact = Mapping[str, Any]
Facts = Mapping[str, Fact]

START_KEYS = {"init_std", "init_mean", "bias_init_std", "bias_init", "init_scale"}
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
        """The λ that cannot be told from the chosen one, itself included."""
        return [weight_decay_label(value) for value in self.value("as_good/weight_decay") or []]

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
        training = self.variant.training.model_copy(
            update={
                "record_every": Training.model_validate({}).record_every,
                "in_span": True,
                "loss": self.variant.loss,
            }
        )
        return (self.variant.task, self.variant.model, training) == (
            GaussianLinear.model_validate({}), Linear.model_validate({}), Training.model_validate({"loss": "mse"})
        )  # fmt: skip

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
        """Whether a weight without gradient shrinks by exactly (1 − ηλ) a step."""
        training = self.variant.training
        return self.variant.model.kind == "linear" and training.optimizer == "sgd" and training.momentum == 0

    @property
    def starts_random(self) -> bool:
        """Whether the initial weights differ from zero, so that there is something to forget."""
        model = self.variant.model
        return not isinstance(model, Linear) or model.init_std > 0 or model.init_mean != 0

    def decay_factor(self, label: str) -> float:
        """(1 − ηλ)^T."""
        return float((1 - self.variant.training.learning_rate * float(label)) ** self.steps)

    def below_rounding(self, label: str) -> bool:
        """Whether the law leaves less in the null space than double precision can hold beside ‖w‖."""
        left = self.decay_factor(label) * self.fact("0", "null_space_norm")["value"]
        return bool(abs(left) < 2**-52 * self.fact(label, "weight_norm")["value"])

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
        return polynomial and why_none(self.variant) is None and is_full_batch(self.variant)

    @property
    def overlap(self) -> bool:
        """Whether seeds are random splits of one data set, which share rows."""
        return self.variant.task.kind in BUNDLED_ROWS

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
        return self.study.task.kind in BUNDLED_ROWS

    @cached_property
    def starts(self) -> list[VariantView]:
        """The base and the variants that differ from it in the initial weights only; empty without such variants."""
        others = [view for view in self.variants if view.name != BASE and self._differs_in_start_only(view)]
        return [self.base, *others] if others else []

    def _differs_in_start_only(self, view: VariantView) -> bool:
        base, other = self.base.variant, view.variant
        if (base.task, base.training, base.model.kind) != (other.task, other.training, other.model.kind):
            return False
        ours, theirs = base.model.model_dump(), other.model.model_dump()
        changed = {key for key in ours if ours[key] != theirs[key]}
        return bool(changed) and changed <= START_KEYS

    @cached_property
    def zero_start(self) -> VariantView | None:
        """The variant that starts from zero weights where the base does not."""
        if not self.base.starts_random or not self.base.measured:
            return None
        found = [view for view in self.starts[1:] if not view.starts_random and view.measured]
        return found[0] if found else None

    @cached_property
    def every_weight(self) -> VariantView | None:
        """The variant that differs from the base only in training all weights instead of the data's span."""
        for view in self.variants:
            training = view.variant.training.model_copy(update={"in_span": True})
            same = (view.variant.task, view.variant.model, training) == (
                self.base.variant.task, self.base.variant.model, self.base.variant.training,
            )  # fmt: skip
            if view.name != BASE and same and not view.variant.training.in_span and view.measured:
                return view
        return None

    @cached_property
    def optimizers(self) -> list[VariantView]:
        """Plain gradient descent, then the variants that differ in an adaptive optimizer alone; else empty."""
        base = self.base
        if base.variant.training.optimizer != "sgd" or base.variant.training.momentum or not base.measured:
            return []
        others = [
            view
            for view in self.variants
            if view.variant.training.optimizer != "sgd"
            and view.measured == base.measured
            and (view.variant.task, view.variant.model) == (base.variant.task, base.variant.model)
            and view.variant.training.model_copy(update={"optimizer": "sgd"}) == base.variant.training
        ]
        return [base, *others] if others and len(base.measured) > 1 else []

    @property
    def degrees(self) -> list[int]:
        """The degrees of a polynomial that the facts compare."""
        tried = {getattr(view.variant.task, "degree", 0) for view in self.variants}
        return sorted(degree for degree in tried if self.base.value(f"degree/{degree}/validation") is not None)

    def differs_in_rows_only(self, view: VariantView) -> bool:
        """Whether a variant has another number of rows and nothing else that differs from the base."""
        base = self.base.variant
        task = view.variant.task.model_copy(update={"n_train": base.task.n_train})
        same = (task, view.variant.model, view.variant.training) == (base.task, base.model, base.training)
        return same and view.variant.task.n_train != base.task.n_train

    @property
    def fair(self) -> VariantView:
        """The variant in which decay has nothing but the data to act on: the zero start if there is one."""
        return self.zero_start or self.base


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
