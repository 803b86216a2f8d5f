"""One variant as the page sees it: which λ were measured, compared and chosen, and what its recipe means in words."""

from __future__ import annotations

from functools import cached_property
from math import isclose

from decaybench.analysis import contrasts
from decaybench.analysis.prediction import decays_alone
from decaybench.analysis.results import Fact, Facts, VariantResults
from decaybench.analysis.weights import why_no_weights
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Linear, Polynomial

ARTICLE_WEIGHT_DECAY = 3.0  # the λ that the article's readers run beside λ = 0


class FactError(KeyError):
    """A template asks for a fact that the results do not have."""

    def __str__(self) -> str:
        return str(self.args[0])


def find(facts: Facts, key: str) -> Fact:
    """A fact by id; FactError names the id when there is none."""
    try:
        return facts[key]
    except KeyError:
        raise FactError(f"facts.json has no fact {key!r}") from None


class VariantView(VariantResults):
    """One variant of a study; λ are labels, as a page writes them."""

    def fact(self, label: str, metric: str) -> Fact:
        """A fact of this variant; FactError when there is none."""
        return find(self.facts, self.id(label, metric))

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
        chosen = self.chosen_weight_decay
        return None if chosen is None else weight_decay_label(chosen)

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
        return float(self.task.n_train * float(label) / self.gradient_factor)

    @property
    def fit_is_drawn(self) -> bool:
        """Whether the curve that was fitted can be computed again, and so be drawn."""
        polynomial = isinstance(self.variant.task, Polynomial)
        return polynomial and why_no_weights(self.variant) is None and contrasts.is_full_batch(self.variant)

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.variant.n_classes is not None
