"""Timing a step: all three kinds are measured, and the penalty in the loss holds more memory."""

from decaybench.learning import cost


def test_every_kind_of_every_size_is_measured_in_every_round():
    measured = cost.measure(rounds=2, seconds_per_size=0.01)
    assert [row["weights"] for row in measured] == list(cost.SIZES)
    for row in measured:
        assert set(row["seconds"]) == set(cost.KINDS)
        assert all(len(times) == 2 and min(times) > 0 for times in row["seconds"].values())


def test_a_penalty_in_the_loss_needs_memory_for_its_own_graph():
    large = cost.measure(rounds=1, seconds_per_size=0.01)[-1]
    weights = 4 * large["weights"]
    assert large["peak_bytes"]["none"] >= weights
    assert large["peak_bytes"]["loss"] >= large["peak_bytes"]["none"] + weights
