"""(a + b) mod m: all m² pairs, one-hot, split at random."""

from __future__ import annotations

import numpy as np

from decaybench.config import ModularAddition
from decaybench.tasks import Data, Split
from decaybench.tasks.streams import stream


def generate(task: ModularAddition, seed: int) -> Data:
    """Split the pairs; inputs are [one-hot a, one-hot b], 2·m columns."""
    m = task.modulus
    a, b = np.divmod(stream(task.kind, seed, "split").permutation(m * m), m)
    identity = np.eye(m)
    inputs, targets = np.hstack([identity[a], identity[b]]), (a + b) % m
    cuts = np.cumsum([task.n_train, task.n_validation, task.n_test])
    train, validation, test = (
        Split(inputs[start:stop], targets[start:stop]) for start, stop in zip([0, *cuts], cuts, strict=False)
    )
    return Data(train, validation, test)
