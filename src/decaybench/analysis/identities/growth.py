"""Because of the data term, w may end longer or shorter than it began: one training of each kind shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log

import numpy as np

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.identities.identity import Check, Identity
from decaybench.analysis.regimes import log_ratio
from decaybench.analysis.results import VariantResults
from decaybench.cells.grid import weight_decay_label

SMALLEST = log(1.05)


def _extreme(sign: int) -> Callable[[Experiment], Iterator[Check]]:
    def measure(experiment: Experiment) -> Iterator[Check]:
        """With decay, from a random start: where ‖w‖ moved most in one direction, as a log ratio."""
        moves = [
            (results, decay, sign * _growth(results, decay))
            for results in experiment.variants
            for decay in results.decays
            if decay > 0
        ]
        moves = [move for move in moves if len(move[2])]
        if moves:
            results, decay, values = max(moves, key=lambda move: float(np.mean(move[2])))
            yield Check(results, weight_decay_label(decay), values)

    return measure


def _growth(results: VariantResults, decay: float) -> np.ndarray:
    """Logarithm of final over initial norm; from a start at zero there is no ratio."""
    start, end = results.column("init_norm", decay), results.column("weight_norm", decay)
    return np.empty(0) if not (start > 0).all() or not (end > 0).all() else log_ratio(end, start, 0.0)


GROWS = Identity("w-may-grow", bound=SMALLEST, unit="log ratio", measure=_extreme(1), at_least=True)
SHRINKS = Identity("w-may-shrink", bound=SMALLEST, unit="log ratio", measure=_extreme(-1), at_least=True)
