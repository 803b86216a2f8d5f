"""λ balances the penalty against the original loss: more of it, and the training loss rises."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.identities.identity import Check, Identity
from decaybench.analysis.regimes import at_least, log_ratio, starts_random
from decaybench.analysis.results import VariantResults


def _swept(results: VariantResults) -> bool:
    return len(results.decays) > 1 and results.variant.training.optimizer == "sgd" and not starts_random(results)


def measure(experiment: Experiment) -> Iterator[Check]:
    """Logarithm of the training loss at the largest λ over that at the smallest."""
    for results in experiment.settings(_swept):
        first, last = (results.column("train_loss", decay) for decay in (results.decays[0], results.decays[-1]))
        least = resolution_of(results.variant)
        yield Check(results, "", log_ratio(last, first.clip(lower=at_least(least)), least))


IDENTITY = Identity("lambda-balances", bound=0.0, unit="log ratio", measure=measure, at_least=True)
