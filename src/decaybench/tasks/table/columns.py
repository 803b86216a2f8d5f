"""What the columns of a table are: numbers, categories and the target; and what of them cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from decaybench.config import ConfigError, Table, nearest
from decaybench.tasks.table.reading import located, read

DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([T ].*)?")
MISSING_LEVEL = "(missing)"
MAX_LEVELS = 5_000  # of all categories together: one column of the design each
MIN_ROWS = 9
LARGEST = 1e150  # of a number: its square must be one, too
MESSAGE_COLUMNS = 5


@dataclass(frozen=True)
class Columns:
    """A table as arrays, before anything is learnt from it."""

    numeric: tuple[str, ...]
    numbers: NDArray[np.float64]  # [rows, numeric]; NaN where missing
    lacking: NDArray[np.int64]  # which numeric columns lack values in some row
    categorical: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]  # of each categorical column, sorted; MISSING_LEVEL last
    codes: NDArray[np.int64]  # [rows, categorical]: which level
    target: NDArray[Any]  # [rows]: float64 numbers, or int64 classes
    classes: tuple[str, ...] | None  # their names, sorted; None for numbers
    by: NDArray[np.int64] | None  # [rows]: which group, or the rank of the time


def columns_of(task: Table) -> Columns:
    """The columns of a task's table. Raises ConfigError with one line: file, column, row, what is wrong."""
    keys = task.model_dump_json(
        include=dict.fromkeys(("target", "problem", "features", "drop", "categorical", "missing", "degree"), True)
        | {"split": {"kind", "by"}}
    )
    return _columns_of(_Hashed(task, read(task), keys))


class _Hashed:
    """A task and its frame, equal where the frame and the keys that choose columns are the same."""

    def __init__(self, task: Table, frame: pd.DataFrame, keys: str) -> None:
        self.task, self.frame, self.key = task, frame, (id(frame), located(task), keys)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self.key == other.key


@lru_cache(maxsize=8)
def _columns_of(hashed: _Hashed) -> Columns:
    task, frame, where = hashed.task, hashed.frame, located(hashed.task)
    features = _features(task, frame, where)
    categorical = _categorical(task, frame, features, where)
    numeric = tuple(name for name in features if name not in categorical)
    for name in categorical:
        _refuse_dates(frame[name], name, where)
    numbers = [_numbers(frame[name], name, where, LARGEST**0.5 if task.degree == 2 else LARGEST) for name in numeric]
    _missing(task, frame, features, where)
    table = np.column_stack(numbers) if numbers else np.empty((len(frame), 0))
    coded = [_coded(frame[name], name, where) for name in categorical]
    target, classes = _target(task, frame, where)
    if len(frame) < MIN_ROWS:
        raise ConfigError(f"{where}: has {len(frame)} rows; at least {MIN_ROWS} are needed")
    levels = tuple(levels for levels, _ in coded)
    if sum(map(len, levels)) > MAX_LEVELS:
        widest = max(zip(levels, categorical, strict=True), key=lambda pair: len(pair[0]))
        raise ConfigError(
            f"{where}: column {widest[1]}: has {len(widest[0])} different values, each a column of its own; drop it"
        )
    return Columns(
        numeric=numeric,
        numbers=table,
        lacking=np.flatnonzero(np.isnan(table).any(axis=0)),
        categorical=categorical,
        levels=levels,
        codes=np.column_stack([codes for _, codes in coded]) if coded else np.empty((len(frame), 0), np.int64),
        target=target,
        classes=classes,
        by=_by(task, frame, where),
    )


def is_number(column: pd.Series) -> bool:
    """Whether a column's values are numbers; true and false are not."""
    return bool(types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
                and not types.is_complex_dtype(column))  # fmt: skip


def looks_like_dates(column: pd.Series) -> bool:
    """Whether all values of a column are dates or times."""
    if types.is_datetime64_any_dtype(column) or types.is_timedelta64_dtype(column):
        return True
    values = column.dropna()
    if is_number(column) or values.empty:
        return False
    return all(DATE.fullmatch(str(value).strip()) for value in values)


def looks_like_id(column: pd.Series) -> bool:
    """Whether a column has one value a row and is no measurement: words, or whole numbers one after the other."""
    values = column.dropna()
    if len(values) < MIN_ROWS or values.nunique() < len(column):
        return False
    if not is_number(column):
        return True
    numbers = values.to_numpy(np.float64)
    return bool(np.array_equal(np.sort(numbers) - numbers.min(), np.arange(len(numbers))))


def warnings_of(task: Table) -> list[str]:
    """One line for each column that is used and looks like no measurement."""
    frame, where = read(task), located(task)
    return [
        f"{where}: column {name}: has one value a row and looks like an id; `drop: [{name}]` leaves it out"
        for name in _features(task, frame, where)
        if looks_like_id(frame[name])
    ]


# --- which columns ---------------------------------------------------------------------------------


def _features(task: Table, frame: pd.DataFrame, where: str) -> tuple[str, ...]:
    names = list(frame.columns)
    named = [task.target, *(task.features or []), *task.drop, *(task.categorical or [])]
    for name in [*named, *([task.split.by] if task.split.by is not None else [])]:
        if name not in names:
            raise ConfigError(f"{where}: there is no column {name!r}{nearest(name, names)}")
    if task.target in (task.features or []) or task.target in task.drop or task.target == task.split.by:
        raise ConfigError(f"{where}: column {task.target}: is the target; it can be nothing else")
    left_out = {task.target, task.split.by, *task.drop}
    chosen = task.features or [name for name in names if name not in left_out]
    features = tuple(name for name in chosen if name not in task.drop)
    if not features:
        raise ConfigError(f"{where}: no column is left to predict {task.target} from")
    return features


