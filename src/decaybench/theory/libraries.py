"""One ridge, five spellings: what a weight decay of PyTorch is called in other libraries.

Every library minimises the same sum of a loss over n examples and a penalty on the weights, the bias left out; they
differ in what they divide by. PyTorch's step rests where

    mean loss + (lambda / 2) ||w||^2   is smallest, the mean taken over n examples.
"""

from __future__ import annotations

from decaybench.theory.conventions import gradient_factor, positive, total_penalty


def ridge_alpha(weight_decay: float, n_train: int, loss: str = "mse") -> float:
    """Return ``alpha`` of scikit-learn's Ridge: ||y - Xw - b||^2 + alpha ||w||^2, so alpha = n lambda / g."""
    return float(total_penalty(weight_decay, n_train, gradient_factor(loss)))


def glmnet_lambda(weight_decay: float, loss: str = "mse") -> float:
    """Return ``lambda`` of glmnet at alpha = 0, y of variance 1: ||y - Xw - b||^2 / 2n + lambda/2 ||w||^2.

    Source: Friedman, Hastie & Tibshirani (2010), equation 1. The n cancels: lambda / g.
    """
    return float(positive(weight_decay, "weight_decay") / gradient_factor(loss))


def logistic_c(weight_decay: float, n_train: int, n_classes: int) -> float:
    """Return ``C`` of scikit-learn's LogisticRegression: ||w||^2 / 2 + C sum of cross-entropies.

    With more than two classes C = 1 / (n lambda). Of two classes scikit-learn keeps one vector of weights, the
    difference of PyTorch's two; at rest these are opposite, so half of their penalty is left: C = 2 / (n lambda).
    """
    decay = float(positive(weight_decay, "weight_decay"))
    return (2.0 if n_classes == 2 else 1.0) / (n_train * decay)


def memory(weight_decay: float, learning_rate: float) -> float:
    """Return 1 / (eta lambda): the steps after which a weight that no gradient moves has lost 1 - 1/e of itself."""
    return float(1.0 / (positive(weight_decay, "weight_decay") * learning_rate))
