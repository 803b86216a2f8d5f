"""What seeds that are splits of one data set say together: less than as many independent draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from decaybench.config import Table, Variant
from decaybench.config.tasks import Finite

Part = Literal["validation", "test"]


def correction(variant: Variant, *evaluated: Part) -> float | None:
    """c in the variance s²(1/m + c) of a mean over m splits; None where every seed draws rows of its own.

    Parameters
    ----------
    variant : whose task says how many rows there are, and how many a split takes.
    evaluated : the rows that a quantity uses besides the training rows: a test loss "test", a norm none.
    """
    task = variant.task
    if isinstance(task, Table):
        return _of_table(task, rows_used(variant, *evaluated))
    if not (isinstance(task, Finite) and task.collected):
        return None
    of_data_set, k = task.count_rows(task.__dict__), rows_used(variant, *evaluated)
    return shared_rows(task.n_train, k - task.n_train, [(k, of_data_set)])


def _of_table(task: Table, k: int) -> float:
    """c of splits of a table; of groups and of windows in time it has the second member alone."""
    found, n_evaluated = task.found, k - task.n_train
    if found.split in ("group", "time"):
        return n_evaluated / task.n_train if n_evaluated else math.inf
    used = [(k, found.rows)]
    if found.split == "stratified":  # a part has the shares of the whole, to within a row
        used = [(min(n, math.ceil(k * n / found.rows)), n) for n in found.class_rows]
    return shared_rows(task.n_train, n_evaluated, used)


def rows_used(variant: Variant, *evaluated: Part) -> int:
    """k: the rows of a split that a quantity uses, see `correction`."""
    task = variant.task
    return int(task.n_train + sum(getattr(task, f"n_{part}") for part in evaluated))


def shared_rows(n_train: int, n_evaluated: int, used: Sequence[tuple[int, int]]) -> float:
    """c = min(ρ / (1 − ρ), n_evaluated / n_train), of a quantity that uses k of N rows in every split.

    Parameters
    ----------
    n_train, n_evaluated : rows that a split trains on and evaluates; n_evaluated is 0 for what the training rows
        alone decide, and the second member then does not apply.
    used : k and N, in each class where splits are stratified; ρ is the largest k/N.

    Notes
    -----
    A quantity of a random split is a U-statistic's kernel of degree k. For two splits that share C rows its
    covariance is ζ_C, and ζ_C/C never falls (Hoeffding 1948, doi:10.1214/aoms/1177730196); E C = k²/N, so the
    correlation of two splits is at most ρ = k/N, and s² estimates σ²(1 − ρ). The second member is the heuristic of
    Nadeau & Bengio (2003, doi:10.1023/A:1024068626366), made for k = N.

    >>> shared_rows(60, 60, [(120, 442)])
    0.37267080745341613
    >>> shared_rows(60, 0, [(60, 60)])
    inf
    """
    share = max(k / n for k, n in used)
    bound = share / (1 - share) if share < 1 else math.inf
    return min(bound, n_evaluated / n_train) if n_evaluated else bound


def rows_needed(k: int, c: float) -> int:
    """Rows of a data set of which splits of k rows share so few that the correction is at most c."""
    return math.ceil(k * (1 + c) / c)


def evaluated_rows(metric: str) -> tuple[Part, ...]:
    """The rows that a metric of the tables uses besides the training rows.

    >>> evaluated_rows("test_accuracy"), evaluated_rows("weight_norm")
    (('test',), ())
    """
    if metric == "generalisation_gap":
        return ("test",)
    part = metric.partition("_")[0]
    return (part,) if part in ("validation", "test") else ()  # type: ignore[return-value]
