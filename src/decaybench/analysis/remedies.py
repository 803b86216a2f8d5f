"""Remedies for overfitting on one axis: test loss against the effective degrees of freedom that each leaves.

Decay, stopping early and dropping inputs all make the fit less free, each by its own knob. Measured losses are
those of the tables; degrees of freedom follow from the seeds' own inputs by the exact law of T steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from decaybench.analysis import contrasts
from decaybench.analysis.early_stopping import curves
from decaybench.analysis.effects import compare_losses, decision_facts, ratio_fact
from decaybench.analysis.fact import Fact, fact, plain_fact, resolution_of, unit_of
from decaybench.analysis.results import paired
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import FloatArray, mean
from decaybench.analysis.weights import is_zero_start, why_no_weights
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import BASE, TASKS, Study, Variant
from decaybench.tasks import generate
from decaybench.theory.ridge import dropout_weight_decay
from decaybench.theory.spectral import trained_dof

FEWEST_DECAYS, FEWEST_RECORDS = 4, 5  # that make a curve
SEEDS = 20  # whose inputs are decomposed; degrees of freedom hardly differ between seeds
NOTHING, DECAY, EARLY_STOPPING, DROPOUT, MORE_DATA = "nothing", "decay", "early_stopping", "dropout", "more_data"
MATCHED = (EARLY_STOPPING, DROPOUT)  # held against decay at equal degrees of freedom


@dataclass(frozen=True)
class Path:
    """One remedy along its knob, by ascending degrees of freedom."""

    setting: FloatArray  # [points]: λ, epoch, rate or rows
    dof: FloatArray  # [points], mean over seeds
    validation_loss: FloatArray  # [seeds, points]
    test_loss: FloatArray  # [seeds, points]

    @property
    def best(self) -> int:
        """The point with the lowest mean validation loss."""
        return int(self.validation_loss.mean(axis=0).argmin())

    def at(self, dof: float) -> FloatArray | None:
        """Test loss of each seed [seeds] at so many degrees of freedom, between two points that were measured."""
        if not self.dof[0] <= dof <= self.dof[-1]:
            return None
        return np.array([np.interp(dof, self.dof, row) for row in self.test_loss])


def remedies(
    study: Study, tables: Mapping[str, pd.DataFrame], histories: Mapping[str, pd.DataFrame]
) -> dict[str, Path]:
    """The remedies that a study tried on its base's data, all of the same seeds; empty where too few.

    tables, histories: cells and history by variant.
    """
    variants = {variant.name: variant for variant in study.resolved()}
    base = variants[BASE]
    if not _suits(base) or BASE not in tables or BASE not in histories:
        return {}
    others = [v for name, v in variants.items() if name in tables and 0.0 in v.grid.weight_decay]
    dropped = _family(base, others, "model.dropout")
    more = [v for v in _family(base, others, contrasts.ROWS, contrasts.WITH_ROWS) if _has_more_rows(v, base)]
    decays = sorted(base.grid.weight_decay)
    stopped = curves(histories[BASE], tables[BASE], 0.0)
    short = stopped is None or len(stopped.epochs) < FEWEST_RECORDS
    if not (dropped or more) or len(decays) < FEWEST_DECAYS or decays[0] != 0 or short:
        return {}
    assert stopped is not None
    first = _seeds(tables[BASE], decays).intersection(stopped.seeds)
    each = {v.name: _seeds(tables[v.name], [0.0]) for v in [*dropped, *more]}
    kept, seeds = contrasts.with_common_seeds(first, each)
    dropped, more = ([v for v in found if v.name in kept] for found in (dropped, more))
    if not kept:
        return {}
    few = tuple(seeds[:SEEDS])
    found = {
        NOTHING: _of_cells([(0.0, base, 0.0)], tables, seeds, _dof(base, [0.0], few)),
        DECAY: _of_cells([(w, base, w) for w in decays], tables, seeds, _dof(base, decays, few)),
    }
    rows = [stopped.seeds.index(seed) for seed in seeds]
    steps = tuple(steps_of(base, int(epoch)) for epoch in stopped.epochs)
    found[EARLY_STOPPING] = _ascending(
        stopped.epochs, _dof(base, [0.0], few, steps)[0], stopped.validation[rows], stopped.test[rows]
    )
    if dropped:
        rates = [float(v.model.dropout) for v in dropped]  # type: ignore[union-attr]
        equal = [float(dropout_weight_decay(rate, gradient_factor_of(base))) for rate in rates]
        cells = [(0.0, base, 0.0), *((rate, v, 0.0) for rate, v in zip(rates, dropped, strict=True))]
        found[DROPOUT] = _of_cells(cells, tables, seeds, _dof(base, [0.0, *equal], few))
    if more:
        dof = np.concatenate([_dof(v, [0.0], few)[:, -1] for v in more])[:, None]
        found[MORE_DATA] = _of_cells([(float(v.task.n_train), v, 0.0) for v in more], tables, seeds, dof)
    return found


def remedy_facts(
    study: Study, tables: Mapping[str, pd.DataFrame], histories: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, Fact]]:
    """The best of each remedy, chosen on validation rows, and remedies against decay at equal degrees of freedom."""
    found = remedies(study, tables, histories)
    if not found:
        return
    base = next(variant for variant in study.resolved() if variant.name == BASE)
    unit, c = unit_of(base), correction(base, "test")
    n = len(found[DECAY].test_loss)
    by = "lowest mean validation loss"
    units = {DECAY: "λ", EARLY_STOPPING: "epochs", DROPOUT: "share", MORE_DATA: "rows", NOTHING: "λ"}
    for kind, path in found.items():
        best = path.best
        setting = float(path.setting[best])
        whole = kind in (EARLY_STOPPING, MORE_DATA)
        yield f"remedies/{kind}/setting", plain_fact(int(setting) if whole else setting, units[kind], by, n)
        yield (
            f"remedies/{kind}/effective_dof",
            plain_fact(float(path.dof[best]), "degrees of freedom", "exact law of T steps, mean over seeds", n),
        )
        yield f"remedies/{kind}/test_loss", fact(mean(path.test_loss[:, best], correction=c), unit)
    decay = found[DECAY]
    dof, reference, least = float(decay.dof[decay.best]), decay.test_loss[:, decay.best], resolution_of(base)
    for kind, path in found.items():
        if kind != DECAY:
            against = compare_losses(base, path.test_loss[:, path.best], reference, least)
            yield f"remedies/{kind}/test_loss_ratio", ratio_fact(against)
            yield from decision_facts(f"remedies/{kind}/test_loss", against)
    for kind in MATCHED:
        if kind not in found:
            continue
        values = found[kind].at(dof)
        if values is None:
            why = "none: beyond what was measured"
            yield f"remedies/{kind}/ratio_at_equal_dof", plain_fact(None, "times", why, n)
            continue
        yield f"remedies/{kind}/test_loss_at_equal_dof", fact(mean(values, correction=c), unit)
        yield f"remedies/{kind}/ratio_at_equal_dof", ratio_fact(compare_losses(base, values, reference, least))


def _suits(variant: Variant) -> bool:
    full = contrasts.is_full_batch(variant) and is_zero_start(variant) and not variant.training.decay_bias
    return full and variant.training.optimizer == "sgd" and why_no_weights(variant) is None


def _family(base: Variant, others: Sequence[Variant], key: str, also: contrasts.Keys = ()) -> list[Variant]:
    """Those that differ from the base in one key, by that key, one each."""
    alike = [v for v in others if contrasts.differs_only_in(v, base, key, also)]
    found = contrasts.families([base, *alike], key, also)
    return [v for v in found[0] if v is not base] if found else []


def _has_more_rows(variant: Variant, base: Variant) -> bool:
    return variant.task.n_train > base.task.n_train and _suits(variant)


def _seeds(cells: pd.DataFrame, decays: Sequence[float]) -> set[int]:
    """Seeds that stayed finite at all of some λ."""
    table = paired(cells, "test_loss").reindex(columns=list(decays))
    return {int(seed) for seed in table.dropna().index}


def _of_cells(
    cells: Sequence[tuple[float, Variant, float]], tables: Mapping[str, pd.DataFrame], seeds: list[int],
    dof: FloatArray,
) -> Path:  # fmt: skip
    """cells: setting, variant, λ; dof [points, 1]."""
    losses = [
        np.column_stack([paired(tables[v.name], metric).loc[seeds, w].to_numpy(np.float64) for _, v, w in cells])
        for metric in ("validation_loss", "test_loss")
    ]
    return _ascending(np.array([setting for setting, *_ in cells]), dof[:, -1], *losses)


def _ascending(setting: FloatArray, dof: FloatArray, validation: FloatArray, test: FloatArray) -> Path:
    order = np.argsort(dof, kind="stable")
    return Path(setting[order], dof[order], validation[:, order], test[:, order])


def _dof(
    variant: Variant, decays: Sequence[float], seeds: tuple[int, ...], steps: tuple[int, ...] | None = None
) -> FloatArray:
    """Mean over seeds of the degrees of freedom at each λ and number of steps, [L, steps]."""
    recipe = variant.task.model_dump_json(), variant.training.learning_rate, gradient_factor_of(variant)
    return _mean_dof(*recipe, tuple(map(float, decays)), seeds, steps or (steps_of(variant),))


@lru_cache(maxsize=32)
def _mean_dof(
    task_json: str, learning_rate: float, g: float, decays: tuple[float, ...], seeds: tuple[int, ...],
    steps: tuple[int, ...],
) -> FloatArray:  # fmt: skip
    task = TASKS[json.loads(task_json)["kind"]].model_validate_json(task_json)
    each = [
        trained_dof(
            generate(task, seed).train.inputs, weight_decay=decays, learning_rate=learning_rate, steps=steps, g=g
        )
        for seed in seeds
    ]
    return np.asarray(np.mean(each, axis=0))
