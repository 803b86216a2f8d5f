"""What follows from a recipe alone, said once for the trainer, for theory and for the scheduler."""

from __future__ import annotations

from math import ceil

from decaybench.config import Recipe

GRADIENT_FACTORS = {"mse": 2.0, "half_mse": 1.0, "cross_entropy": 1.0}  # g: the gradient is g/B · Σ x r
LINEAR_COLUMNS = 24  # cells of a lane of a linear model; learning/linear.py says why it is one number
CPU_BATCH_BYTES = 32 * 2**20  # near the caches, and large enough that arithmetic outweighs the calls to it


def steps_of(recipe: Recipe, epochs: int | None = None) -> int:
    """Training steps in `epochs`; None is the whole training."""
    rows, training = recipe.task.n_train, recipe.training
    each = ceil(rows / min(training.batch_size, rows))
    return each * (training.epochs if epochs is None else epochs)


def gradient_factor_of(recipe: Recipe) -> float:
    """g, what differentiating the loss leaves behind."""
    return GRADIENT_FACTORS[recipe.loss]
