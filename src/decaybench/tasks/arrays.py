"""Data that are in memory already, a part of each seed given: what estimators and refits train on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from decaybench.config.tasks import TaskKeys
from decaybench.tasks import Data

_HELD: dict[str, tuple[Sequence[Data], Sequence[float]]] = {}
_NAMES = itertools.count()


class Arrays(TaskKeys):
    """The sizes of data that `held` holds; no config names it."""

    kind: Literal["arrays"] = "arrays"
    name: str
    n_train: int
    n_validation: int
    n_test: int
    n_features: int
    n_classes: int | None


@contextmanager
def held(data: Sequence[Data], units: Sequence[float], n_classes: int | None) -> Iterator[Arrays]:
    """A task whose seed k has data[k], all of one shape; units: of its targets, see `tasks.target_unit`."""
    name = str(next(_NAMES))
    _HELD[name] = data, units
    train, validation, test = data[0]
    try:
        yield Arrays(
            name=name, n_train=len(train.inputs), n_validation=len(validation.inputs), n_test=len(test.inputs),
            n_features=train.inputs.shape[1], n_classes=n_classes,
        )  # fmt: skip
    finally:
        del _HELD[name]


def generate(task: Arrays, seed: int) -> Data:
    """The data of a seed."""
    return _HELD[task.name][0][seed]


def target_unit(task: Arrays, seed: int) -> float:
    """See `tasks.target_unit`."""
    return _HELD[task.name][1][seed]
