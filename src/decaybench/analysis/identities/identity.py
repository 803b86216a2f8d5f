"""What holds by construction, or is a slip of the source: checked to a bound, and counted nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import Fact, plain_fact
from decaybench.analysis.results import VariantResults
from decaybench.analysis.statistics import FloatArray


@dataclass(frozen=True)
class Check:
    """What one training shows of an identity: a value a seed."""

    results: VariantResults
    name: str  # told apart from other checks of the same training; may be empty
    values: FloatArray  # [seeds]


@dataclass(frozen=True)
class Identity:
    """A sentence that is true, or false, by construction.

    Attributes
    ----------
    bound : what the worst seed must not exceed; with `at_least`, what it must reach.
    unit : of the values and the bound.
    """

    id: str
    bound: float
    unit: str
    measure: Callable[[Experiment], Iterator[Check]]
    at_least: bool = False


def identity_facts(identities: Sequence[Identity], experiment: Experiment) -> dict[str, Fact]:
    """The worst seed of every check, by id: identities/<identity>/<study>/<variant>/worst; and whether all hold."""
    facts: dict[str, Fact] = {}
    for identity in identities:
        prefix, holds = f"identities/{identity.id}", []
        for check in identity.measure(experiment):
            values = check.values[np.isfinite(check.values)]
            if len(values):
                worst = float(values.min() if identity.at_least else values.max())
                holds.append(worst >= identity.bound if identity.at_least else worst <= identity.bound)
                where = "/".join(filter(None, (prefix, check.results.study, check.results.variant.name, check.name)))
                facts[f"{where}/worst"] = plain_fact(worst, identity.unit, "worst of the seeds", len(values))
        if holds:
            facts[f"{prefix}/bound"] = plain_fact(identity.bound, identity.unit, "declared before the run")
            facts[f"{prefix}/holds"] = plain_fact(all(holds), "truth", "worst seed against the bound", len(holds))
    return facts
