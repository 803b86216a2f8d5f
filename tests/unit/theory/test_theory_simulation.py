"""Training in the span of the data is the training itself."""

import numpy as np
import pytest

from decaybench.theory import simulation, spectral


@pytest.mark.parametrize(("n", "p"), [(6, 15), (15, 6)])
def test_span_training_is_sgd_on_all_weights(n, p):
    rng = np.random.default_rng(0)
    x, y, w0 = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p)
    batches = np.array([rng.choice(n, 3, replace=False) for _ in range(50)])
    decays = [0.0, 0.4, 20.0]
    state = simulation.train_on_batches(x, y, w0, 0.8, batches, weight_decay=decays, learning_rate=0.01)
    for i, decay in enumerate(decays):
        w, b = w0, 0.8
        for rows in batches:
            r = x[rows] @ w + b - y[rows]
            w, b = (1 - 0.01 * decay) * w - 0.02 / 3 * x[rows].T @ r, b - 0.02 * r.mean()
        assert state.weights[i] == pytest.approx(w, abs=1e-11)
        assert state.bias[i] == pytest.approx(b, abs=1e-11)


TASK = {
    "n_train": 10,
    "n_features": 30,
    "weight": 0.1,
    "noise_std": 0.2,
    "bias": 0.5,
    "init_std": 1.0,
    "bias_init_std": 1.0,
    "learning_rate": 0.005,
    "batch_size": 5,
    "epochs": 40,
    "weight_decay": [0.0, 2.0],
}


def test_a_seed_gives_one_result_and_another_seed_another():
    first = simulation.simulate_training(**TASK, replicates=5, seed=1)
    again = simulation.simulate_training(**TASK, replicates=5, seed=1)
    other = simulation.simulate_training(**TASK, replicates=5, seed=2)
    assert np.array_equal(first.test_risk, again.test_risk)
    assert not np.any(first.test_risk == other.test_risk)


def test_a_decay_sees_the_same_data_whatever_company_it_has():
    for batches in ("full", "reshuffled", "replacement"):
        together = simulation.simulate_training(**TASK, replicates=4, batches=batches)
        alone = simulation.simulate_training(**{**TASK, "weight_decay": 2.0}, replicates=4, batches=batches)
        assert alone.test_risk[0] == pytest.approx(together.test_risk[1], rel=1e-10)


def test_second_order_mean_state_predicts_reshuffled_sgd_better_than_full_batches():
    rng = np.random.default_rng(4)
    n, p, rate, epochs = 8, 40, 0.004, 60
    x, y, w0 = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p)
    kw = {"weight_decay": 4.0, "learning_rate": rate}
    ends = []
    for _ in range(150):
        order = np.array([rng.permutation(n) for _ in range(epochs)]).reshape(-1, 2)
        state = simulation.train_on_batches(x, y, w0, 1.0, order, **kw)
        ends.append(np.append(state.weights[0], state.bias[0]))
    mean = np.mean(ends, axis=0)
    gap = []
    for batch in (2, None):
        state = spectral.state_after(x, y, w0, 1.0, steps=epochs * n // 2, batch_size=batch, **kw)
        gap.append(np.linalg.norm(np.append(state.weights[0], state.bias[0]) - mean))
    assert gap[0] < 0.25 * gap[1]


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="batch_size"):
        simulation.simulate_training(**{**TASK, "batch_size": 3})
    with pytest.raises(ValueError, match="replicates"):
        simulation.simulate_training(**TASK, replicates=1)
    with pytest.raises(ValueError, match="batches"):
        simulation.simulate_training(**TASK, replicates=2, batches="some")
    with pytest.raises(ValueError, match="batches"):
        simulation.train_on_batches(np.eye(2), np.ones(2), np.ones(2), 0.0, [0, 1], weight_decay=0, learning_rate=1)
