"""The weights themselves, which no table holds: computed again from a seed's own data, start and batch order.

Full batches have an exact law; smaller ones are replayed step by step. Both give the weights of the trained
cell up to rounding, for linear models under plain SGD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from decaybench.analysis.contrasts import is_full_batch
from decaybench.analysis.fact import Fact, fact, plain_fact, share_fact
from decaybench.analysis.prediction import initial_state, truth_of
from decaybench.analysis.results import VariantResults, paired, rows
from decaybench.analysis.splits import correction
from decaybench.analysis.statistics import FloatArray, mean, means
from decaybench.cells.grid import weight_decay_label
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import GaussianLinear, Linear, Polynomial, Variant
from decaybench.tasks import generate
from decaybench.tasks.streams import shuffled_rows, stream
from decaybench.theory.simulation import train_on_batches
from decaybench.theory.smoother import decompose, ridge_fit
from decaybench.theory.spectral import TrainedState, span_of, state_after

COST = 2.5e9  # units of a seed's weights, some tenths of a second on one core; decides how many seeds are followed
MOST, FEWEST = 60, 4
REPLAYED = 20_000  # steps that are replayed at most
TENTHS = 10  # groups of directions, of which the strongest and the weakest are told; of fewer directions none is


def why_no_weights(variant: Variant) -> str | None:
    """Why the weights of a variant cannot be computed again; None where they can."""
    task, model, training = variant.task, variant.model, variant.training
    if not isinstance(model, Linear) or variant.n_classes is not None or variant.loss == "cross_entropy":
        return "the model is not linear with a squared loss"
    if training.optimizer == "exact" and not training.decay_bias:
        return None
    if training.optimizer != "sgd" or training.momentum:
        return "the law is of sgd without momentum"
    if model.dropout:
        return "what dropout dropped is not replayed"
    if is_full_batch(variant):
        return None
    if task.n_train % training.batch_size:
        return "the last batch of an epoch is smaller than the others"
    return "too many steps to replay" if steps_of(variant) > REPLAYED else None


def is_zero_start(variant: Variant) -> bool:
    """Whether every weight of a linear model starts at zero."""
    model = variant.model
    if not isinstance(model, Linear):
        return False
    return variant.training.optimizer == "exact" or (model.init_std == 0 and model.init_mean == 0)


def trained_state(variant: Variant, seed: int, weight_decay: Sequence[float] | FloatArray) -> TrainedState:
    """Weights [L, p] and bias [L] of a seed after the last step, at each λ; infinite where training diverges.

    Only for a variant of which `why_no_weights` says nothing.
    """
    training = variant.training
    inputs, targets = generate(variant.task, seed).train
    if training.optimizer == "exact":
        return _ridge_state(inputs, targets, np.asarray(weight_decay) * len(targets) / gradient_factor_of(variant))
    start, bias = initial_state(variant, seed)
    rate, g, decayed = training.learning_rate, gradient_factor_of(variant), training.decay_bias
    with np.errstate(over="ignore", invalid="ignore"):
        if is_full_batch(variant):
            return state_after(
                inputs, targets, start, bias, weight_decay=weight_decay, learning_rate=rate,
                steps=steps_of(variant), g=g, decay_bias=decayed,
            )  # fmt: skip
        source = stream(variant.task.kind, seed, "batches")
        order = shuffled_rows(source, training.epochs, variant.task.n_train).reshape(-1, training.batch_size)
        return train_on_batches(
            inputs, targets, start, bias, order, weight_decay=weight_decay, learning_rate=rate, g=g,
            decay_bias=decayed,
        )  # fmt: skip


def _ridge_state(inputs: FloatArray, targets: FloatArray, penalty: FloatArray) -> TrainedState:
    span = span_of(inputs)
    fit = ridge_fit(span.coordinates, targets, penalty)
    return TrainedState(fit.weights @ span.basis.T, fit.intercept)


def true_weights(variant: Variant) -> FloatArray | None:
    """The weights [p] that made the data, where that is known."""
    return truth_of(variant.task).weights if isinstance(variant.task, (GaussianLinear, Polynomial)) else None


def common_truth(variant: Variant) -> Iterator[pd.DataFrame]:
    """The true weight as a series of one number, where it is known and all are alike."""
    truth = true_weights(variant)
    if truth is not None and np.ptp(truth) == 0:
        yield rows("true_weight", "input", None, [float(truth[0])])


def seed_weight_decay(own: VariantResults) -> FloatArray:
    """λ at which the first seed stayed finite, ascending."""
    runs = own.runs
    return np.sort(runs.loc[runs["seed"] == own.first_seed, "weight_decay"].to_numpy(np.float64))


def kept_by_direction(variant: Variant, seed: int, weights: FloatArray, groups: int) -> FloatArray:
    """The share of the length that is left in each group of directions [L, groups], against the first λ.

    Directions are the eigen-directions of the seed's own centred rows, strongest first, in groups of about equal
    size, or one by one where they are fewer; none where the rows do not differ. weights [L, p].
    """
    _, _, _, right = decompose(generate(variant.task, seed).train.inputs)
    if not right.shape[1]:
        return np.empty((len(weights), 0))
    parts = np.array_split(weights @ right, min(groups, right.shape[1]), axis=1)
    lengths = np.array([np.linalg.norm(part, axis=1) for part in parts]).T  # [L, groups]
    return np.divide(lengths, lengths[0], out=np.ones_like(lengths), where=lengths[0] > 0)


def weight_facts(variant: Variant, cells: pd.DataFrame) -> Iterator[tuple[str, Fact]]:
    """What becomes of single weights and of directions, over the first seeds that stayed finite at every λ."""
    table = paired(cells, "weight_norm")
    if why_no_weights(variant) is not None or not table.size:
        return
    decays = table.columns.to_numpy(np.float64)
    seeds = [int(seed) for seed in sorted(table.index)][: _followed(variant, len(decays))]
    own_rows, truth = correction(variant), true_weights(variant)
    weights = np.stack([trained_state(variant, seed, decays).weights for seed in seeds])  # [seeds, L, p]
    if not np.isfinite(weights).all():
        return
    n = len(seeds)
    start = np.stack([initial_state(variant, seed)[0] for seed in seeds])
    yield "weights/n_seeds", plain_fact(n, "seeds", "followed weight by weight")
    yield "weights/start_spread", fact(mean(start.std(axis=1), correction=own_rows), "weight units")
    zeros = (weights == 0).sum(axis=2).max(axis=0)
    columns: dict[str, tuple[FloatArray, str]] = {
        "weight_spread": (weights.std(axis=2), "weight units"),
        "weight_mean": (weights.mean(axis=2), "weight units"),
    }
    if len(decays) > 1 and is_zero_start(variant):  # else what is left of the start tells the story
        longer = np.abs(weights[:, 1:]) > np.abs(weights[:, :1])
        columns["weight_longer"] = np.concatenate([np.zeros((n, 1)), longer.mean(axis=2)], axis=1), "share"
        tenths = [kept_by_direction(variant, seed, own, TENTHS) for seed, own in zip(seeds, weights, strict=True)]
        if all(kept.shape[1] == TENTHS for kept in tenths):
            columns["weight_kept_strong"] = np.stack([kept[:, 0] for kept in tenths]), "share"
            columns["weight_kept_weak"] = np.stack([kept[:, -1] for kept in tenths]), "share"
    if truth is not None and truth.all():
        columns["weight_sign_right"] = (np.sign(weights) == np.sign(truth)).mean(axis=2), "share"
    for name, (values, unit) in columns.items():
        for decay, estimate in zip(decays, means(values, correction=own_rows), strict=True):
            most = np.inf if name.startswith("weight_kept") else 1.0  # what is left may exceed what there was
            found = share_fact(estimate, most=most) if unit == "share" else fact(estimate, unit)
            yield f"{weight_decay_label(float(decay))}/{name}", found
    for decay, count in zip(decays, zeros, strict=True):
        label = weight_decay_label(float(decay))
        yield f"{label}/weight_zeros", plain_fact(int(count), "weights", "exactly zero, most of any seed", n)


def _followed(variant: Variant, n_weight_decay: int) -> int:
    """How many seeds."""
    width = min(variant.task.n_train, variant.task.n_features) + 1
    if is_full_batch(variant):
        each = n_weight_decay * 12 * width**3 + 500_000
    else:
        each = steps_of(variant) * (10_000 + n_weight_decay * 4 * width)
    return int(np.clip(COST // each, FEWEST, MOST))
