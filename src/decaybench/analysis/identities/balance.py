"""λ balances the penalty against the original loss: more of it, and the training loss rises."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.identities.identity import Check, Identity
from decaybench.analysis.regimes import Arm, Case, at_least, log_ratio, starts_random


def _swept(arm: Arm) -> bool:
    return len(arm.decays) > 1 and arm.variant.training.optimizer == "sgd" and not starts_random(arm)


def measure(case: Case) -> Iterator[Check]:
    """Logarithm of the training loss at the largest λ over that at the smallest."""
    for arm in case.settings(_swept):
        first, last = (arm.column("train_loss", decay) for decay in (arm.decays[0], arm.decays[-1]))
        yield Check(arm, "", log_ratio(last, first.clip(lower=at_least(arm.resolution)), arm.resolution))


IDENTITY = Identity("lambda-balances", bound=0.0, unit="log ratio", measure=measure, at_least=True)
