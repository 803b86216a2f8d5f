"""The claims of the article: one file each, one line each here. What decay costs is a machine fact, not a claim."""

from decaybench.analysis.claims import (
    balance,
    biases,
    decay_step,
    dropout,
    early_stopping,
    growth,
    l2,
    more_data,
    occam,
    overtraining,
    parameter_groups,
    scarcity,
    training_only,
)
from decaybench.analysis.verdicts import Claim

CLAIMS: tuple[Claim, ...] = (
    scarcity.CLAIM,
    overtraining.CLAIM,
    early_stopping.CLAIM,
    more_data.CLAIM,
    l2.CLAIM,
    dropout.CLAIM,
    balance.CLAIM,
    decay_step.CLAIM,
    growth.CLAIM,
    occam.CLAIM,
    training_only.CLAIM,
    biases.CLAIM,
    parameter_groups.CLAIM,
)
