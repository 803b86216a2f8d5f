"""The table of other libraries, held against their own solutions; glmnet by its formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from decaybench.theory import libraries

N, P, DECAY = 30, 5, 0.3
rng = np.random.default_rng(0)
X = rng.normal(size=(N, P))


def rested(loss, outputs, parameters=None):
    """Weights at which mean loss + decay/2 ||w||² rests, by L-BFGS in double precision."""
    weights = torch.zeros(outputs, P, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    inputs = torch.tensor(X)
    optimizer = torch.optim.LBFGS(
        [weights, bias], max_iter=2000, tolerance_grad=1e-14, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        value = loss(inputs @ weights.T + bias) + DECAY / 2 * (weights**2).sum()
        value.backward()
        return value

    optimizer.step(closure)
    return weights.detach().numpy()


@pytest.mark.parametrize(("loss", "factor"), [("mse", 1.0), ("half_mse", 0.5)])
def test_ridge(loss, factor):
    y = X @ np.arange(P) + rng.normal(size=N)
    ours = rested(lambda out: factor * torch.nn.functional.mse_loss(out[:, 0], torch.tensor(y)), 1)
    theirs = Ridge(alpha=libraries.ridge_alpha(DECAY, N, loss), tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours[0], theirs.coef_, rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_logistic_regression(n_classes):
    y = rng.integers(0, n_classes, N)
    y[:n_classes] = range(n_classes)
    ours = rested(lambda out: torch.nn.functional.cross_entropy(out, torch.tensor(y)), n_classes)
    c = libraries.logistic_c(DECAY, N, n_classes)
    theirs = LogisticRegression(C=c, tol=1e-12, max_iter=10000).fit(X, y).coef_
    if n_classes == 2:
        ours = ours[1:] - ours[:1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_glmnet_rests_where_ridge_does():
    """Its objective, as its authors print it, has the gradient of Ridge's divided by 2n."""
    y = X @ np.arange(P) + rng.normal(size=N)
    y = (y - y.mean()) / y.std()
    weights = Ridge(alpha=libraries.ridge_alpha(DECAY, N), tol=1e-12).fit(X, y)
    residual = y - weights.predict(X)
    gradient = -X.T @ residual / N + libraries.glmnet_lambda(DECAY) * weights.coef_
    np.testing.assert_allclose(gradient, 0, atol=1e-10)


def test_memory_is_the_time_of_one_e_fold():
    eta = 1e-3
    steps = libraries.memory(DECAY, eta)
    assert (1 - eta * DECAY) ** steps == pytest.approx(np.exp(-1), rel=1e-3)
