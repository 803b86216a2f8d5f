"""The article's task: y = x·w + b + noise with standard normal inputs and one true weight for all."""

from __future__ import annotations

from decaybench.config import GaussianLinear
from decaybench.tasks import Data, Split
from decaybench.tasks.streams import stream


def generate(task: GaussianLinear, seed: int) -> Data:
    """Draw the three splits; noise_std scales one draw, so that two noise levels are paired."""
    return Data(
        train=_split(task, seed, "train", task.n_train),
        validation=_split(task, seed, "validation", task.n_validation),
        test=_split(task, seed, "test", task.n_test),
    )


def _split(task: GaussianLinear, seed: int, name: str, rows: int) -> Split:
    inputs = stream(task.kind, seed, name).standard_normal((rows, task.n_features))  # type: ignore[arg-type]
    noise = stream(task.kind, seed, f"{name}-noise").standard_normal(rows)  # type: ignore[arg-type]
    # A sum a row, not a matrix product: its bits do not depend on how many rows stand below.
    return Split(inputs, task.weight * inputs.sum(axis=1) + task.bias + task.noise_std * noise)
