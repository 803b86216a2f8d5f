"""Definitions, identities and slips of the article, each with its check: one file each, one line each here."""

from decaybench.analysis.identities import balance, decay_step, growth, parameter_groups, training_only
from decaybench.analysis.identities.identity import Identity

IDENTITIES: tuple[Identity, ...] = (
    balance.IDENTITY,
    decay_step.LAW,
    decay_step.SLIP,
    growth.GROWS,
    growth.SHRINKS,
    training_only.IDENTITY,
    parameter_groups.IDENTITY,
)
