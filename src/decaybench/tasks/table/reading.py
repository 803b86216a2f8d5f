"""Reading a table: a file or a data set of scikit-learn as a data frame, and the digest of its content."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from decaybench.config import ConfigError, Table

SKLEARN = "sklearn:"
SETS = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
PARQUET, TABS = (".parquet", ".pq"), (".tsv", ".tab")
CHUNK = 2**20


def located(task: Table) -> str:
    """Where the table is, as seen from the working directory."""
    return task.path if task.path.startswith(SKLEARN) else os.path.join(task.folder, task.path)  # noqa: PTH118


def is_there(task: Table) -> bool:
    """Whether the table can be found."""
    place = located(task)
    return place.startswith(SKLEARN) or Path(place).exists()


def read(task: Table) -> pd.DataFrame:
    """The rows of the table as they stand in it, numbered from 0; the frame is shared, nobody may write to it.

    Raises ConfigError with one line: no such file, not UTF-8, lines of different lengths, columns called alike;
    or a table that is not the one that was looked at when the jobs were planned.
    """
    frame, digest = _read_now(located(task))
    if task.contents is not None and task.contents.sha256 != digest:
        raise ConfigError(f"{task.path}: the table has changed since the jobs were planned; run again")
    return frame


def digest_of(task: Table) -> str:
    """sha256 of the table's content."""
    return _read_now(located(task))[1]


def _read_now(place: str) -> tuple[pd.DataFrame, str]:
    if place.startswith(SKLEARN):
        return _bundled(place.removeprefix(SKLEARN))
    try:
        facts = Path(place).stat()
    except OSError:
        raise ConfigError(f"{place}: there is no such file") from None
    return _read_file(place, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=4)
def _read_file(place: str, _mtime: int, _size: int) -> tuple[pd.DataFrame, str]:
    path = Path(place)
    if not path.is_file():
        raise ConfigError(f"{place}: is no file")
    parquet = path.suffix.lower() in PARQUET
    digest = _digest(path, text=not parquet)
    frame = _parquet(path) if parquet else _text_table(path)
    frame.columns = [str(name) for name in frame.columns]
    _refuse_twice(place, list(frame.columns))
    return frame, digest


def _digest(path: Path, text: bool) -> str:
    """sha256 of a file; of a text, each chunk is decoded, too, so that what is not UTF-8 is named with its line."""
    digest, decoder, line = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if text:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    line += chunk.count(b"\n", 0, max(error.start, 0))
                    raise ConfigError(
                        f"{path}: line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8 (Latin-1?); "
                        "save the table as UTF-8"
                    ) from None
                line += chunk.count(b"\n")
    return digest.hexdigest()


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise ConfigError(f"{path}: not a readable Parquet table ({_first_line(error)})") from None


def _text_table(path: Path) -> pd.DataFrame:
    separator = "\t" if path.suffix.lower() in TABS else ","
    try:
        header = next(_records(path, separator), [])
        if separator == "," and len(header) == 1 and ";" in header[0]:
            separator = ";"
            header = next(_records(path, separator))
    except csv.Error as error:
        raise ConfigError(f"{path}: line 1: {_first_line(error)}") from None
    if not header:
        raise ConfigError(f"{path}: is empty; its first line names the columns")
    _refuse_twice(str(path), header)
    try:
        frame = pd.read_csv(path, sep=separator, encoding="utf-8-sig", low_memory=False)
    except pd.errors.EmptyDataError:
        raise ConfigError(f"{path}: is empty; its first line names the columns") from None
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise ConfigError(f"{path}: {_first_line(error).replace('Error tokenizing data. C error: ', '')}") from None
    if not isinstance(frame.index, pd.RangeIndex):
        raise ConfigError(f"{path}: rows have more values than the first line has names ({len(header)})")
    return frame


def _records(path: Path, separator: str) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file, delimiter=separator)


def _first_line(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())


def _refuse_twice(place: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigError(f"{place}: {Counter(names)[twice[0]]} columns are called {twice[0]!r}; names must differ")


@lru_cache(maxsize=8)
def _bundled(name: str) -> tuple[pd.DataFrame, str]:
    """A data set that ships with scikit-learn; classes by their names."""
    if name not in SETS:
        raise ConfigError(f"{SKLEARN}{name}: scikit-learn ships no such table; one of {', '.join(SETS)}")
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    frame = loaded.frame.copy()
    names = loaded.get("target_names")
    if name not in ("diabetes", "linnerud"):
        frame["target"] = [str(names[value]) for value in frame["target"]]
    content = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    digest = hashlib.sha256("\0".join(frame.columns).encode() + np.ascontiguousarray(content).tobytes())
    return frame, digest.hexdigest()
