"""The empirical sentences of the article: one file each, one line each here.

What holds by construction stands in `identities`; what decay costs is a machine fact.
"""

from decaybench.analysis.claims import (
    biases,
    dropout,
    early_stopping,
    l2,
    more_data,
    occam,
    overtraining,
    scarcity,
)
from decaybench.analysis.verdicts import Claim

CLAIMS: tuple[Claim, ...] = (
    scarcity.CLAIM,
    overtraining.CLAIM,
    early_stopping.CLAIM,
    more_data.CLAIM,
    l2.CLAIM,
    dropout.CLAIM,
    occam.CLAIM,
    biases.CLAIM,
)
