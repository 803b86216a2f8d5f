"""Predictions for new rows, from a results folder alone: neither the table nor torch is needed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from decaybench.cells.tables import replacing
from decaybench.config import ConfigError, Table
from decaybench.tasks.table.columns import MISSING_LEVEL, Columns, is_number, texts
from decaybench.tasks.table.design import Design
from decaybench.tasks.table.reading import read

FOLDER, MODEL, WEIGHTS = "model", "model.json", "weights.safetensors"
FORMAT = 1
Matrix = NDArray[np.float64]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What a person gives."""
    parser.add_argument("folder", type=Path, help="folder of a study among the results, such as results/houses")
    parser.add_argument("table", help="new rows: CSV, TSV or Parquet with the columns of the study's table")
    parser.add_argument("--output", type=Path, default=Path("predictions.csv"), help="by default predictions.csv")


def run(folder: Path, table: str, output: Path = Path("predictions.csv")) -> None:
    """Write one line for each row of the table: row, probability_<class> …, prediction."""
    model = _load(folder)
    frame = read(Table(kind="table", path=table, target="-"))
    found = predictions(model, frame, table, folder)
    with replacing(output) as beside:
        found.to_csv(beside, index=False)
    print(f"{len(found):,} predictions in {output}", file=sys.stderr)


def _load(study: Path) -> dict[str, Any]:
    path = study / FOLDER / MODEL
    try:
        model: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no model; run the study first (tables alone have one)") from None
    except ValueError:
        raise ConfigError(f"{path}: is no JSON; remove the folder and run the study again") from None
    if model.get("format") != FORMAT:
        raise ConfigError(f"{path}: was written by decaybench {model.get('decaybench')}; this one reads others")
    return model


def predictions(model: dict[str, Any], frame: pd.DataFrame, where: str, study: Path) -> pd.DataFrame:
    """row, for classes probability_<class> …, and prediction (last), a row for each row of the frame."""
    outputs = _outputs(model, _inputs(model, frame, where), study)  # [fits, rows, outputs]
    found: dict[str, Any] = {"row": np.arange(len(frame))}
    classes = model["classes"]
    if classes is None:
        target = model["target"]
        found["prediction"] = target["mean"] + target["scale"] * outputs.mean(axis=0)[:, 0]
        return pd.DataFrame(found)
    shares = np.exp(outputs - outputs.max(axis=2, keepdims=True))
    probabilities = (shares / shares.sum(axis=2, keepdims=True)).mean(axis=0)
    found |= {f"probability_{name}": column for name, column in zip(classes, probabilities.T, strict=True)}
    found["prediction"] = [classes[best] for best in probabilities.argmax(axis=1)]
    return pd.DataFrame(found)


def _inputs(model: dict[str, Any], frame: pd.DataFrame, where: str) -> Matrix:
    """The standardised design matrix of new rows. Says what it leaves out and what it has not seen before."""
    keys = model["preprocessing"]
    numeric = [entry["column"] for entry in keys["numeric"]]
    categorical = {entry["column"]: entry["levels"] for entry in keys["categorical"]}
    wanted = [*numeric, *categorical]
    lost = [name for name in wanted if name not in frame.columns]
    if lost:
        raise ConfigError(f"{where}: columns are missing: {', '.join(lost)}")
    extra = [name for name in frame.columns if name not in wanted and name != model["recipe"]["task"]["target"]]
    if extra:
        print(f"{where}: {len(extra)} columns that the model does not know are ignored", file=sys.stderr)
    if keys["missing"] == "refuse":
        _refuse_missing(frame, wanted, where)
    numbers = [_numbers(frame[name], name, where) for name in numeric]
    codes = [_codes(frame[name], name, levels, where) for name, levels in categorical.items()]
    columns = Columns(
        numeric=tuple(numeric),
        numbers=np.column_stack(numbers) if numbers else np.empty((len(frame), 0)),
        lacking=np.array([numeric.index(name) for name in keys["indicators"]], np.int64),
        categorical=tuple(categorical),
        levels=tuple(map(tuple, categorical.values())),
        codes=np.column_stack(codes) if codes else np.empty((len(frame), 0), np.int64),
        target=np.empty(0),
        classes=None,
        by=None,
    )
    design = Design(
        medians=np.array([entry["median"] for entry in keys["numeric"]]),
        seen=[np.ones(len(levels), bool) for levels in categorical.values()],
        means=np.array([entry["mean"] for entry in keys["design"]]),
        scales=np.array([entry["scale"] for entry in keys["design"]]),
        degree=keys["degree"],
    )
    if not len(frame):
        return np.empty((0, len(design.means)))
    _say_filled(columns, where)
    return design.inputs(columns, np.arange(len(frame)))


def _refuse_missing(frame: pd.DataFrame, names: list[str], where: str) -> None:
    lacking = [(name, frame[name].isna()) for name in names if frame[name].isna().any()]
    if lacking:
        each = ", ".join(f"column {name}: row {int(np.argmax(gaps.to_numpy()))}" for name, gaps in lacking)
        raise ConfigError(f"{where}: values are missing, and the model was trained without any: {each}")


def _say_filled(columns: Columns, where: str) -> None:
    gaps = int(np.isnan(columns.numbers).sum())
    if gaps:
        print(f"{where}: {gaps} missing numbers are filled with medians of the table", file=sys.stderr)


def _numbers(column: pd.Series, name: str, where: str) -> Matrix:
    if not (is_number(column) or column.isna().all()):
        words = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        raise ConfigError(f"{where}: column {name}: row {int(np.argmax(words.to_numpy()))} is no number")
    values = column.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ConfigError(f"{where}: column {name}: row {int(np.argmax(np.isinf(values)))}: is infinite")
    return values


def _codes(column: pd.Series, name: str, levels: list[str], where: str) -> NDArray[np.int64]:
    """Which level each value is; −1, no level, for those that the table did not have."""
    index: dict[str | None, int] = {level: code for code, level in enumerate(levels)}
    index[None] = index.get(MISSING_LEVEL, -1)
    codes = np.array([index.get(value, -1) for value in texts(column)], np.int64)
    unseen = int((codes < 0).sum())
    if unseen:
        print(f"{where}: column {name}: {unseen} rows have a value that the table did not have", file=sys.stderr)
    return codes


def _outputs(model: dict[str, Any], inputs: Matrix, study: Path) -> Matrix:
    """What the last layer gives [fits, rows, outputs]."""
    if "coefficients" in model:
        fitted = model["coefficients"]["standardised"]
        return (inputs @ np.array(fitted["weights"]) + np.array(fitted["intercept"]))[None]
    from safetensors.numpy import load_file

    tensors = load_file(study / FOLDER / WEIGHTS)
    fits = 1 + max(int(name.partition(".")[0]) for name in tensors)
    depths = 1 + max(int(name.split(".")[1]) for name in tensors)
    square = model["recipe"]["model"]["activation"] == "quadratic"
    outputs = []
    for number in range(fits):
        values = inputs
        for depth in range(depths):
            weight, bias = (tensors[f"{number}.{depth}.{part}"].astype(np.float64) for part in ("weight", "bias"))
            values = values @ weight + bias
            if depth < depths - 1:
                values = values**2 if square else np.maximum(values, 0.0)
        outputs.append(values)
    return np.stack(outputs)
