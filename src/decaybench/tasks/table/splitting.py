"""How the rows of a table are shared out: sizes of the parts, and the rows of each for a seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decaybench.config import ConfigError, SplitKeys, Table
from decaybench.tasks.streams import stream
from decaybench.tasks.table.columns import Columns, columns_of
from decaybench.tasks.table.reading import located

MIN_PART = 3
WINDOW = 0.8  # share of the rows that one split in time spans
Rows = NDArray[np.int64]


class Parts(NamedTuple):
    """Row numbers of each part."""

    train: Rows
    validation: Rows
    test: Rows


def kind_of(task: Table, classes: bool) -> str:
    """How rows are shared out, with the default filled in."""
    return task.split.kind or ("stratified" if classes else "random")


def sizes_of(task: Table, columns: Columns) -> Parts | tuple[int, int, int]:
    """n_train, n_validation, n_test: shares rounded, MIN_PART rows each at least.

    Of groups, parts are cut to sizes that every order of the groups allows, so that all seeds have the same.
    """
    split, rows = task.split, len(columns.target)
    if split.kind == "time":
        rows = window_of(rows)
    validation, test = (max(MIN_PART, _rounded(share * rows)) for share in (split.validation, split.test))
    left = rows - validation - test
    if split.kind == "group":
        assert columns.by is not None
        counts = np.bincount(columns.by)
        left = rows - _most_taken(counts, validation) - _most_taken(counts, test)
        if left < MIN_PART:
            raise ConfigError(
                f"{located(task)}: column {split.by}: {len(counts)} groups, the largest of {counts.max()} rows, "
                "are too few or too large to share out: no group may be on two sides"
            )
    if left < MIN_PART:
        raise ConfigError(f"{located(task)}: {rows} rows leave {left} for training; lower split.validation or test")
    return min(max(MIN_PART, _rounded(split.train * rows)), left), validation, test


def window_of(rows: int) -> int:
    """Rows that a split in time spans."""
    return max(3 * MIN_PART, _rounded(WINDOW * rows))


def _rounded(value: float) -> int:
    return int(np.floor(value + 0.5))


def _most_taken(counts: NDArray[np.int64], wanted: int) -> int:
    """The most rows that whole groups may have when they are taken one after the other until there are `wanted`."""
    reachable = 1  # bit s: some groups have s rows together
    for count in counts.tolist():
        reachable |= reachable << count
        reachable &= (1 << wanted) - 1
    return int(reachable.bit_length() - 1 + counts.max())


def rows_of(task: Table, seed: int) -> Parts:
    """The rows of each part for one seed. Fewer training rows are a part of more."""
    columns, found = columns_of(task), task.found
    sizes = found.n_train, found.n_validation, found.n_test
    if found.split == "time":
        return _window(columns, found.windows, seed, sizes)
    random = stream(task.kind, seed, "split")
    if found.split == "group":
        assert columns.by is not None
        return _groups(columns.by, random, sizes)
    order = random.permutation(found.rows)
    if found.split == "stratified":
        order = _spread(order, columns.target)
    # Test and validation rows come first, so that a smaller part of training rows is the beginning of a larger one.
    test, validation, train = np.split(order, np.cumsum([sizes[2], sizes[1]]))
    return Parts(train[: sizes[0]], validation, test)


def _spread(order: Rows, target: Rows) -> Rows:
    """An order in which every stretch has the whole's shares of classes, to within a row; rare ones in training."""
    places = np.empty(len(order))
    shuffled = target[order]
    for label in np.unique(shuffled):
        own = np.flatnonzero(shuffled == label)
        places[own] = (np.arange(len(own)) + 0.5) / len(own)
    return order[np.argsort(places, kind="stable")]


def _groups(by: Rows, random: np.random.Generator, sizes: tuple[int, int, int]) -> Parts:
    """Whole groups one after the other until test, then validation, then training has its rows; cut to size."""
    by_group = np.argsort(by, kind="stable")
    members = np.split(by_group, np.cumsum(np.bincount(by))[:-1])
    shuffled = [members[group] for group in random.permutation(len(members))]
    ends = np.cumsum([len(group) for group in shuffled])
    order = np.concatenate(shuffled)
    train, validation, test = sizes
    test_end = ends[np.searchsorted(ends, test)]
    validation_end = ends[np.searchsorted(ends, test_end + validation)]
    return Parts(
        order[validation_end : validation_end + train], order[test_end : test_end + validation], order[:test]
    )


def _window(columns: Columns, windows: int, seed: int, sizes: tuple[int, int, int]) -> Parts:
    """Training, validation and test rows in their order in time; of fewer training rows, the latest."""
    assert columns.by is not None
    order = np.argsort(columns.by, kind="stable")
    span = window_of(len(order))
    start = _rounded(seed * (len(order) - span) / max(1, windows - 1))
    window = order[start : start + span]
    train, validation, test = sizes
    before = span - test - validation
    return Parts(window[before - train : before], window[before : before + validation], window[span - test :])


def check_split(split: SplitKeys) -> str | None:
    """One line when keys of a split do not go together."""
    if split.kind in ("group", "time") and split.by is None:
        return f"split.by: is missing; a split by {split.kind} needs the column"
    if split.kind not in ("group", "time") and split.by is not None:
        return "split.kind: a split by a column is by group or by time; say which"
    whole = split.train + split.validation + split.test
    if whole > 1 + 1e-9:
        return f"split: train + validation + test = {whole:g} is more than 1"
    return None
