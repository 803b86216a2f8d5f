"""The verdict on "decay in the optimizer costs nothing" follows the measured steps."""

import numpy as np
import pytest

from decaybench.analysis import cost


def steps(slower: float, noise: float = 0.01, rounds: int = 40) -> list[dict]:
    random = np.random.default_rng(1)
    base = 1e-4 * np.exp(random.normal(0, 0.3, rounds))  # a noisy machine slows all kinds of a round alike
    own = base * slower * np.exp(random.normal(0, noise, rounds))
    return [
        {
            "weights": 200,
            "seconds": {"none": base.tolist(), "optimizer": own.tolist()},
            "peak_bytes": {"none": 800, "optimizer": 1600},
        }
    ]


@pytest.mark.parametrize(
    ("slower", "noise", "verdict"), [(1.0, 0.01, "no_dearer"), (1.3, 0.01, "dearer"), (1.05, 0.2, "open")]
)
def test_the_verdict_follows_the_ratio(slower, noise, verdict):
    row = next(row for row in cost.summarise(steps(slower, noise)) if row["kind"] == "optimizer")
    assert row["verdict"] == verdict
    assert row["low"] <= row["ratio"] <= row["high"]
    assert row["ratio"] == pytest.approx(slower, rel=0.1)


def test_a_slow_machine_alone_changes_no_ratio():
    row = next(row for row in cost.summarise(steps(1.0, noise=1e-6)) if row["kind"] == "optimizer")
    assert row["high"] - row["low"] < 1e-5
