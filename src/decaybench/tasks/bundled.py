"""The real data sets that ship with scikit-learn, split at random by seed.

Measurements (and numeric targets) are standardised with the mean and standard deviation of the training
rows alone; a column that is constant there becomes zero. Pixels are scaled to [0, 1].
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from decaybench.config import BreastCancer, Diabetes, Digits
from decaybench.tasks import Data, Split
from decaybench.tasks.streams import stream


def generate(task: Diabetes | Digits | BreastCancer, seed: int) -> Data:
    """Split the rows of one data set, standardise, and replace a share of the training labels."""
    inputs, targets = _load(task.kind, getattr(task, "degree", 1))
    order = stream(task.kind, seed, "split").permutation(len(targets))
    # Test and validation rows come first, so that a smaller n_train is a part of a larger one.
    test, validation, train = np.split(order, np.cumsum([task.n_test, task.n_validation]))
    train = train[: task.n_train]
    scaled = inputs / 16.0 if isinstance(task, Digits) else _standardised(inputs, train)
    if isinstance(task, Diabetes):
        mean, std = targets[train].mean(), targets[train].std()
        targets = (targets - mean) / (std or 1.0)
        labels = targets[train]
    else:
        labels = _noisy(task, seed, targets[train])
    return Data(
        train=Split(scaled[train], labels),
        validation=Split(scaled[validation], targets[validation]),
        test=Split(scaled[test], targets[test]),
    )


@cache
def _load(kind: str, degree: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
    inputs, targets = getattr(datasets, f"load_{kind}")(return_X_y=True)
    if degree > 1:
        inputs = PolynomialFeatures(degree, include_bias=False).fit_transform(inputs)
    return inputs, targets


def column_names(task: Diabetes | Digits | BreastCancer) -> tuple[str, ...] | None:
    """The names that those who collected the columns gave them, products and squares in these; pixels have none."""
    return None if isinstance(task, Digits) else _column_names(task.kind, getattr(task, "degree", 1))


@cache
def _column_names(kind: str, degree: int) -> tuple[str, ...]:
    names = getattr(datasets, f"load_{kind}")().feature_names
    if degree > 1:
        names = PolynomialFeatures(degree, include_bias=False).fit(_load(kind, 1)[0]).get_feature_names_out(names)
    return tuple(str(name).replace(" ", "·").replace("^2", "²") for name in names)


def _standardised(inputs: NDArray[np.float64], train: NDArray[np.int64]) -> NDArray[np.float64]:
    scaler = StandardScaler().fit(inputs[train])
    constant = scaler.var_ <= 1e-12 * np.square(scaler.mean_)
    return np.where(constant, 0.0, scaler.transform(inputs))


def _noisy(task: Digits | BreastCancer, seed: int, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels, a share of which is replaced by another class drawn uniformly."""
    random = stream(task.kind, seed, "labels").random((len(labels), 2))
    other = (labels + 1 + (random[:, 1] * (task.n_classes - 1)).astype(np.int64)) % task.n_classes
    return np.where(random[:, 0] < task.label_noise, other, labels)
