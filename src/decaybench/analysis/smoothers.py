"""What ridge at each λ would do on the very data sets of a study: exact leave-one-out losses, evidence, dof.

Data are drawn again from their streams, for a sample of seeds. The trained model is compared with its ridge:
leave-one-out and evidence speak of ridge, and of the trained model only where the two agree.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from decaybench.analysis.statistics import FloatArray
from decaybench.cells.recipe import gradient_factor_of
from decaybench.config import TASKS, Linear, Variant
from decaybench.tasks import generate, target_unit
from decaybench.theory.conventions import total_penalty
from decaybench.theory.evidence import log_evidence
from decaybench.theory.smoother import decompose, ridge_fit
from decaybench.theory.spectral import span_of

COST = 3e8  # units of a decomposition, about a second on one core
MOST, FEWEST = 200, 8
FINE = 25  # points a decade of λ on which the evidence is followed between the measured λ


@dataclass(frozen=True)
class Smoothers:
    """Ridge on the data of `seeds`: one row a seed, one column a λ; the evidence has its noise level fitted."""

    seeds: tuple[int, ...]
    weight_decay: FloatArray  # [L]
    effective_dof: FloatArray  # [seeds, L], the intercept counted as 1
    leave_one_out_loss: FloatArray
    test_loss: FloatArray  # of ridge on the cell's own test rows
    weight_norm: FloatArray
    evidence_fit: FloatArray  # NaN at λ = 0, where the prior is flat and there is no evidence
    evidence_flexibility: FloatArray
    fine: FloatArray  # positive λ, closely spaced
    fine_log_evidence: FloatArray  # [seeds, fine]
    mean_predictor_loss: FloatArray  # [seeds]: test loss of predicting the mean of the training targets
    minimum_norm_loss: FloatArray  # [seeds]: test loss of the shortest weights that fit best

    @property
    def log_evidence(self) -> FloatArray:
        """In nats; NaN at λ = 0."""
        return self.evidence_fit - self.evidence_flexibility


def why_no_ridge(variant: Variant) -> str | None:
    """Why a variant has no ridge to compare with; None where it has."""
    if not isinstance(variant.model, Linear) or variant.n_classes is not None or variant.loss == "cross_entropy":
        return "the model is not linear with a squared loss"
    if variant.training.optimizer not in ("sgd", "exact") or variant.training.decay_bias or variant.model.dropout:
        return "the training does not lead to ridge with a free intercept"
    if variant.task.n_train < 3:
        return "fewer than 3 training rows"
    return None


def smoothers(variant: Variant, weight_decay: Sequence[float], seeds: Sequence[int], cost: float = COST) -> Smoothers:
    """Ridge at each λ on the data of the first seeds, as many as `cost` allows."""
    task = variant.task
    first = generate(task, min(seeds)).train.inputs.shape
    each = max(first) * min(first) ** 2 + 400_000 + 100 * (task.n_validation + task.n_test) * first[1] // 20
    chosen = tuple(sorted(seeds))[: int(np.clip(cost // each, FEWEST, MOST))]
    return _smoothers(task.model_dump_json(), tuple(map(float, weight_decay)), gradient_factor_of(variant), chosen)


@lru_cache(maxsize=16)
def _smoothers(task_json: str, decays: tuple[float, ...], g: float, seeds: tuple[int, ...]) -> Smoothers:
    task = TASKS[json.loads(task_json)["kind"]].model_validate_json(task_json)
    n = task.n_train  # type: ignore[attr-defined]
    penalty = total_penalty(np.asarray(decays), n, g)
    positive = penalty > 0
    fine = _between(np.asarray(decays)[positive])
    asked = np.concatenate([penalty[positive], total_penalty(fine, n, g)])
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        data, squared = generate(task, seed), target_unit(task, seed) ** 2
        span = span_of(data.train.inputs)  # ridge in the span of the data is ridge, with n columns instead of p
        targets = data.train.targets.astype(np.float64)
        fit = ridge_fit(span.coordinates, targets, np.append(penalty, 0.0))
        misses = data.test.targets[:, None] - (data.test.inputs @ span.basis) @ fit.weights.T - fit.intercept
        test = np.mean(misses**2, axis=0)
        evidence = log_evidence(*_eigen_coordinates(span.coordinates, targets), asked)
        curve, at = evidence.log_evidence, np.full((2, len(decays)), np.nan)
        at[:, positive] = evidence.fit[: positive.sum()], evidence.flexibility[: positive.sum()]
        rows.append(
            {
                "effective_dof": fit.effective_dof[:-1],
                "leave_one_out_loss": fit.leave_one_out_risk[:-1] * squared,
                "test_loss": test[:-1] * squared,
                "weight_norm": np.linalg.norm(fit.weights[:-1], axis=1),
                "evidence_fit": at[0],
                "evidence_flexibility": at[1],
                "fine_log_evidence": curve[positive.sum() :],
                "mean_predictor_loss": np.mean((data.test.targets - targets.mean()) ** 2) * squared,
                "minimum_norm_loss": test[-1] * squared,
            }
        )
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Smoothers(seeds=seeds, weight_decay=np.asarray(decays), fine=fine, **columns)


def _between(decays: FloatArray) -> FloatArray:
    """Closely spaced λ from a decade below the smallest positive one to a decade above the largest."""
    if not len(decays):
        return np.empty(0)
    low, high = np.log10(decays.min()) - 1, np.log10(decays.max()) + 1
    return np.logspace(low, high, int(np.ceil((high - low) * FINE)) + 1)


def _eigen_coordinates(inputs: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As `evidence.eigen_coordinates`, from the small decomposition.

    What no weights reach has eigenvalue 0, and only its total square matters: it is spread evenly.
    """
    _, left, eigenvalues, _ = decompose(inputs)
    centred = targets - targets.mean()
    projections = left.T @ centred
    others = len(targets) - 1 - len(eigenvalues)
    outside = max(0.0, float(centred @ centred - projections @ projections))
    even = np.full(others, np.sqrt(outside / others) if others else 0.0)
    return np.append(eigenvalues, np.zeros(others)), np.append(projections, even)
