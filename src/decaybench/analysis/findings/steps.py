"""How decay enters a training step, and what it does to weights there: outcomes that follow from the recipe alone."""

from __future__ import annotations

from decaybench.analysis.variants import VariantView
from decaybench.theory.stability import decay_multipliers

STEPS = ("sgd", "momentum", "nesterov", "adam", "adamw", "exact")
PACES = ("shrinks", "wipes", "flips", "turns", "swings", "grows")
ALONE = ("alone", "momentum", "adaptive", "dropout")


def step(view: VariantView) -> str:
    """How decay enters a training step."""
    training = view.variant.training
    if training.optimizer != "sgd" or not training.momentum:
        return str(training.optimizer)
    return "nesterov" if training.nesterov else "momentum"


def pace(view: VariantView, label: str) -> str:
    """What decay at a λ > 0 does to a weight that no gradient moves, from the recursion of the optimizer.

    Not for adam, whose step hardly depends on λ.
    """
    training = view.variant.training
    if step(view) in ("sgd", "adamw"):
        factor = view.multiplier(label)
        if factor in (0, -1):
            return "turns" if factor else "wipes"
        return "shrinks" if factor > 0 else "flips" if factor > -1 else "grows"
    roots = decay_multipliers(training.learning_rate * float(label), training.momentum, training.nesterov)
    largest = roots[abs(roots).argmax()]
    if abs(largest) > 1 + 1e-12:
        return "grows"
    return "shrinks" if abs(largest.imag) < 1e-12 and largest.real > 0 else "swings"


def paces(view: VariantView) -> dict[str, list[str]]:
    """The λ > 0 of the grid by what decay does there, those that diverged included; empty for adam and exact."""
    found: dict[str, list[str]] = {}
    for label in view.labels:
        if float(label) > 0 and step(view) not in ("adam", "exact"):
            found.setdefault(pace(view, label), []).append(label)
    return found


def alone(view: VariantView) -> str:
    """Whether decay is alone with what the rows do not reach, else what moves it, too."""
    if view.follows_decay_law:
        return "alone"
    if view.variant.training.optimizer != "sgd":
        return "adaptive"
    return "momentum" if view.variant.training.momentum else "dropout"
