"""Different sets of parameters may be updated differently in one training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.claims.biases import pairs
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.identities.identity import Check, Identity


def measure(experiment: Experiment) -> Iterator[Check]:
    """The final bias with and without its own decay, the weights being decayed alike."""
    for free, decayed, common in pairs(experiment):
        decay = max(common)
        if decay not in free.tables["bias"].columns or decay not in decayed.tables["bias"].columns:
            continue
        both = pd.concat([free.column("bias", decay), decayed.column("bias", decay)], axis=1, join="inner").to_numpy()
        size = np.abs(both).sum(axis=1)
        moved = np.abs(both[:, 0] - both[:, 1])
        yield Check(free, "", np.divide(moved, size, out=np.full_like(size, np.nan), where=size > 0))


IDENTITY = Identity("parameter-groups-differ", bound=1e-12, unit="share", measure=measure, at_least=True)
