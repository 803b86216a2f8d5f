"""Facts: every number of the page with its interval, unit, n and method, under one id.

Ids are paths: study/variant/λ/metric for what one λ gives, study/variant/quantity for what a variant gives.
Values are means over seeds, of cells that did not diverge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from decaybench.analysis import smoothers
from decaybench.analysis.choice import choice_facts
from decaybench.analysis.early_stopping import early_stopping_facts
from decaybench.analysis.effects import effect_facts
from decaybench.analysis.fact import Fact, fact, plain_fact, resolution_of, share_fact, unit_of
from decaybench.analysis.filters import filter_facts
from decaybench.analysis.memorised import memorised_facts
from decaybench.analysis.occam import degree_facts, same_norm_facts
from decaybench.analysis.overlays import baseline_facts, smoother_facts, theory_facts
from decaybench.analysis.parameters import parameter_facts
from decaybench.analysis.published import published_facts
from decaybench.analysis.remedies import remedy_facts
from decaybench.analysis.splits import Part, correction, evaluated_rows
from decaybench.analysis.spread import tail_facts, variance_facts
from decaybench.analysis.statistics import Estimate, means
from decaybench.analysis.weights import weight_facts
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.tables import ACCURACIES, LOSSES
from decaybench.config import BASE, Study, Variant

METRICS = [*LOSSES, *ACCURACIES, "weight_norm", "row_space_norm", "null_space_norm"]
ENOUGH = 4  # values of λ, from which a choice among them by leave-one-out or evidence means something


def study_facts(
    study: Study,
    cells: pd.DataFrame,
    history: pd.DataFrame | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Fact]:
    """All facts of one study, by id. Without a history there is none of early stopping.

    parameters: of own modules, by variant, see `cells.parameters_told`.
    """
    facts: dict[str, Fact] = {}
    variants = study.resolved()
    tables = _by_variant(cells)
    empty = cells.iloc[:0]
    histories = {} if history is None else _by_variant(history)
    for variant in variants:
        own = tables.get(variant.name, empty)
        found = variant_facts(variant, own)
        if len(variant.grid.weight_decay) >= ENOUGH:
            found.update(smoother_facts(variant, own, smoothers.COST / len(variants)))
        found.update(baseline_facts(variant))
        found.update(theory_facts(variant, own))
        found.update(tail_facts(variant, own))
        found.update(variance_facts(variant, own))
        found.update(published_facts(variant, own))
        found.update(memorised_facts(variant, own))
        found.update(parameter_facts((parameters or {}).get(variant.name, {})))
        if variant.name == BASE:
            found.update(weight_facts(variant, own))
            found.update(filter_facts(variant, own, found.get("chosen/weight_decay", {}).get("value")))
        if variant.name in histories:
            found.update(early_stopping_facts(variant, own, histories[variant.name]))
        facts.update({f"{study.name}/{variant.name}/{key}": value for key, value in found.items()})
    across = [*degree_facts(study, tables), *same_norm_facts(study, tables)]
    across += remedy_facts(study, tables, histories)
    facts.update({f"{study.name}/{BASE}/{key}": value for key, value in across})
    return facts


def _by_variant(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): rows for name, rows in table.groupby("variant", sort=False)}


def variant_facts(variant: Variant, cells: pd.DataFrame) -> dict[str, Fact]:
    """Facts of one variant, by the rest of their id."""
    healthy = cells[~cells["diverged"]]
    facts = {
        "n_cells": plain_fact(len(cells), "cells", "count"),
        "n_diverged": plain_fact(int(cells["diverged"].sum()), "cells", "count"),
        "n_seeds": plain_fact(int(cells["seed"].nunique()), "seeds", "count"),
    }
    for weight_decay, lost in cells[cells["diverged"]].groupby("weight_decay"):
        facts[f"{weight_decay_label(float(weight_decay))}/n_diverged"] = plain_fact(len(lost), "cells", "count")  # type: ignore[arg-type]
    wide = _wide(healthy)
    for key, estimate in zip(wide.columns, _column_means(wide, variant), strict=True):
        facts[key] = _measured(key.partition("/")[2], estimate, variant)
    resolution = resolution_of(variant) if len(cells) else 0.0
    facts.update(effect_facts(variant, cells, resolution))
    facts.update(choice_facts(variant, cells, resolution))
    return facts


def _wide(healthy: pd.DataFrame) -> pd.DataFrame:
    """Seeds × "λ/metric": every metric that the model has, and the gap."""
    columns: dict[str, pd.Series] = {}
    tables = {
        metric: healthy.pivot(index="seed", columns="weight_decay", values=metric)
        for metric in METRICS
        if healthy[metric].notna().any()
    }
    if not tables:
        return pd.DataFrame()
    tables["generalisation_gap"] = tables["test_loss"] - tables["train_loss"]
    for metric, table in tables.items():
        for weight_decay in table.columns:
            columns[f"{weight_decay_label(float(weight_decay))}/{metric}"] = table[weight_decay]
    return pd.DataFrame(columns)


def _column_means(wide: pd.DataFrame, variant: Variant) -> list[Estimate]:
    """Mean and interval of every column over the seeds that it has; together where they have the same seeds."""
    estimates: dict[int, Estimate] = {}
    groups: dict[tuple[bytes, tuple[Part, ...]], list[int]] = {}
    present = wide.notna().to_numpy()
    for position, key in enumerate(wide.columns):
        parts = evaluated_rows(key.partition("/")[2])
        groups.setdefault((present[:, position].tobytes(), parts), []).append(position)
    for (_, parts), positions in groups.items():
        rows = present[:, positions[0]]
        if not rows.any():
            estimates.update(dict.fromkeys(positions, Estimate(None, None, None, 0, "none: no pair of cells")))
            continue
        values = wide.to_numpy(np.float64)[rows][:, positions]
        estimates.update(zip(positions, means(values, correction=correction(variant, *parts)), strict=True))
    return [estimates[position] for position in range(wide.shape[1])]


def _measured(name: str, estimate: Estimate, variant: Variant) -> Fact:
    """A metric in its own unit."""
    if name in ACCURACIES:
        return share_fact(estimate)
    return fact(estimate, "weight units" if name.endswith("_norm") else unit_of(variant))


# --- files -----------------------------------------------------------------------------------------


def summary(facts: Mapping[str, Fact], study: Study) -> pd.DataFrame:
    """One row a variant and λ: n, how many diverged, and mean and interval of each metric."""
    rows = []
    for variant in study.resolved():
        for weight_decay in sorted(variant.grid.weight_decay):
            prefix = f"{study.name}/{variant.name}/{weight_decay_label(weight_decay)}/"
            row: dict[str, Any] = {"study": study.name, "variant": variant.name, "weight_decay": weight_decay}
            own = {key.removeprefix(prefix): f for key, f in facts.items() if key.startswith(prefix)}
            row["n"] = own.get("train_loss", {}).get("n", 0)
            for name in [*METRICS, "test_loss_ratio"]:
                for part, column in (("value", "mean"), ("low", "low"), ("high", "high")):
                    row[f"{name}_{column}"] = own.get(name, {}).get(part)
            rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")
