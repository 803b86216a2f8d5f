"""What theory says of a variant before it is trained: closed forms where they hold, else the exact law.

The exact law is the state of the averaged dynamics after T steps on the seeds' own data and starts: nothing
is fitted, and no closed form's error is in it. It is used where the closed form is known to be off: near
n = p, before the data's directions have settled, with a decayed bias, or outside Gaussian inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

from decaybench.analysis.statistics import FloatArray
from decaybench.cells.recipe import gradient_factor_of, steps_of
from decaybench.config import GaussianLinear, Linear, Polynomial, Variant
from decaybench.tasks import generate
from decaybench.tasks.polynomial import TRUE_COEFFICIENTS
from decaybench.tasks.streams import stream
from decaybench.theory import dynamics, ridge, spectral
from decaybench.theory.conventions import population_risk

CLOSED_FORM, EXACT_LAW = "finite-time law, closed form", "exact law on the seeds' own data"
DROPOUT = "closed form of the decay that dropout stands for, without dropout's own noise"
SMALL = 2e-3  # a share of the risk that the closed form may leave out; its own accuracy is 1 %
LAW_COST = 1e9  # units of `state_after`, well below a second on one core; decides how many seeds are followed
MOST, FEWEST = 200, 8


@dataclass(frozen=True)
class Prediction:
    """Expected test loss at each λ [L]; the closed form has terms, the exact law has seeds."""

    test_loss: FloatArray  # [L]
    method: str
    terms: dynamics.FiniteTimeTerms | None = None
    seeds: tuple[int, ...] = ()
    per_seed: FloatArray | None = None  # population risk of each seed's own model [seeds, L]


@dataclass(frozen=True)
class Truth:
    """The linear function that made the data, in the inputs the model sees."""

    weights: FloatArray  # [p]
    bias: float
    noise_variance: float  # with what no weights of this model can express


def decays_alone(variant: Variant) -> bool:
    """Whether a step multiplies by exactly 1 − ηλ where the data do not reach: nothing else moves weights there.

    Adam divides gradients coordinate by coordinate, momentum carries the last step on, and dropped inputs change the
    rows that a step sees: each leaves the row space, or the law.
    """
    model, training = variant.model, variant.training
    return isinstance(model, Linear) and not model.dropout and training.optimizer == "sgd" and not training.momentum


def why_no_theory(variant: Variant) -> str | None:
    """Why no theory speaks of this variant; None where one does."""
    if not isinstance(variant.task, (GaussianLinear, Polynomial)):
        return "the distribution of these data is not known"
    if not isinstance(variant.model, Linear) or variant.loss == "cross_entropy":
        return "the model is not linear with a squared loss"
    if variant.training.optimizer != "sgd" or variant.training.momentum:
        return "the law is of sgd without momentum"
    return None


def truth_of(task: GaussianLinear | Polynomial) -> Truth:
    """What the data of a task are made from, in features of mean 0 and variance 1."""
    if isinstance(task, GaussianLinear):
        return Truth(np.full(task.n_features, task.weight), task.bias, task.noise_std**2)
    series = legendre.poly2leg(TRUE_COEFFICIENTS)
    scaled = series[1:] / np.sqrt(2 * np.arange(1, len(series)) + 1)  # of the orthonormal polynomials
    weights = np.zeros(task.degree)
    kept = min(task.degree, len(scaled))
    weights[:kept] = scaled[:kept]
    return Truth(weights, float(series[0]), task.noise_std**2 + float(np.sum(scaled[kept:] ** 2)))


def predict(
    variant: Variant, weight_decay: Sequence[float], seeds: Sequence[int], epochs: int | None = None
) -> Prediction | None:
    """The expected test loss of a variant at each λ after `epochs`; None where no theory speaks of it."""
    if why_no_theory(variant) is not None:
        return None
    decays, steps = np.asarray(weight_decay, dtype=np.float64), steps_of(variant, epochs)
    with np.errstate(over="ignore", invalid="ignore"):  # where training diverges so does its law
        if variant.model.dropout:  # type: ignore[union-attr]
            return _dropout(variant, decays, steps)
        terms = _closed_form(variant, decays, steps)
        if terms is not None:
            return Prediction(terms.total, CLOSED_FORM, terms)
        chosen = sample(variant, len(decays), seeds)
        per_seed = _law(variant.model_dump_json(exclude={"grid", "name"}), tuple(map(float, decays)), chosen, steps)
    return None if per_seed is None else Prediction(per_seed.mean(axis=0), EXACT_LAW, None, chosen, per_seed)


def sample(variant: Variant, n_weight_decay: int, seeds: Sequence[int]) -> tuple[int, ...]:
    """The first seeds, as many as the law can follow in about a second."""
    task = variant.task
    width = min(task.n_train, task.n_features) + 1
    each = n_weight_decay * (8 * width**3 + 40_000) + 1_000_000
    return tuple(sorted(seeds))[: int(np.clip(LAW_COST // each, FEWEST, MOST))]


def optimal_weight_decay(variant: Variant) -> float | None:
    """λ* of the converged model, where it is known in closed form."""
    task = variant.task
    if (
        why_no_theory(variant)
        or not isinstance(task, GaussianLinear)
        or not task.weight
        or variant.training.decay_bias
    ):
        return None
    signal = task.n_features * task.weight**2
    return float(
        ridge.optimal_weight_decay(task.n_train, task.n_features, signal, task.noise_std, gradient_factor_of(variant))
    )


def initial_state(variant: Variant, seed: int) -> tuple[FloatArray, float]:
    """The weights and bias that a seed of a linear model starts from."""
    model, kind = variant.model, variant.task.kind
    assert isinstance(model, Linear)
    weights = stream(kind, seed, "weights").standard_normal((variant.task.n_features, 1))[:, 0]
    bias = float(stream(kind, seed, "bias").standard_normal(1)[0])
    return model.init_mean + model.init_std * weights, model.bias_init + model.bias_init_std * bias


# --- closed forms ----------------------------------------------------------------------------------


def _closed_form(variant: Variant, decays: FloatArray, steps: int) -> dynamics.FiniteTimeTerms | None:
    """The finite-time law, where all that it leaves out is small."""
    task, model, training = variant.task, variant.model, variant.training
    if not isinstance(task, GaussianLinear) or training.decay_bias or task.n_train >= task.n_features:
        return None
    assert isinstance(model, Linear)
    g, n, p = gradient_factor_of(variant), task.n_train, task.n_features
    batch = _batch_size(variant)
    if batch is None:
        return None
    acting = g if batch == n else dynamics.reshuffled_gradient_factor(training.learning_rate, batch, n, p, g)
    left = float(np.max(dynamics.slowest_bulk_factor(decays, training.learning_rate, steps, n, p, g)))
    if acting > 1.2 * g or left > 0.01:
        return None
    start = model.init_std**2 + model.init_mean**2
    signal = p * task.weight**2
    terms = dynamics.finite_time_risk(
        decays, steps, n_train=n, n_features=p, true_weight_norm_squared=signal, noise_std=task.noise_std,
        learning_rate=training.learning_rate, initial_weight_second_moment=start,
        initial_bias_error=model.bias_init_std**2 + (model.bias_init - task.bias) ** 2, g=g,
        batch_size=None if batch == n else batch, initial_alignment=model.init_mean * task.weight * p,
    )  # fmt: skip
    with np.errstate(invalid="ignore"):
        settled = left**2 * (n * start + signal) <= SMALL * terms.total
    return terms if bool(np.all(np.isfinite(terms.total) & settled)) else None


def _batch_size(variant: Variant) -> int | None:
    """Rows a step; None where the last batch of an epoch is a smaller one."""
    batch = min(variant.training.batch_size, variant.task.n_train)
    return None if variant.task.n_train % batch else batch


def _dropout(variant: Variant, decays: FloatArray, steps: int) -> Prediction | None:
    """Dropped inputs act like decay; the two add."""
    model = variant.model
    assert isinstance(model, Linear)
    equal = float(ridge.dropout_weight_decay(model.dropout, gradient_factor_of(variant)))
    terms = _closed_form(variant, decays + equal, steps)
    return None if terms is None else Prediction(terms.total, DROPOUT, terms)


# --- the exact law ---------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _law(recipe: str, decays: tuple[float, ...], seeds: tuple[int, ...], steps: int) -> FloatArray | None:
    """Population risk [seeds, L] of full-batch training, or of the mean of reshuffled batches."""
    variant = Variant.model_validate_json('{"name": "law", "grid": {}, ' + recipe[1:])
    task, training = variant.task, variant.training
    assert isinstance(task, (GaussianLinear, Polynomial))
    # Every split has its own stream: rows that nobody looks at need not be drawn.
    short = task.model_copy(update={"n_validation": 1, "n_test": 1})
    truth, batch = truth_of(task), _batch_size(variant)
    risks = np.empty((len(seeds), len(decays)))
    for row, seed in enumerate(seeds):
        inputs, targets = generate(short, seed).train
        weights, bias = initial_state(variant, seed)
        state = spectral.state_after(
            inputs, targets, weights, bias, weight_decay=decays, learning_rate=training.learning_rate, steps=steps,
            g=gradient_factor_of(variant), decay_bias=training.decay_bias,
            batch_size=None if batch == task.n_train else batch,
        )  # fmt: skip
        noise = float(np.sqrt(truth.noise_variance))
        risks[row] = population_risk(state.weights, state.bias, truth.weights, truth.bias, noise)
    return risks if np.isfinite(risks).all() else None