def _categorical(task: Table, frame: pd.DataFrame, features: Sequence[str], where: str) -> tuple[str, ...]:
    words = tuple(name for name in features if not is_number(frame[name]))
    if task.categorical is None:
        return words
    for name in words:
        if name not in task.categorical:
            raise ConfigError(
                f"{where}: column {name}: row {_first_word(frame[name])} is no number; "
                "add it to categorical, or drop it"
            )
    return tuple(name for name in features if name in task.categorical)


def _first_word(column: pd.Series) -> int:
    return int(np.flatnonzero(pd.to_numeric(column, errors="coerce").isna() & column.notna())[:1].sum())


def _refuse_dates(column: pd.Series, name: str, where: str) -> None:
    if looks_like_dates(column):
        first = column.dropna().iloc[0]
        raise ConfigError(
            f"{where}: column {name}: row {_row(column.notna())}: {first} is a date; convert it to a number, "
            f"`drop: [{name}]`, or split in time by it"
        )


def _missing(task: Table, frame: pd.DataFrame, features: Sequence[str], where: str) -> None:
    if task.missing == "impute":
        return
    lacking = [(name, frame[name].isna()) for name in features if frame[name].isna().any()]
    if not lacking:
        return
    each = [f"column {name}: {int(gaps.sum())} (the first in row {_row(gaps)})"
            for name, gaps in lacking[:MESSAGE_COLUMNS]]  # fmt: skip
    more = f" and {len(lacking) - MESSAGE_COLUMNS} more columns" if len(lacking) > MESSAGE_COLUMNS else ""
    raise ConfigError(f"{where}: values are missing in {', '.join(each)}{more}; `missing: impute` fills them")


# --- their values ----------------------------------------------------------------------------------


def _row(there: pd.Series | NDArray[np.bool_]) -> int:
    return int(np.argmax(np.asarray(there)))


def _numbers(column: pd.Series, name: str, where: str, largest: float) -> NDArray[np.float64]:
    values = column.to_numpy(np.float64, na_value=np.nan) if is_number(column) else None
    if values is None:
        raise ConfigError(f"{where}: column {name}: row {_first_word(column)} is no number")
    if np.isinf(values).any():
        raise ConfigError(f"{where}: column {name}: row {_row(np.isinf(values))}: is infinite")
    if (np.abs(values) > largest).any():
        row = _row(np.abs(values) > largest)
        raise ConfigError(f"{where}: column {name}: row {row}: {values[row]:g} is too large; at most {largest:g}")
    return values


def texts(column: pd.Series) -> list[str | None]:
    """The values of a column as level names; None where missing. 1 and 1.0 are one level."""
    if is_number(column):
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return [None if np.isnan(value) else f"{value:.17g}" for value in numbers]
    return [None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]


def _coded(column: pd.Series, name: str, where: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    _refuse_nested(column, name, where)
    values = texts(column)
    levels = sorted({value for value in values if value is not None})
    index: dict[str | None, int] = {level: code for code, level in enumerate(levels)}
    if None in values:
        index[None] = len(levels)
        levels.append(MISSING_LEVEL)
    return tuple(levels), np.array([index[value] for value in values], np.int64)


def _refuse_nested(column: pd.Series, name: str, where: str) -> None:
    for row, value in enumerate(column):
        if isinstance(value, list | dict | tuple | set | np.ndarray):
            raise ConfigError(f"{where}: column {name}: row {row}: holds a {type(value).__name__}, not one value")


def _target(task: Table, frame: pd.DataFrame, where: str) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    column, name = frame[task.target], task.target
    gaps = column.isna()
    if gaps.any():
        raise ConfigError(
            f"{where}: column {name}: the target is missing in {int(gaps.sum())} rows (the first: row {_row(gaps)}); "
            "remove these rows"
        )
    problem = task.problem or ("regression" if is_number(column) else "classification")
    if problem == "regression":
        if not is_number(column):
            raise ConfigError(f"{where}: column {name}: row {_first_word(column)} is no number; "
                              "a regression needs numbers")  # fmt: skip
        values = _numbers(column, name, where, LARGEST)
        if len(values) and (values == values[0]).all():
            raise ConfigError(f"{where}: column {name}: the target is {values[0]:g} in every row")
        return values, None
    _refuse_dates(column, name, where)
    levels, codes = _coded(column, name, where)
    if len(levels) == 1:
        raise ConfigError(f"{where}: column {name}: every row is of the class {levels[0]}")
    return codes, levels


def _by(task: Table, frame: pd.DataFrame, where: str) -> NDArray[np.int64] | None:
    name = task.split.by
    if name is None:
        return None
    column = frame[name]
    if column.isna().any():
        raise ConfigError(f"{where}: column {name}: row {_row(column.isna())} is empty, and rows are split by it")
    if task.split.kind == "group":
        return _coded(column, name, where)[1]
    values: Iterable[Any]
    if is_number(column):
        values = _numbers(column, name, where, np.inf)
    elif looks_like_dates(column):
        written = None if types.is_datetime64_any_dtype(column) else "mixed"
        parsed = pd.to_datetime(column, errors="coerce", utc=True, format=written)
        if parsed.isna().any():
            raise ConfigError(f"{where}: column {name}: row {_row(parsed.isna())}: is no date")
        values = parsed.to_numpy()
    else:
        raise ConfigError(f"{where}: column {name}: holds neither numbers nor dates, so rows have no order by it")
    return np.unique(np.asarray(values), return_inverse=True)[1].astype(np.int64)
