"""The state after T steps: against taking the T steps."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from decaybench.theory import smoother, spectral, stability

DECAYS = np.array([0.0, 0.3, 5.0, 100.0])


def descend(x, y, w, b, steps, decay, rate, g, decay_bias=False):
    """Full-batch descent, step by step."""
    n = len(y)
    for _ in range(steps):
        r = x @ w + b - y
        w, b = (
            (1 - rate * decay) * w - rate * g / n * x.T @ r,
            (1 - rate * decay * decay_bias) * b - rate * g * r.mean(),
        )
    return w, b


@pytest.mark.parametrize("decay_bias", [False, True])
@pytest.mark.parametrize("g", [1.0, 2.0])
@pytest.mark.parametrize(("n", "p"), [(6, 20), (20, 6), (8, 8)])
def test_state_is_that_of_the_loop(n, p, g, decay_bias):
    rng = np.random.default_rng(n)
    x, y, w0, b0 = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p), 1.3
    steps = [0, 1, 7, 160]
    state = spectral.state_after(
        x, y, w0, b0, weight_decay=DECAYS, learning_rate=0.01, steps=steps, g=g, decay_bias=decay_bias
    )
    assert state.weights.shape == (4, 4, p)
    for i, decay in enumerate(DECAYS):
        for j, count in enumerate(steps):
            w, b = descend(x, y, w0, b0, count, decay, 0.01, g, decay_bias)
            assert state.weights[i, j] == pytest.approx(w, abs=1e-10)
            assert state.bias[i, j] == pytest.approx(b, abs=1e-10)


def test_steps_of_one_number_add_no_axis():
    x, y = np.eye(3, 5), np.ones(3)
    state = spectral.state_after(x, y, np.ones(5), 0.0, weight_decay=2.0, learning_rate=0.1, steps=4)
    assert state.weights.shape == (1, 5)
    assert state.bias.shape == (1,)


def test_oscillating_and_diverging_steps_are_followed_too():
    rng = np.random.default_rng(0)
    x, y, w0 = rng.standard_normal((5, 9)), rng.standard_normal(5), rng.standard_normal(9)
    for rate, decay in ((0.1, 12.0), (0.1, 19.0), (0.4, 0.0)):  # eta lambda > 1, and eta h > 2
        state = spectral.state_after(x, y, w0, 0.2, weight_decay=decay, learning_rate=rate, steps=31)
        w, b = descend(x, y, w0, 0.2, 31, decay, rate, 2.0)
        assert state.weights[0] == pytest.approx(w, rel=1e-8, abs=1e-9 * np.abs(w).max())
        assert state.bias[0] == pytest.approx(b, rel=1e-8, abs=1e-9 * abs(b))


def test_training_long_ends_at_ridge_and_without_decay_keeps_the_null_space():
    rng = np.random.default_rng(1)
    n, p, decay = 6, 15, 0.5
    x, y, w0 = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p)
    state = spectral.state_after(x, y, w0, 1.0, weight_decay=[decay, 0.0], learning_rate=0.02, steps=10**6)
    fit = smoother.ridge_fit(x, y, n * decay / 2)
    assert state.weights[0] == pytest.approx(fit.weights[0], abs=1e-10)
    assert state.bias[0] == pytest.approx(fit.intercept[0], abs=1e-10)
    assert x @ state.weights[1] + state.bias[1] == pytest.approx(y, abs=1e-9)
    out = np.eye(p) - np.linalg.pinv(x) @ x
    assert out @ state.weights[1] == pytest.approx(out @ w0, abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(
    decay=st.floats(0, 30),
    rate=st.floats(1e-4, 0.02),
    steps=st.integers(0, 60),
    batch=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_directions_without_data_shrink_alike_on_every_seed_and_batch_order(decay, rate, steps, batch, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((4, 7)), rng.standard_normal(4)
    start = rng.standard_normal(7)
    w, b = start, 0.5
    for _ in range(steps):
        rows = rng.choice(4, batch, replace=False)
        r = x[rows] @ w + b - y[rows]
        w, b = (1 - rate * decay) * w - rate * 2 / batch * x[rows].T @ r, b - rate * 2 * r.mean()
    out = np.eye(7) - np.linalg.pinv(x) @ x
    ratio = np.linalg.norm(out @ w) / np.linalg.norm(out @ start)
    assert ratio == pytest.approx(abs(spectral.null_space_ratio(decay, rate, steps)), rel=1e-8, abs=1e-12)


def test_reshuffled_batches_are_matched_to_second_order_in_the_learning_rate():
    # the mean of one epoch over all 24 orders of 4 rows in batches of 2; the error left is of third order
    rng = np.random.default_rng(3)
    n, p, decay = 4, 6, 0.8
    x, y, w0, b0 = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p), 0.7

    def errors(rate):
        ends = []
        for order in itertools.permutations(range(n)):
            w, b = w0, b0
            for rows in (list(order[:2]), list(order[2:])):
                r = x[rows] @ w + b - y[rows]
                w, b = (1 - rate * decay) * w - rate * x[rows].T @ r, b - rate * r.sum()
            ends.append(np.append(w, b))
        mean = np.mean(ends, axis=0)
        found = []
        for batch in (2, None):
            s = spectral.state_after(x, y, w0, b0, weight_decay=decay, learning_rate=rate, steps=2, batch_size=batch)
            found.append(np.linalg.norm(np.append(s.weights[0], s.bias[0]) - mean))
        return np.array(found)

    ratio = errors(1e-3) / errors(0.5e-3)
    assert ratio == pytest.approx([8, 4], rel=0.03)


def test_a_batch_of_all_rows_is_the_full_batch_and_odd_batches_are_refused():
    x, y = np.eye(4, 5), np.ones(4)
    kw = {"weight_decay": 1.0, "learning_rate": 0.1, "steps": 3}
    whole = spectral.state_after(x, y, np.ones(5), 0.0, batch_size=4, **kw)
    assert whole.weights == pytest.approx(spectral.state_after(x, y, np.ones(5), 0.0, **kw).weights)
    with pytest.raises(ValueError, match="divide"):
        spectral.state_after(x, y, np.ones(5), 0.0, batch_size=3, **kw)
    with pytest.raises(ValueError, match="initial_weights"):
        spectral.state_after(x, y, np.ones(4), 0.0, **kw)


def test_early_stopping_fits_each_direction_by_its_filter():
    rng = np.random.default_rng(5)
    n, p, rate, g = 7, 5, 0.02, 2.0
    x = rng.standard_normal((n, p))
    x -= x.mean(0)
    y = rng.standard_normal(n)
    y -= y.mean()
    _, scale, right = np.linalg.svd(x, full_matrices=False)
    w, b = descend(x, y, np.zeros(p), 0.0, 90, 0.0, rate, g)
    least_squares = right @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert right @ w / least_squares == pytest.approx(spectral.early_stopping_filter(scale**2, n, rate, 90, g))
    assert b == pytest.approx(0, abs=1e-12)


def test_early_stopping_and_ridge_filters_nearly_agree_at_matching_strength():
    s, n, rate = np.logspace(-3, 4, 200), 50, 1e-4
    for steps in (100, 1000, 10_000):
        s_stable = s[2 * rate * s / n < 1]
        stopped = spectral.early_stopping_filter(s_stable, n, rate, steps)
        kept = smoother.ridge_filter(s_stable, n / (2 * rate * steps))
        assert np.max(np.abs(stopped - kept)) < 0.23
        low = s_stable < 1e-3 * n / (2 * rate * steps)
        assert stopped[low] == pytest.approx(kept[low], rel=2e-3)


STEPS = [(0.0, False), (0.9, False), (0.9, True), (0.3, True)]


@pytest.mark.parametrize(("n", "p"), [(5, 12), (12, 5)])
@pytest.mark.parametrize("decay_bias", [False, True])
@pytest.mark.parametrize(("momentum", "nesterov"), STEPS)
def test_the_limit_of_decay_separates_runs_that_settle_from_runs_that_explode(n, p, decay_bias, momentum, nesterov):
    rng = np.random.default_rng(7)
    x, y, rate, g = rng.standard_normal((n, p)), rng.standard_normal(n), 0.05, 2.0
    design = np.column_stack([x, np.ones(n)])
    limit = stability.weight_decay_limit(x, rate, g, decay_bias=decay_bias, momentum=momentum, nesterov=nesterov)

    def end(decay):
        decays = np.append(np.full(p, decay), decay if decay_bias else 0.0)
        theta, velocity = rng.standard_normal(p + 1), np.zeros(p + 1)
        for _ in range(3000):
            gradient = g / n * design.T @ (design @ theta - y) + decays * theta
            velocity = momentum * velocity + gradient
            theta = theta - rate * (gradient + momentum * velocity if nesterov else velocity)
        return np.linalg.norm(theta)

    with np.errstate(over="ignore", invalid="ignore"):
        assert end(0.99 * limit) < 1e3 and not end(1.01 * limit) < 1e6
    if not momentum:
        sufficient = 2 / rate - 2 / n * np.linalg.eigvalsh(x @ x.T + 1)[-1]
        assert limit == pytest.approx(sufficient) if decay_bias else sufficient <= limit < sufficient + 2.0


def test_no_decay_is_stable_where_the_bias_alone_diverges():
    assert stability.weight_decay_limit(np.eye(3), 1.01, g=2.0) == -np.inf


@pytest.mark.parametrize(("momentum", "nesterov"), STEPS)
@pytest.mark.parametrize("x", [0.0, 0.01, 0.3, 1.0, 1.5, 1.95, 2.5, 3.9])
def test_the_roots_of_decay_are_the_pace_of_torchs_own_optimizer(momentum, nesterov, x):
    roots = stability.decay_multipliers(x, momentum, nesterov)
    w = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5, weight_decay=2 * x, momentum=momentum, nesterov=nesterov)
    path = [1.0]
    for _ in range(12):
        w.grad = torch.zeros_like(w)
        optimizer.step()
        path.append(w.item())
    if not momentum:
        assert path == pytest.approx([(1 - x) ** t for t in range(13)], rel=1e-9, abs=1e-12)
        return
    one, two = -np.sum(roots).real, np.prod(roots).real  # z² + one·z + two
    for before, here, after in zip(path, path[1:], path[2:], strict=False):
        assert after == pytest.approx(-one * here - two * before, rel=1e-9, abs=1e-9)
    assert (np.abs(roots).max() <= 1 + 1e-12) == (x <= stability.longest_step(momentum, nesterov))


def test_a_direction_too_faint_to_converge_still_moves_in_a_straight_line():
    # its rate is below rounding, so T steps go T times as far as one
    x, y = np.array([[1e-8], [-1e-8]]), np.array([1.0, -1.0])
    state = spectral.state_after(x, y, np.zeros(1), 0.0, weight_decay=0.0, learning_rate=0.1, steps=[1, 500])
    w, b = descend(x, y, np.zeros(1), 0.0, 500, 0.0, 0.1, 2.0)
    assert state.weights[0, 1] == pytest.approx(w, rel=1e-6)
    assert state.weights[0, 1] == pytest.approx(500 * state.weights[0, 0], rel=1e-6)
    assert b == state.bias[0, 1] == 0


@pytest.mark.parametrize(("n", "p"), [(6, 20), (20, 6)])
def test_effective_dof_of_t_steps_is_the_trace_of_the_fit(n, p):
    rng = np.random.default_rng(p)
    x, steps = rng.standard_normal((n, p)), [1, 30, 2000]
    found = spectral.trained_dof(x, weight_decay=DECAYS, learning_rate=0.02, steps=steps)
    trace = np.zeros((4, 3))
    for row in range(n):  # the fit is linear in the targets: its response to a unit target is a column of the map
        state = spectral.state_after(
            x, np.eye(n)[row], np.zeros(p), 0.0, weight_decay=DECAYS, learning_rate=0.02, steps=steps
        )
        trace += state.weights @ x[row] + state.bias
    assert found[:3] == pytest.approx(trace[:3], rel=1e-9)
    assert np.all(np.diff(found[0]) > 0)


def test_effective_dof_of_many_steps_is_that_of_ridge():
    x = np.random.default_rng(3).standard_normal((15, 8))
    found = spectral.trained_dof(x, weight_decay=[0.0, 0.4, 3.0], learning_rate=0.05, steps=20_000)
    assert found == pytest.approx(smoother.effective_dof(x, np.array([0.0, 3.0, 22.5])), rel=1e-9)
