"""Random numbers: one counter-based stream for each (task kind, seed, purpose), and nothing else.

Every λ and every variant of a seed therefore sees the same data, the same initial weights and the same
batches, so that differences between them are paired; and the first n rows of a larger draw are the rows
of a smaller one.
"""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Purpose = Literal[
    "train", "validation", "test", "train-noise", "validation-noise", "test-noise",
    "split", "labels", "weights", "bias", "batches", "dropout",
]  # fmt: skip


def stream(kind: str, seed: int, purpose: Purpose) -> np.random.Generator:
    """The generator for one purpose of one seed of one kind of task."""
    key = zlib.crc32(kind.encode()) << 96 | zlib.crc32(purpose.encode()) << 64 | seed
    return np.random.Generator(np.random.Philox(key=key))


def shuffled_rows(source: np.random.Generator, epochs: int, n_rows: int) -> NDArray[np.int64]:
    """The order of the training rows in the next epochs [epochs, n_rows]; `source` is a stream of "batches"."""
    return source.permuted(np.tile(np.arange(n_rows), (epochs, 1)), axis=1)
